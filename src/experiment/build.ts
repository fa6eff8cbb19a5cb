/** From an experiment to what the trainer takes. */
import { sizeOf } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import type { TrainerOptions } from "../train/options.ts";
import { loadDataset, type ReadFile } from "./dataset.ts";
import { lossOf } from "./loss.ts";
import { buildModel } from "./model.ts";
import { optimizerOf } from "./optimizer.ts";
import { clipOf, regularizerOf } from "./remedies.ts";
import { scheduleOf } from "./schedule.ts";
import type { Experiment } from "./schema/index.ts";

/** What `gpu.train` takes, for samples of that many features. */
export function trainerOptions(experiment: Experiment, features: number): TrainerOptions {
  const { batchSize, seed, regularizer, clip, nonFinite, loss, dataset } = experiment;
  return {
    model: buildModel(experiment.model, features),
    loss: lossOf(loss),
    batchSize,
    seed,
    order: dataset.order,
    nonFinite,
    optimizer: optimizerOf(experiment.optimizer, scheduleOf(experiment.schedule)),
    ...(clip ? { clip: clipOf(clip) } : {}),
    ...(regularizer ? { regularizer: regularizerOf(regularizer) } : {}),
  };
}

/** Everything for a run: its data, what makes its trainer, and what `trainer.run` takes. */
export interface PreparedExperiment {
  readonly dataset: Dataset;
  readonly options: TrainerOptions;
  readonly run: { readonly steps: number; readonly every: number };
}

export async function prepareExperiment(experiment: Experiment, read?: ReadFile): Promise<PreparedExperiment> {
  const dataset = await loadDataset(experiment, read);
  const options = trainerOptions(experiment, sizeOf(dataset.sampleShape));
  return { dataset, options, run: { steps: experiment.steps, every: experiment.monitor.every } };
}
