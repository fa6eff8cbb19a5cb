/** From the form's choices to an experiment file. Pure. */
import type { Choices } from "./choices.ts";

/** JSON in the format of docs/experiment.md; the schema checks it where it is used. */
export type ExperimentJson = Readonly<Record<string, unknown>>;
type Layer = Readonly<Record<string, unknown>> | string;

/** Data of the user's own files, as the worker found them. */
export interface OwnData {
  /** The experiment's data set. */
  readonly spec: ExperimentJson;
  /** How many numbers the net gives. */
  readonly outputs: number;
  /** Numbers are to be learnt, and not classes. */
  readonly numbers: boolean;
}

const CLASSES = { digits: 10, spirals: 2, circles: 2, xor: 2, parity: 2 } satisfies Record<Exclude<Choices["data"], "own">, number>;

const INITS = {
  small: { type: "normal", standardDeviation: 0.1 },
  large: { type: "normal", standardDeviation: 0.5 },
  glorotUniform: "glorotUniform",
  heNormal: "heNormal",
  lecunNormal: "lecunNormal",
  orthogonal: "orthogonal",
} satisfies Record<Choices["init"], unknown>;

/** Where the data are the user's own and none are open, the digits stand for them. */
export function experimentOf(choices: Choices, name?: string, own: OwnData | null = null): ExperimentJson {
  const { seed, batchSize, steps } = choices;
  const data = dataOf(choices, own);
  return {
    format: "fathom-experiment/1",
    ...(name ? { name } : {}),
    seed,
    dataset: data.spec,
    batchSize,
    steps,
    model: modelOf(choices, data.outputs),
    loss: data.numbers ? "meanSquaredError" : "softmaxCrossEntropy",
    optimizer: optimizerOf(choices),
    schedule: scheduleOf(choices),
    ...(choices.regularizer === "none" ? {} : { regularizer: { type: choices.regularizer, lambda: choices.lambda } }),
    ...(choices.clip === "none" ? {} : { clip: { type: choices.clip, max: choices.clipMax } }),
  };
}

function dataOf({ data, samples, noise }: Choices, own: OwnData | null): OwnData {
  if (data === "own" && own) return own;
  const type = data === "own" ? "digits" : data;
  return { spec: type === "digits" ? { type } : { type, samples, noise }, outputs: CLASSES[type], numbers: false };
}

/** The first layer changes the width, so that only the others can have a way around them. */
function modelOf(choices: Choices, outputs: number): Layer[] {
  const { depth, width } = choices;
  const first = [...affine(choices, width), choices.activation, ...dropout(choices)];
  const rest = depth > 1 ? [{ type: "repeat", times: depth - 1, body: hidden(choices) }] : [];
  return [...first, ...rest, linear(choices, outputs)];
}

const linear = ({ init }: Choices, units: number): Layer => ({ type: "linear", units, init: INITS[init], biasInit: "zeros" });

const affine = (choices: Choices, units: number): Layer[] => [
  linear(choices, units),
  ...(choices.normalisation === "none" ? [] : [choices.normalisation]),
];

const dropout = ({ dropout: rate }: Choices): Layer[] => (rate > 0 ? [{ type: "dropout", rate }] : []);

function hidden(choices: Choices): Layer[] {
  const { activation, width, skips } = choices;
  const body = affine(choices, width);
  switch (skips) {
    case "none":
      return [...body, activation, ...dropout(choices)];
    case "residual":
      return [{ type: "residual", body }, activation, ...dropout(choices)];
    // These are meant to hold the activation within.
    case "rezero":
      return [{ type: "residual", scale: "rezero", body: [...body, activation, ...dropout(choices)] }];
    case "highway":
      return [{ type: "highway", body: [...body, activation, ...dropout(choices)] }];
  }
}

function optimizerOf({ optimizer }: Choices): unknown {
  return optimizer === "momentum" ? { type: "sgd", momentum: 0.9 } : optimizer;
}

function scheduleOf({ schedule, rate, steps }: Choices): unknown {
  const third = Math.max(1, Math.floor(steps / 3));
  const warm = Math.floor(steps / 20);
  switch (schedule) {
    case "constant":
      return { type: "constant", initial: rate };
    case "linear":
    case "cosine":
      return { type: schedule, initial: rate, steps };
    case "step":
      return { type: "step", initial: rate, every: third };
    case "warmUp":
      // biome-ignore lint/suspicious/noThenProperty: the file's own word; it holds an object, which nobody awaits
      return { type: "warmUp", steps: warm, then: { type: "cosine", initial: rate, steps: Math.max(1, steps - warm) } };
    case "oneCycle":
      return rate > 0 && steps > 1 ? { type: "oneCycle", maximum: rate, steps } : { type: "constant", initial: rate };
  }
}
