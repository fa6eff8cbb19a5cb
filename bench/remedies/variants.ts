/** Every remedy of the experiment format, each switched on alone in the plain net. */
import type { Target } from "../schema.ts";
import { CLASSES, deep, type ExperimentJson, type Layer, linear, MOST_STEPS, type NetSize, plainHidden, RATE, repeat } from "./plainNet.ts";

export interface Variant {
  readonly id: string;
  readonly title: string;
  /** Keys of the experiment that differ from the plain net's. */
  readonly change: (size: NetSize) => ExperimentJson;
  /** Steps whose reports are read; left out: the last of a sample alone. */
  readonly every?: number;
  /** The id of the variant that its cost is over; the plain net's, if left out. */
  readonly over?: string;
  /** What is promised of its cost in the net of 50 layers, as a ratio of times. */
  readonly target?: Target;
  /** It only looks: training is the same. */
  readonly sameTraining?: true;
  /** Its loss is another, with another least value: that it is low says nothing beside the plain net's. */
  readonly otherLoss?: true;
  /** It only draws other weights: a step costs what it did. */
  readonly sameCost?: true;
}

const atMost = (percent: number): Target => ({ relation: "at most", value: 1 + percent / 100, adapterClass: "software" });
const promised = (percent: number): Pick<Variant, "target"> => ({ target: atMost(percent) });

const keys = (id: string, title: string, change: ExperimentJson, more: Partial<Variant> = {}): Variant => ({
  id,
  title,
  change: () => change,
  ...more,
});

/** Another hidden layer. */
const body = (id: string, title: string, hidden: (width: number) => readonly Layer[], more: Partial<Variant> = {}): Variant => ({
  id,
  title,
  change: (size) => ({ model: deep(size, hidden) }),
  ...more,
});

const clip = (type: string, title: string, more: ExperimentJson = {}): Variant => keys(`clip-${type}`, title, { clip: { type, ...more } });

const clips: readonly Variant[] = [
  keys(
    "clip-globalNorm-checked",
    "global-norm clip, all norms, finite check",
    { clip: { type: "globalNorm", max: 1 }, nonFinite: "stop" },
    promised(4),
  ),
  clip("globalNorm", "global-norm clip", { max: 1 }),
  clip("parameterNorm", "clip by each parameter's norm", { max: 1 }),
  clip("value", "clip by value", { max: 0.1 }),
  clip("rescale", "rescaling above a norm", { threshold: 1 }),
  clip("normalize", "normalised gradient"),
  clip("adaptive", "adaptive clip"),
];

const norm = (type: string, title: string, more: ExperimentJson = {}, target: Partial<Variant> = {}): Variant =>
  body(`norm-${type}`, title, (width) => [linear(width), { type, ...more }, "tanh"], target);

const parametrized = (parametrization: string, title: string): Variant =>
  body(`norm-${parametrization}`, title, (width) => [{ ...(linear(width) as { type: string }), parametrization }, "tanh"]);

const norms: readonly Variant[] = [
  norm("batchNorm", "batch-norm", {}, promised(35)),
  norm("layerNorm", "layer-norm", {}, promised(35)),
  norm("rmsNorm", "RMS-norm"),
  norm("groupNorm", "group norm, 8 groups", { groups: 8 }),
  parametrized("weightNorm", "weight normalisation"),
  parametrized("weightStandardization", "weight standardisation"),
];

const residual = (id: string, title: string, more: ExperimentJson, target: Partial<Variant> = {}): Variant =>
  body(`skip-${id}`, title, (width) => [{ type: "residual", body: plainHidden(width), ...more }], target);

/** Each round sees all before it: as many rounds, of 8 features each. */
const denselyConnected = ({ depth }: NetSize): Layer[] => [{ type: "dense", times: depth, body: [linear(8), "tanh"] }, CLASSES];

/** Two stacks of half the width, side by side, twice. */
const branched = ({ depth, width }: NetSize): Layer[] => {
  const stack = repeat(Math.max(1, Math.floor(depth / 2)), plainHidden(width / 2));
  const both: Layer = { type: "concat", branches: [[stack], [stack]] };
  return [both, both, CLASSES];
};

/** A head after each third but the last. */
const supervised = ({ depth, width }: NetSize): Layer[] => {
  const third = repeat(Math.max(1, Math.floor(depth / 3)), plainHidden(width));
  const head = (name: string): Layer => ({ type: "auxiliary", name, body: [CLASSES] });
  return [third, head("first"), third, head("second"), third, CLASSES];
};

