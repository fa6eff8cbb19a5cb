/** The experiment file's schema, from which its types are inferred; docs/experiment.md explains the keys. */
import * as v from "valibot";
import { choice, flag, integer, list, named, number, object, text } from "./checks.ts";

const type = <const T extends string>(name: T) => v.literal(name);
/** A layer, initialiser or schedule of a given name and further keys. */
const kind = <const N extends string, const E extends v.ObjectEntries>(name: N, entries: E) => object({ type: type(name), ...entries });
const none = {};

const MOST_ROUNDS = 100_000;
const SEED = integer(0, 2 ** 32 - 1);

// Initial weights

const initialisers = [
  kind("pytorchLinear", none),
  kind("zeros", none),
  kind("ones", none),
  kind("constant", { value: number() }),
  kind("uniform", { low: v.optional(number(), 0), high: v.optional(number(), 1) }),
  kind("normal", { mean: v.optional(number(), 0), standardDeviation: v.optional(number({ least: 0 }), 1) }),
  kind("glorotUniform", { gain: v.optional(number({ least: 0 })) }),
  kind("glorotNormal", { gain: v.optional(number({ least: 0 })) }),
  kind("heUniform", { gain: v.optional(number({ least: 0 })) }),
  kind("heNormal", { gain: v.optional(number({ least: 0 })) }),
  kind("lecunUniform", none),
  kind("lecunNormal", none),
  kind("orthogonal", { gain: v.optional(number({ least: 0 })) }),
] as const;
export type InitSpec = v.InferOutput<(typeof initialisers)[number]>;
const initialiser = named(namesOf(initialisers), initialisers);

// Layers

const simpleLayers = [
  kind("linear", { units: integer(1), bias: v.optional(flag(), true), init: v.optional(initialiser), biasInit: v.optional(initialiser) }),
  kind("batchNorm", { epsilon: v.optional(number({ above: 0 }), 1e-5), momentum: v.optional(number({ least: 0, most: 1 }), 0.1) }),
  kind("sigmoid", none),
  kind("tanh", none),
  kind("relu", none),
  kind("selu", none),
  kind("silu", none),
  kind("softplus", none),
  kind("leakyRelu", { negativeSlope: v.optional(number(), 0.01) }),
  kind("elu", { alpha: v.optional(number(), 1) }),
  kind("gelu", { form: v.optional(choice(["erf", "tanh"]), "erf") }),
  kind("dropout", { rate: v.optional(number({ least: 0, below: 1 }), 0.5) }),
] as const;

/** Layers hold layers: the only types that are written out. */
export type LayerSpec =
  | v.InferOutput<(typeof simpleLayers)[number]>
  | { readonly type: "repeat"; readonly times: number; readonly body: readonly LayerSpec[] }
  | { readonly type: "residual"; readonly body: readonly LayerSpec[]; readonly projection?: boolean | undefined }
  | { readonly type: "concat"; readonly branches: readonly (readonly LayerSpec[])[] };

const layer: v.GenericSchema<unknown, LayerSpec> = v.lazy(() => layerOfAnyKind);
const layers = list(layer, "layers");
const nestedLayers = [
  kind("repeat", { times: integer(1, MOST_ROUNDS), body: layers }),
  kind("residual", { body: layers, projection: v.optional(flag()) }),
  kind("concat", {
    branches: v.pipe(
      list(layers, "branches, each a list of layers"),
      v.check((branches) => branches.length > 0, "is empty; use at least one branch"),
    ),
  }),
] as const;
const layerOfAnyKind = named(namesOf([...simpleLayers, ...nestedLayers]), [...simpleLayers, ...nestedLayers]);

// Learning rates

const rate = number({ least: 0 });
const simpleSchedules = [
  kind("constant", { initial: rate }),
  kind("linear", { initial: rate, steps: integer(1), end: v.optional(rate, 0) }),
  kind("step", { initial: rate, every: integer(1), gamma: v.optional(number({ above: 0 }), 0.1) }),
  kind("exponential", { initial: rate, gamma: number({ above: 0 }) }),
  kind("inverseScaling", { initial: rate, power: v.optional(number({ least: 0 }), 0.5) }),
  kind("cosine", { initial: rate, steps: integer(1), end: v.optional(rate, 0) }),
] as const;
export type ScheduleSpec =
  | v.InferOutput<(typeof simpleSchedules)[number]>
  | { readonly type: "warmUp"; readonly steps: number; readonly then: ScheduleSpec }
  | { readonly type: "join"; readonly segments: readonly { readonly until?: number | undefined; readonly schedule: ScheduleSpec }[] };

