/** From an experiment to what the trainer takes. */
import { checkInteger, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Loss } from "../nn/losses.ts";
import type { Module } from "../nn/module.ts";
import type { Optimizer } from "../optim/index.ts";
import type { DescribedSchedule } from "../optim/schedule.ts";
import type { TrainerOptions } from "../train/options.ts";
import { loadDataset, type ReadFile } from "./dataset.ts";
import { initializationOf } from "./initialization.ts";
import { lossOf } from "./loss.ts";
import { buildModel } from "./model.ts";
import { groupsOf, optimizerOf } from "./optimizer.ts";
import { parseExperiment } from "./parse.ts";
import { clipOf, constraintOf, noiseOf, regularizerOf } from "./remedies.ts";
import { scheduleOf } from "./schedule.ts";
import type { Experiment } from "./schema/index.ts";

/** What `gpu.train` takes, for samples of that many features. */
export function trainerOptions(experiment: Experiment, features: number): TrainerOptions {
  const {
    batchSize,
    seed,
    initialization,
    regularizer,
    gradientNoise,
    groups,
    constraint,
    clip,
    nonFinite,
    statistics,
    depthFusion,
    loss,
    dataset,
    insight,
    monitor,
  } = experiment;
  return {
    model: buildModel(experiment.model, features),
    loss: lossOf(loss),
    batchSize,
    seed,
    order: dataset.order,
    nonFinite,
    statistics,
    optimizer: optimizerOf(experiment.optimizer, scheduleOf(experiment.schedule)),
    ...(initialization ? { initialization: initializationOf(initialization) } : {}),
    ...(gradientNoise ? { gradientNoise: noiseOf(gradientNoise) } : {}),
    ...(constraint ? { constraint: constraintOf(constraint) } : {}),
    ...(clip ? { clip: clipOf(clip) } : {}),
    ...(groups ? { groups: groupsOf(groups) } : {}),
    ...(regularizer ? { regularizer: regularizerOf(regularizer) } : {}),
    ...(depthFusion ? { depthFusion } : {}),
    ...(insight ? { insight: { ...insight, every: insight.every ?? monitor.every } } : {}),
  };
}

/** What a checked experiment is made of, by the library's own functions: `await gpu.train(options)` takes all of it. */
export interface FromExperiment {
  readonly experiment: Experiment;
  readonly model: Module;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly schedule: DescribedSchedule;
  readonly clip: TrainerOptions["clip"] | null;
  readonly regularizer: TrainerOptions["regularizer"] | null;
  readonly options: TrainerOptions;
}

/**
 * Model, loss, optimizer, schedule and remedies of an experiment file: `fromExperiment(json)`, its text or what JSON.parse makes of it. How many
 * features a sample has is known of generated data and the digits; for data in files pass `{ features: 784 }`. Throws a FathomError (experiment)
 * that names the key and what is allowed there.
 */
export function fromExperiment(json: unknown, options: { readonly features?: number; readonly fileName?: string } = {}): FromExperiment {
  checkOptions("fromExperiment", options, ["features", "fileName"]);
  const experiment = parseExperiment(json, options.fileName);
  const features = options.features ?? knownFeatures(experiment);
  if (features === null)
    throw new FathomError(
      "argument",
      `fromExperiment: the data set is a file (${experiment.dataset.type}), so how many features a sample has is not known here; pass { features: 784 }`,
    );
  checkInteger("fromExperiment", "features", features, 1);
  const made = trainerOptions(experiment, features);
  const { model, loss, optimizer, clip = null, regularizer = null } = made;
  return { experiment, model, loss, optimizer, schedule: optimizer.learningRate, clip, regularizer, options: made };
}

/** Features of a sample, where the experiment alone says how many there are. */
function knownFeatures({ dataset }: Experiment): number | null {
  switch (dataset.type) {
    case "digits":
      return 64;
    case "spirals":
    case "circles":
    case "xor":
      return 2;
    case "parity":
      return dataset.bits;
    case "gaussian":
      return dataset.dimensions;
    case "idx":
    case "csv":
    case "safetensors":
      return null;
  }
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
