/** How many inputs feed an output and how many outputs an input feeds, and the gain that keeps a signal's size through a nonlinearity. */
import { checkChoice, checkNumber } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { type Shape, sizeOf } from "../core/shape.ts";

export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Of a weight [out, in, ...receptive field], as PyTorch counts them: each fan times the size of the receptive field. */
export function fans(what: string, shape: Shape): Fans {
  const [outputs, inputs, ...field] = shape;
  if (outputs === undefined || inputs === undefined)
    throw new FathomError(
      "shape",
      `${what}: needs a weight of shape [out, in, ...receptive field], not [${shape.join(",")}]; use init.constant, init.uniform or init.normal for a vector`,
    );
  const receptive = sizeOf(field);
  return { fanIn: inputs * receptive, fanOut: outputs * receptive };
}

export type Nonlinearity =
  | "linear"
  | "sigmoid"
  | "tanh"
  | "relu"
  | "leakyRelu"
  | "selu"
  | "elu"
  | "celu"
  | "gelu"
  | "silu"
  | "softplus"
  | "mish"
  | "hardSigmoid"
  | "hardSwish"
  | "softsign"
  | "lecunTanh"
  | "prelu"
  | "glu"
  | "swiglu";

/** A factor, or the name of the activation that follows. */
export type Gain = number | Nonlinearity;

const GAINS = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: (slope) => Math.sqrt(2 / (1 + slope * slope)),
  selu: () => 3 / 4,
  // PyTorch has none for the others. 1/√E[f(z)²] with z normal keeps the second moment; by Gauss-Legendre quadrature to all digits
  // (test/cpu/init.test.ts integrates again in another way).
  elu: () => 1.2451983007007064,
  celu: () => 1.2451983007007064,
  gelu: () => 1.5335304411955353,
  silu: () => 1.6765324703310913,
  softplus: () => 1.0418668355353016,
  mish: () => 1.486847581273208,
  hardSigmoid: () => 1.8978404247295588,
  hardSwish: () => 1.7366572127665416,
  softsign: () => 2.3375333631085393,
  lecunTanh: () => 1.1543694539761429,
  // At the slope 0.25 that it begins with.
  prelu: () => Math.sqrt(2 / (1 + 0.25 ** 2)),
  // 1/√E[(a·f(b))²] with a and b normal and independent, which is 1/√E[f(b)²].
  glu: () => 1.8462285453386054,
  swiglu: () => 1.6765324703310913,
} as const satisfies Record<Nonlinearity, (slope: number) => number>;

export const NONLINEARITIES = Object.keys(GAINS) as Nonlinearity[];

/** Recommended gains: `torch.nn.init.calculate_gain`'s, and 1/√E[f(z)²] for activations that it lacks; `negativeSlope` matters to leakyRelu only. */
export function gain(nonlinearity: Nonlinearity, negativeSlope = 0.01): number {
  checkChoice("init.gain", "nonlinearity", nonlinearity, NONLINEARITIES);
  return GAINS[nonlinearity](checkNumber("init.gain", "negativeSlope", negativeSlope));
}

/** The number that a gain is. */
export function gainOf(what: string, given: Gain): number {
  if (typeof given !== "string") return checkNumber(what, "gain", given, { least: 0 });
  return gain(checkChoice(what, "gain", given, NONLINEARITIES));
}