const schedule: v.GenericSchema<unknown, ScheduleSpec> = v.lazy(() => scheduleOfAnyKind);
const nestedSchedules = [
  // biome-ignore lint/suspicious/noThenProperty: the file's own word; it holds an object, which nobody awaits
  kind("warmUp", { steps: integer(0), then: schedule }),
  kind("join", { segments: list(object({ until: v.optional(integer(1)), schedule }), 'segments such as { "until": 100, "schedule": … }') }),
] as const;
const scheduleOfAnyKind = named(namesOf([...simpleSchedules, ...nestedSchedules]), [...simpleSchedules, ...nestedSchedules]);

// Data

const order = { order: v.optional(choice(["shuffled", "sequential"]), "shuffled") };
const generated = {
  ...order,
  samples: v.optional(integer(1)),
  testFraction: v.optional(number({ least: 0, below: 1 })),
  noise: v.optional(number({ least: 0 })),
  seed: v.optional(SEED),
};
const datasets = [
  kind("digits", order),
  kind("safetensors", { ...order, file: text() }),
  kind("idx", {
    ...order,
    trainImages: text(),
    trainLabels: text(),
    testImages: v.optional(text()),
    testLabels: v.optional(text()),
    classes: v.optional(integer(1, 256)),
    scale: v.optional(number()),
  }),
  kind("spirals", { ...generated, classes: v.optional(integer(2)), turns: v.optional(number({ least: 0 })) }),
  kind("circles", { ...generated, classes: v.optional(integer(2)) }),
  kind("xor", generated),
  kind("parity", { ...generated, bits: v.optional(integer(1, 1024)) }),
  kind("gaussian", { ...generated, classes: v.optional(integer(2)), dimensions: v.optional(integer(2)) }),
] as const;
export type DatasetSpec = v.InferOutput<(typeof datasets)[number]>;

// Optimizers and remedies

const MOST_BETA = 0.99999;
const beta = number({ least: 0, most: MOST_BETA });
const adamKeys = { beta1: v.optional(beta, 0.9), beta2: v.optional(beta, 0.999), epsilon: v.optional(number({ least: 0 }), 1e-8) };
const optimizers = [
  kind("sgd", {
    momentum: v.optional(number({ least: 0, below: 1 }), 0),
    dampening: v.optional(number({ least: 0, most: 1 }), 0),
    nesterov: v.optional(flag(), false),
    weightDecay: v.optional(number({ least: 0 }), 0),
  }),
  kind("adam", { ...adamKeys, weightDecay: v.optional(number({ least: 0 }), 0) }),
  kind("adamW", { ...adamKeys, weightDecay: v.optional(number({ least: 0 }), 0.01) }),
] as const;
export type OptimizerSpec = v.InferOutput<(typeof optimizers)[number]>;

const penalty = { lambda: number({ least: 0 }), divideBy: v.optional(choice(["none", "samples"]), "none") };
const regularizers = [kind("l1", penalty), kind("l2", penalty)] as const;
const clips = [kind("globalNorm", { max: number({ above: 0 }) })] as const;

export const experimentSchema = object({
  format: v.literal("fathom-experiment/1", 'is not "fathom-experiment/1", the format that this version reads'),
  name: v.optional(text()),
  seed: SEED,
  dataset: named(namesOf(datasets), datasets),
  batchSize: integer(1),
  steps: integer(1),
  model: v.pipe(
    layers,
    v.check((list) => list.length > 0, "is empty; use at least one layer"),
  ),
  loss: choice(["softmaxCrossEntropy", "meanSquaredError", "binaryCrossEntropyWithLogits"]),
  optimizer: named(namesOf(optimizers), optimizers),
  schedule: schedule,
  regularizer: v.optional(named(namesOf(regularizers), regularizers)),
  clip: v.optional(named(namesOf(clips), clips)),
  monitor: v.optional(object({ every: integer(1) }), { every: 1 }),
  nonFinite: v.optional(choice(["stop", "skip", "ignore"]), "stop"),
});

/** A checked experiment, defaults filled in. */
export type Experiment = v.InferOutput<typeof experimentSchema>;

function namesOf(variants: readonly { readonly entries: { readonly type: { readonly literal: string } } }[]): string[] {
  return variants.map(({ entries }) => entries.type.literal);
}
