/** From an experiment to what the trainer takes: model, optimizer, data. */
import { FathomError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import * as data from "../data/index.ts";
import { type Dataset, flattenSamples } from "../data/dataset.ts";
import * as init from "../init/index.ts";
import { decodeSafetensors } from "../io/index.ts";
import * as nn from "../nn/index.ts";
import * as optim from "../optim/index.ts";
import * as schedule from "../optim/schedule.ts";
import type { TrainerOptions } from "../train/options.ts";
import { datasetFromTensors } from "./safetensorsData.ts";
import type { DatasetSpec, Experiment, InitSpec, LayerSpec, OptimizerSpec, ScheduleSpec } from "./schema.ts";

/** Reads a file that the experiment names; the path is relative to the experiment file. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

const noFiles: ReadFile = (path) =>
  Promise.reject(new FathomError("experiment", `the data set is the file ${JSON.stringify(path)}, and no way to read files was given; pass { read: async (path) => bytes }`));

/** The experiment's data, samples flattened to vectors. */
export async function loadDataset({ dataset: spec }: Experiment, read: ReadFile = noFiles): Promise<Dataset> {
  return flattenSamples(await datasetOf(spec, read));
}

function datasetOf(spec: DatasetSpec, read: ReadFile): Promise<Dataset> | Dataset {
  switch (spec.type) {
    case "digits":
      return data.digits();
    case "safetensors":
      return read(spec.file).then((bytes) => datasetFromTensors(decodeSafetensors(bytes, spec.file), spec.file));
    case "idx":
      return idx(spec, read);
    default: {
      const { type, order: _, ...options } = spec;
      return data[type](defined(options));
    }
  }
}

async function idx(spec: Extract<DatasetSpec, { type: "idx" }>, read: ReadFile): Promise<Dataset> {
  const { trainImages, trainLabels, testImages, testLabels, classes, scale } = spec;
  const paths = defined({ trainImages, trainLabels, testImages, testLabels });
  const files = await Promise.all(Object.entries(paths).map(async ([key, path]) => [key, await read(path)] as const));
  return data.idx(Object.fromEntries(files) as never, defined({ classes, scale }));
}

/** Without the keys whose value is undefined. */
function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

/** What `gpu.train` takes, for samples of that many features. */
export function trainerOptions(experiment: Experiment, features: number): TrainerOptions {
  const { batchSize, seed, regularizer, clip, nonFinite, loss, dataset } = experiment;
  return {
    model: buildModel(experiment.model, features),
    loss: nn[loss](),
    batchSize,
    seed,
    order: dataset.order,
    nonFinite,
    optimizer: optimizerOf(experiment.optimizer, scheduleOf(experiment.schedule)),
    ...(clip ? { clip: optim.clipGlobalNorm(clip.max) } : {}),
    ...(regularizer ? { regularizer: optim[regularizer.type](regularizer.lambda, { divideBy: regularizer.divideBy }) } : {}),
  };
}

/** Everything for a run: `const { dataset, options, run } = await prepareExperiment(experiment, read)`. */
export async function prepareExperiment(experiment: Experiment, read?: ReadFile): Promise<{ dataset: Dataset; options: TrainerOptions; run: { steps: number; every: number } }> {
  const dataset = await loadDataset(experiment, read);
  const options = trainerOptions(experiment, sizeOf(dataset.sampleShape));
  return { dataset, options, run: { steps: experiment.steps, every: experiment.monitor.every } };
}

export function buildModel(layers: readonly LayerSpec[], features: number): nn.Module {
  return nn.sequential(...build(layers, features).modules);
}

/** Modules for a list, and how many features come out; `linear` has as many inputs as reach it. */
function build(layers: readonly LayerSpec[], features: number): { modules: nn.Module[]; features: number } {
  let width = features;
  const modules = layers.map((layer) => {
    const module = moduleOf(layer, width);
    width = module.gives(width)!;
    return module;
  });
  return { modules, features: width };
}

function moduleOf(layer: LayerSpec, features: number): nn.Module {
  switch (layer.type) {
    case "linear": {
      const { units, bias, init: weight, biasInit } = layer;
      return nn.linear(features, units, {
        bias,
        ...(weight ? { init: initializerOf(weight, features) } : {}),
        ...(biasInit ? { biasInit: initializerOf(biasInit, features) } : {}),
      });
    }
    case "batchNorm":
      return nn.batchNorm(features, { epsilon: layer.epsilon, momentum: layer.momentum });
    case "leakyRelu":
      return nn.leakyRelu({ negativeSlope: layer.negativeSlope });
    case "elu":
      return nn.elu({ alpha: layer.alpha });
    case "gelu":
      return nn.gelu({ form: layer.form });
    case "dropout":
      return nn.dropout(layer.rate);
    case "repeat": {
      let width = features;
      return nn.repeat(layer.times, () => {
        const round = build(layer.body, width);
        width = round.features;
        return round.modules;
      });
    }
    case "residual":
      return nn.residual(...build(layer.body, features).modules, layer.projection === undefined ? {} : { projection: layer.projection });
    case "concat":
      return nn.concat(...layer.branches.map((branch) => nn.sequential(...build(branch, features).modules)));
    default:
      return nn[layer.type]();
  }
}

function initializerOf(spec: InitSpec, fanIn: number): init.Initializer {
  switch (spec.type) {
    case "pytorchLinear":
      return init.pytorchLinear({ fanIn });
    case "zeros":
      return init.zeros();
    case "ones":
      return init.constant(1);
    case "constant":
      return init.constant(spec.value);
    case "lecunUniform":
    case "lecunNormal":
      return init[spec.type]();
    case "uniform":
      return init.uniform({ low: spec.low, high: spec.high });
    case "normal":
      return init.normal({ mean: spec.mean, standardDeviation: spec.standardDeviation });
    default:
      return init[spec.type](spec.gain === undefined ? {} : { gain: spec.gain });
  }
}

function optimizerOf(spec: OptimizerSpec, learningRate: schedule.Schedule): optim.Optimizer {
  const { type, ...options } = spec;
  return type === "sgd" ? optim.sgd({ learningRate, ...options } as optim.SgdOptions) : optim[type]({ learningRate, ...options } as optim.AdamOptions);
}

export function scheduleOf(spec: ScheduleSpec): schedule.DescribedSchedule {
  switch (spec.type) {
    case "constant":
      return schedule.constant(spec.initial);
    case "linear":
    case "cosine":
      return schedule[spec.type](spec.initial, { steps: spec.steps, end: spec.end });
    case "step":
      return schedule.step(spec.initial, { every: spec.every, gamma: spec.gamma });
    case "exponential":
      return schedule.exponential(spec.initial, { gamma: spec.gamma });
    case "inverseScaling":
      return schedule.inverseScaling(spec.initial, { power: spec.power });
    case "warmUp":
      return schedule.warmUp(spec.steps, scheduleOf(spec.then));
    case "join":
      return schedule.join(spec.segments.map(({ until, schedule: one }) => ({ schedule: scheduleOf(one), ...(until === undefined ? {} : { until }) })));
  }
}
