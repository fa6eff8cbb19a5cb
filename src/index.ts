/// <reference types="@webgpu/types" preserve="true" />
/** Fathom's public API. Nothing inside src imports this file. */
export type { Compiled, Signature } from "./engine/compiled.ts";
export { type Engine, type EngineCounters, type OpenOptions, open } from "./engine.ts";
export { Tensor, type TensorLike } from "./tensor.ts";
export { type ValueAndGradients, grad, valueAndGrad } from "./grad.ts";
export { FathomError, type FathomErrorCode } from "./core/errors.ts";
export type { DType, TypedArray } from "./core/dtype.ts";
export type { Shape } from "./core/shape.ts";
export type { TunedLayer, TuneOptions } from "./engine/tune.ts";
export type { Tuning, TunedProduct } from "./ops/tuning.ts";
export * as nn from "./nn/index.ts";
export * as init from "./init/index.ts";
export * as optim from "./optim/index.ts";
export * as schedule from "./optim/schedule.ts";
export * as data from "./data/index.ts";
export type { Dataset, Split } from "./data/dataset.ts";
export type { Adjustment, AuxiliaryReport, Evaluation, LayerReport, Report, RunOptions, Trainer, TrainerOptions } from "./train/trainer.ts";
export type { ActivationInsight, HistogramInsight, Insight, InsightOptions, ParameterInsight } from "./train/trainer.ts";
export {
  type Experiment,
  type FromExperiment,
  fromExperiment,
  loadDataset,
  parseExperiment,
  prepareExperiment,
  trainerOptions,
} from "./experiment/index.ts";
export { diagnose, type DiagnosedReport, type DiagnoseOptions, type Diagnosis, type DiagnosisKind } from "./train/diagnose.ts";