const skips: readonly Variant[] = [
  residual("residual", "residual", {}, promised(6)),
  body("skip-preActivation", "residual with layer-norm first", (width) => [
    { type: "residual", body: ["layerNorm", "tanh", linear(width)] },
  ]),
  residual("projection", "residual with a projection", { projection: true }),
  residual("rezero", "ReZero", { scale: "rezero" }),
  residual("layerScale", "LayerScale", { scale: { type: "layerScale", initial: 0.1 } }),
  residual("stochasticDepth", "stochastic depth", { stochasticDepth: { rate: 0.3, decay: "linear" } }),
  residual("stochasticDepthBatch", "stochastic depth, of whole batches", { stochasticDepth: { rate: 0.3, mode: "batch" } }),
  body("skip-highway", "highway", (width) => [{ type: "highway", body: plainHidden(width) }]),
  { id: "skip-dense", title: "dense connections, 8 features a round", change: (size) => ({ model: denselyConnected(size) }) },
  { id: "skip-concat", title: "two branches of half the width", change: (size) => ({ model: branched(size) }) },
  { id: "skip-auxiliary", title: "two auxiliary heads", change: (size) => ({ model: supervised(size) }) },
];

const regularizers: readonly Variant[] = [
  keys("regularizer-l2", "l2 (ridge)", { regularizer: { type: "l2", lambda: 1e-4 } }, promised(2)),
  keys("regularizer-l1", "l1 (lasso)", { regularizer: { type: "l1", lambda: 1e-5 } }),
  keys("regularizer-elasticNet", "elastic net", { regularizer: { type: "elasticNet", l1: 1e-5, l2: 1e-4 } }),
  keys("regularizer-decoupled", "decoupled weight decay", { optimizer: { type: "sgd", weightDecay: 1e-4, decoupledWeightDecay: true } }),
  body("regularizer-dropout", "dropout of 5 %", (width) => [...plainHidden(width), { type: "dropout", rate: 0.05 }], promised(10)),
  keys("regularizer-maxNorm", "max-norm", { constraint: { type: "maxNorm", max: 2 } }),
  keys("regularizer-gradientNoise", "gradient noise", { gradientNoise: { eta: 1e-4 } }),
  keys(
    "regularizer-labelSmoothing",
    "label smoothing",
    { loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.05 } },
    { otherLoss: true },
  ),
  {
    id: "regularizer-frozen",
    title: "the first layer frozen",
    change: ({ width }) => ({ groups: [{ parameters: width === 64 ? "0.0.*" : "0.*", learningRateFactor: 0 }] }),
  },
];

const schedule = (type: string, title: string, more: ExperimentJson): Variant =>
  keys(`schedule-${type}`, title, { schedule: { type, ...more } }, promised(1));

const from = { initial: RATE };
const [third, twoThirds] = [Math.round(MOST_STEPS / 3), Math.round((2 * MOST_STEPS) / 3)];
const schedules: readonly Variant[] = [
  schedule("cosine", "cosine", { ...from, steps: MOST_STEPS }),
  schedule("linear", "linear", { ...from, steps: MOST_STEPS }),
  schedule("step", "in steps", { ...from, every: third, gamma: 0.3 }),
  schedule("multiStep", "at milestones", { ...from, milestones: [third, twoThirds], gamma: 0.3 }),
  schedule("exponential", "exponential", { ...from, gamma: 0.997 }),
  schedule("inverseScaling", "inverse scaling", { initial: 4 * RATE }),
  schedule("inverseTime", "inverse time", { initial: 2 * RATE, decay: 0.01 }),
  schedule("polynomial", "polynomial", { ...from, steps: MOST_STEPS, power: 2 }),
  schedule("cosineRestarts", "cosine with restarts", { ...from, steps: third }),
  schedule("oneCycle", "one cycle", { maximum: 4 * RATE, steps: MOST_STEPS }),
  schedule("piecewise", "piecewise", { boundaries: [third, twoThirds], values: [RATE, RATE / 2, RATE / 5] }),
  schedule("plateau", "plateau", { ...from, factor: 0.3, every: 20, patience: 2 }),
  // biome-ignore lint/suspicious/noThenProperty: the file's own word; it holds an object, which nobody awaits
  schedule("warmUp", "warm-up", { steps: 40, then: { type: "constant", initial: 2 * RATE } }),
  schedule("join", "one after another", {
    segments: [
      { until: third, schedule: { type: "constant", ...from } },
      { schedule: { type: "cosine", ...from, steps: MOST_STEPS - third } },
    ],
  }),
];

/** With initial weights that keep its second moment. */
const activation = (name: string, title = name, layer: Layer = name, gain = name): Variant =>
  body(`activation-${name}`, title, (width) => [linear(width, { type: "heNormal", gain }), layer]);

/** Halves of the features, so that the layer before it is twice as wide. */
const gated = (name: string): Variant =>
  body(`activation-${name}`, name, (width) => [linear(2 * width, { type: "heNormal", gain: name }), name]);

const activations: readonly Variant[] = [
  ...["sigmoid", "relu", "leakyRelu", "prelu", "elu", "celu", "selu", "gelu", "silu", "softplus", "mish"].map((name) => activation(name)),
  ...["hardSigmoid", "hardSwish", "softsign", "lecunTanh"].map((name) => activation(name)),
  activation("geluTanh", "gelu by tanh", { type: "gelu", form: "tanh" }, "gelu"),
  activation("preluPerFeature", "prelu, a slope for each feature", { type: "prelu", perFeature: true }, "prelu"),
  gated("glu"),
  gated("swiglu"),
];

