/** What is measured: deep tanh nets on the digits, with the weights that they begin with, matrix products, and batch-norm. */
import { Random } from "../../src/core/random.ts";
import { data, init } from "../../src/index.ts";
import type { NetProblem, NormProblem, ProductProblem } from "./peer.ts";

export interface NetSize {
  readonly depth: number;
  readonly width: number;
  readonly batchSize: number;
}

const SEED = 7;

/** `depth` hidden layers and a last one. The digits are cut to a whole number of batches, so that nobody has to gather a batch from both ends. */
export async function digitsNet({ depth, width, batchSize }: NetSize): Promise<NetProblem> {
  const digits = await data.digits();
  const features = digits.sampleShape[0]!;
  const classes = digits.classes!;
  const { xScale, x, y } = digits.train;
  const count = digits.train.count - (digits.train.count % batchSize);
  const widths = [features, ...new Array<number>(depth).fill(width), classes];
  const glorot = init.glorotUniform();
  return {
    layers: widths.slice(1).map((outputs, index) => {
      const inputs = widths[index]!;
      const weight = Float32Array.from(glorot.generate([outputs, inputs], new Random(SEED, "init", { node: index })));
      return { inputs, outputs, weight, bias: new Float32Array(outputs) };
    }),
    batchSize,
    classes,
    batches: Array.from({ length: count / batchSize }, (_, batch) => ({
      x: Float32Array.from(x.subarray(batch * batchSize * features, (batch + 1) * batchSize * features), (value) => value * xScale),
      labels: Int32Array.from(y.subarray(batch * batchSize, (batch + 1) * batchSize)),
    })),
    dataset: {
      ...digits,
      train: { ...digits.train, count, x: x.slice(0, count * features) as Uint8Array, y: y.slice(0, count) as Int32Array },
      test: null,
    },
    learningRate: 0.01,
    maxNorm: 1,
  };
}

export function product(size: number): ProductProblem {
  return { size, a: numbers(size * size, 1), b: numbers(size * size, 2) };
}

export function batchNorm(rows: number, features: number): NormProblem {
  return {
    rows,
    features,
    x: numbers(rows * features, 1),
    dy: numbers(rows * features, 2),
    scale: numbers(features, 3),
    shift: numbers(features, 4),
    epsilon: 1e-5,
  };
}

/** Neither equal nor special, within ±1. */
function numbers(count: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, index) => Math.sin(index * 0.7 + seed));
}
