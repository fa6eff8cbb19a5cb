/** From an experiment to what the trainer takes. */
import { sizeOf } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import { binaryCrossEntropyWithLogits, type Loss, type LossName, meanSquaredError, softmaxCrossEntropy } from "../nn/losses.ts";
import { adam, adamW, clipGlobalNorm, l1, l2, type Optimizer, sgd } from "../optim/index.ts";
import * as schedule from "../optim/schedule.ts";
import type { TrainerOptions } from "../train/options.ts";
import { loadDataset, type ReadFile } from "./dataset.ts";
import { buildModel } from "./model.ts";
import type { Experiment, OptimizerSpec, ScheduleSpec } from "./schema.ts";

const LOSSES = { softmaxCrossEntropy, meanSquaredError, binaryCrossEntropyWithLogits } as const satisfies Record<LossName, () => Loss>;
const REGULARIZERS = { l1, l2 } as const;

/** What `gpu.train` takes, for samples of that many features. */
export function trainerOptions(experiment: Experiment, features: number): TrainerOptions {
  const { batchSize, seed, regularizer, clip, nonFinite, loss, dataset } = experiment;
  return {
    model: buildModel(experiment.model, features),
    loss: LOSSES[loss](),
    batchSize,
    seed,
    order: dataset.order,
    nonFinite,
    optimizer: optimizerOf(experiment.optimizer, scheduleOf(experiment.schedule)),
    ...(clip ? { clip: clipGlobalNorm(clip.max) } : {}),
    ...(regularizer ? { regularizer: REGULARIZERS[regularizer.type](regularizer.lambda, { divideBy: regularizer.divideBy }) } : {}),
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

function optimizerOf(spec: OptimizerSpec, learningRate: schedule.Schedule): Optimizer {
  switch (spec.type) {
    case "sgd": {
      const { momentum, dampening, nesterov, weightDecay } = spec;
      return sgd({ learningRate, momentum, dampening, nesterov, weightDecay });
    }
    case "adam":
    case "adamW": {
      const { beta1, beta2, epsilon, weightDecay } = spec;
      return (spec.type === "adam" ? adam : adamW)({ learningRate, beta1, beta2, epsilon, weightDecay });
    }
  }
}

export function scheduleOf(spec: ScheduleSpec): schedule.DescribedSchedule {
  switch (spec.type) {
    case "constant":
      return schedule.constant(spec.initial);
    case "linear":
      return schedule.linear(spec.initial, { steps: spec.steps, end: spec.end });
    case "cosine":
      return schedule.cosine(spec.initial, { steps: spec.steps, end: spec.end });
    case "step":
      return schedule.step(spec.initial, { every: spec.every, gamma: spec.gamma });
    case "exponential":
      return schedule.exponential(spec.initial, { gamma: spec.gamma });
    case "inverseScaling":
      return schedule.inverseScaling(spec.initial, { power: spec.power });
    case "warmUp":
      return schedule.warmUp(spec.steps, scheduleOf(spec.then));
    case "join":
      return schedule.join(
        spec.segments.map(({ until, schedule: one }) => ({ schedule: scheduleOf(one), ...(until === undefined ? {} : { until }) })),
      );
  }
}
