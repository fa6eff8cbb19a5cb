/** The built-in comparison: one depth, one data set, one optimizer, and five ways to hand a gradient down through it. */

export interface ComparedNet {
  /** Names the folder of the run. */
  readonly name: string;
  readonly title: string;
  /** An experiment file's content: docs/experiment.md. */
  readonly experiment: Readonly<Record<string, unknown>>;
}

export interface Comparison {
  readonly title: string;
  /** The net whose step the others' are measured against. */
  readonly plain: string;
  readonly nets: readonly ComparedNet[];
}

export const HIDDEN_LAYERS = 24;
export const WIDTH = 64;
export const DEFAULT_STEPS = 400;
export const DEFAULT_SEED = 7;

type Layer = string | Readonly<Record<string, unknown>>;

const linear = (init: Layer, units = WIDTH): Layer => ({ type: "linear", units, init, biasInit: "zeros" });

/** Hidden layers alike, then the output. Each has 64 inputs: the digits' 8 × 8 pixels are as many as a layer is wide. */
const stack = (init: Layer, body: readonly Layer[]): readonly Layer[] => [{ type: "repeat", times: HIDDEN_LAYERS, body }, linear(init, 10)];

const SMALL = { type: "normal", standardDeviation: 0.1 };

/** What differs between the nets. The rate suits all of them, which none would have chosen for itself. */
const NETS = [
  {
    name: "sigmoid",
    title: "sigmoid, normal(0, 0.1)",
    // A sigmoid's slope is at most 1/4, and these weights shrink what is left: about 0.2 a layer.
    model: stack(SMALL, [linear(SMALL), "sigmoid"]),
  },
  { name: "tanh", title: "tanh, Glorot", model: stack("glorotUniform", [linear("glorotUniform"), "tanh"]) },
  { name: "relu", title: "ReLU, He", model: stack("heNormal", [linear("heNormal"), "relu"]) },
  {
    name: "relu-batchnorm-clip",
    title: "ReLU, He, batch-norm, clip",
    model: stack("heNormal", [linear("heNormal"), "batchNorm", "relu"]),
    // Batch-norm alone lets the gradient grow by a fifth at each layer, to a hundred times at the first.
    clip: { type: "globalNorm", max: 5 },
  },
  {
    name: "residual-batchnorm",
    title: "residual, He, batch-norm",
    model: stack("heNormal", [{ type: "residual", body: [linear("heNormal"), "batchNorm"] }, "relu"]),
  },
] as const;

export function builtInComparison({ steps = DEFAULT_STEPS, seed = DEFAULT_SEED }: { steps?: number; seed?: number } = {}): Comparison {
  return {
    title: `Five nets of ${HIDDEN_LAYERS} hidden layers of ${WIDTH} on handwritten digits`,
    plain: "relu",
    nets: NETS.map(({ name, title, model, ...remedies }) => ({
      name,
      title,
      experiment: {
        format: "fathom-experiment/1",
        name: title,
        seed,
        dataset: { type: "digits" },
        batchSize: 64,
        steps,
        model,
        loss: "softmaxCrossEntropy",
        optimizer: { type: "sgd", momentum: 0.9 },
        schedule: { type: "linear", initial: 0.02, steps },
        ...remedies,
        monitor: { every: 1 },
      },
    })),
  };
}
