/** A net with every kind of layer whose second derivative is not plain, small enough for central differences. */
import { backward } from "../../src/autodiff/backward.ts";
import type { Node } from "../../src/graph/node.ts";
import { batchNormTrain } from "../../src/ops/batchNorm.ts";
import { add, mul } from "../../src/ops/binary.ts";
import { input } from "../../src/ops/define.ts";
import { linear } from "../../src/ops/linear.ts";
import { sum } from "../../src/ops/reduce.ts";
import { softmaxCrossEntropy } from "../../src/ops/softmaxCrossEntropy.ts";
import { tanh } from "../../src/ops/unary.ts";
import { computeFloat64, spread } from "./float64.ts";

/** Makes a leaf that holds these values. */
export type MakeLeaf = (shape: readonly number[], dtype: "f32" | "i32", values: Float32Array | Int32Array) => Node;

export interface HessianProduct {
  /** H·v, one for each parameter, and the gradients that they are derivatives of. */
  readonly products: readonly Node[];
  readonly gradients: readonly Node[];
  readonly values: ReadonlyMap<Node, ArrayLike<number>>;
  /** H·v by central differences of the gradients along v over five points, in float64. */
  readonly truth: readonly Float64Array[];
  /** The bias before the batch-norm, on which nothing depends. */
  readonly idle: number;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, own) => size * own, 1);

/** linear → batch-norm → tanh → linear → softmax-cross-entropy; five rows, three features, four hidden, three classes. */
export function hessianProduct(makeLeaf: MakeLeaf = input): HessianProduct {
  const values = new Map<Node, ArrayLike<number>>();
  const leaf = (seed: number, ...shape: number[]): Node => {
    const data = spread(sizeOf(shape), seed);
    const node = makeLeaf(shape, "f32", data);
    values.set(node, data);
    return node;
  };
  const shapes = [[4, 3], [4], [4], [4], [3, 4], [3]];
  const parameters = shapes.map((shape, index) => leaf(10 + index, ...shape));
  const along = shapes.map((shape, index) => leaf(50 + index, ...shape));
  const labels = makeLeaf([5], "i32", Int32Array.of(0, 2, 1, 1, 0));
  values.set(labels, [0, 2, 1, 1, 0]);
  const [w0, b0, scale, shift, w1, b1] = parameters as [Node, Node, Node, Node, Node, Node];
  const hidden = tanh(batchNormTrain(linear(leaf(3, 5, 3), w0, b0), scale, shift, 1e-5).y);
  const loss = softmaxCrossEntropy(linear(hidden, w1, b1), labels);
  const gradients = backward([{ node: loss }], parameters).map((gradient) => gradient!);
  // H·v is the gradient of g·v.
  const product = gradients.map((gradient, index) => sum(mul(gradient, along[index]!))).reduce(add);
  const products = backward([{ node: product }], parameters).map((gradient) => gradient!);

  const step = 1e-4;
  const at = (t: number): Float64Array[] => {
    const moved = new Map(values);
    for (const [index, node] of parameters.entries())
      moved.set(
        node,
        Float64Array.from(values.get(node)!, (value, element) => value + t * values.get(along[index]!)![element]!),
      );
    return computeFloat64(gradients, moved);
  };
  const [far0, near0, near1, far1] = [at(-2 * step), at(-step), at(step), at(2 * step)];
  const truth = near1.map((own, index) =>
    own.map((value, element) => (8 * (value - near0[index]![element]!) - (far1[index]![element]! - far0[index]![element]!)) / (12 * step)),
  );
  return { products, gradients, values, truth, idle: 1 };
}
