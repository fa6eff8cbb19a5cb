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

export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

const GAINS = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: (slope) => Math.sqrt(2 / (1 + slope * slope)),
  selu: () => 3 / 4,
} as const satisfies Record<Nonlinearity, (slope: number) => number>;

export const NONLINEARITIES = Object.keys(GAINS) as Nonlinearity[];

/** Recommended gains, as `torch.nn.init.calculate_gain` has them; `negativeSlope` matters to leakyRelu only. */
export function gain(nonlinearity: Nonlinearity, negativeSlope = 0.01): number {
  checkChoice("init.gain", "nonlinearity", nonlinearity, NONLINEARITIES);
  return GAINS[nonlinearity](checkNumber("init.gain", "negativeSlope", negativeSlope));
}