const optimizer = (id: string, title: string, rate: number, more: ExperimentJson = {}): Variant =>
  keys(`optimizer-${id}`, title, { optimizer: { type: id, ...more }, schedule: { type: "constant", initial: rate } });

const optimizers: readonly Variant[] = [
  keys("optimizer-momentum", "momentum", { optimizer: { type: "sgd", momentum: 0.9 }, schedule: { type: "constant", initial: RATE / 5 } }),
  keys("optimizer-nesterov", "Nesterov", {
    optimizer: { type: "sgd", momentum: 0.9, nesterov: true },
    schedule: { type: "constant", initial: RATE / 5 },
  }),
  optimizer("adagrad", "Adagrad", 0.01),
  optimizer("rmsprop", "RMSprop", 3e-4),
  keys("optimizer-rmspropCentered", "RMSprop, centred, with momentum", {
    optimizer: { type: "rmsprop", centered: true, momentum: 0.9 },
    schedule: { type: "constant", initial: 3e-5 },
  }),
  optimizer("adam", "Adam", 1e-3),
  optimizer("adamW", "AdamW", 1e-3),
  optimizer("nadam", "NAdam", 1e-3),
  optimizer("radam", "RAdam", 1e-3),
  optimizer("lion", "Lion", 1e-4),
  optimizer("lamb", "LAMB", 0.01),
  optimizer("muon", "Muon", 1e-3),
  keys("optimizer-muonMatched", "Muon, updates as long as AdamW's", {
    optimizer: { type: "muon", adjust: "matchRmsAdamW" },
    schedule: { type: "constant", initial: 1e-3 },
  }),
];

const insight = (id: string, title: string, has: ExperimentJson): Variant =>
  keys(
    `monitor-${id}`,
    title,
    { insight: { parameters: false, activations: false, histograms: false, ...has, every: 1 }, monitor: { every: 1 } },
    { every: 1, sameTraining: true },
  );

const monitoring: readonly Variant[] = [
  keys("monitor-statistics", "every norm, and the search for numbers that are not finite", { statistics: true }, { sameTraining: true }),
  keys(
    "monitor-norms",
    "reading every norm out every step, over reading nothing",
    { statistics: true },
    { every: 1, sameTraining: true, over: "monitor-statistics", ...promised(2) },
  ),
  keys("monitor-stop", "ending a run at a number that is not finite", { nonFinite: "stop" }, { sameTraining: true }),
  keys("monitor-skip", "skipping updates that are not finite", { nonFinite: "skip" }, { sameTraining: true }),
  insight("parameters", "insight into parameters, every step", { parameters: true }),
  insight("activations", "insight into activations, every step", { activations: true }),
  insight("histograms", "histograms of gradients, every step", { histograms: true }),
];

const initial = (id: string, title: string, init: unknown): Variant =>
  body(`initial-${id}`, title, (width) => [linear(width, init), "tanh"], { sameCost: true });

const ofModel = (id: string, title: string, initialization: unknown): Variant => ({
  id: `initial-${id}`,
  title,
  change: (size) => ({ initialization, model: deep(size, (width) => [{ type: "residual", body: plainHidden(width) }]) }),
  sameCost: true,
});

const initials: readonly Variant[] = [
  initial("pytorch", "PyTorch's", "pytorchLinear"),
  initial("small", "normal, σ = 0.05", { type: "normal", standardDeviation: 0.05 }),
  initial("large", "normal, σ = 0.5", { type: "normal", standardDeviation: 0.5 }),
  initial("glorotNormal", "Glorot, normal", "glorotNormal"),
  initial("heUniform", "He, uniform", "heUniform"),
  initial("heNormal", "He, normal", "heNormal"),
  initial("lecunUniform", "LeCun, uniform", "lecunUniform"),
  initial("lecunNormal", "LeCun, normal", "lecunNormal"),
  initial("orthogonal", "orthogonal", "orthogonal"),
  initial("identity", "identity", "identity"),
  keys("initial-lsuv", "LSUV", { initialization: "lsuv" }, { sameCost: true }),
  ofModel("zeroLast", "residual, last of each body 0", "zeroLast"),
  ofModel("fixup", "residual, Fixup", "fixup"),
];

export const PLAIN: Variant = { id: "plain", title: "plain: tanh, SGD", change: () => ({}) };

export const VARIANTS = {
  clips,
  norms,
  skips,
  regularisers: regularizers,
  schedules,
  activations,
  optimizers,
  monitoring,
  "initial weights": initials,
} as const satisfies Readonly<Record<string, readonly Variant[]>>;

export const ALL_VARIANTS: readonly Variant[] = Object.values(VARIANTS).flat();

/** The experiment of a variant: the bare step, without norms and searches, but where they are what is asked for or it is made of them. */
export function experimentOf(plain: ExperimentJson, variant: Variant, size: NetSize): ExperimentJson {
  const experiment = { ...plain, ...variant.change(size) };
  const { clip, insight, nonFinite } = experiment as ExperimentJson;
  return { statistics: clip !== undefined || insight !== undefined || nonFinite !== "ignore", ...experiment };
}
