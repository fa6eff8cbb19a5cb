/** The linear layer x·Wᵀ + b as one kernel, and the gradients of its weight and bias as one more. */
import { FathomError } from "../core/errors.ts";
import { describe, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { defineOp, pick, requireDtype } from "./define.ts";
import { acceptsMatrix, matmul, productKernel, productReference, swapLast, swapped } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./views.ts";

/** Inputs x [rows, in], weight [out, in] and, if there is one, bias [out]. */
export const linearOp = defineOp<undefined>({
  name: "linear",
  infer: ([x, weight]) => ({ shape: [x.shape[0]!, weight.shape[0]!], dtype: "f32" }),
  // dX = dZ·W; dW = dZᵀ·X and db = Σ dZ over the rows
  vjp: ({ dy, inputs, wanted }) => {
    const [x, weight] = inputs;
    const biased = inputs.length > 2;
    const dx = wanted(0) ? matmul(dy, weight) : null;
    if (!wanted(1) && !(biased && wanted(2))) return [dx];
    const gradient = linearWeightGradient(dy, x, biased);
    return [dx, gradient.weight, gradient.bias];
  },
  reference: (inputs) => {
    const [x, weight, bias] = inputs;
    const product = productReference(x, transposed(weight));
    const columns = product.shape[1]!;
    return inputs.length > 2
      ? { shape: product.shape, data: product.data.map((value, index) => value + bias.data[index % columns]!) }
      : product;
  },
  form: {
    kind: "kernel",
    accepts: (index, view) => index < 2 && acceptsMatrix(view),
    kernel: (inputs, _outputs, _attributes, target) => {
      const [x, weight] = inputs;
      return productKernel({ a: x, b: swapped(weight), ...(inputs.length > 2 ? { bias: { input: 2 } } : {}) }, target);
    },
    fusesEpilogue: true,
    checked: true,
  },
});

/** [dW, db], or [dW] without a bias, from dZ [rows, out] and x [rows, in]. */
export const linearWeightGradientOp = defineOp<{ bias: boolean }>({
  name: "linearWeightGradient",
  infer: ([dz, x], { bias }) => {
    const out = dz.shape[1]!;
    const weight = { shape: [out, x.shape[1]!], dtype: "f32" } as const;
    return bias ? [weight, { shape: [out], dtype: "f32" }] : weight;
  },
  vjp: "decompose",
  decompose: ([dz, x], { bias }) => (bias ? [matmul(swapLast(dz), x), sum(dz, 0)] : matmul(swapLast(dz), x)),
  reference: ([dz, x], { bias }) => {
    const across = transposed(dz);
    const weight = productReference(across, x);
    const [out, rows] = across.shape as [number, number];
    const sums = Float64Array.from({ length: out }, (_, row) =>
      across.data.subarray(row * rows, (row + 1) * rows).reduce((total, value) => total + value, 0),
    );
    return bias ? [weight, { shape: [out], data: sums }] : weight;
  },
  form: {
    kind: "kernel",
    accepts: (_, view) => acceptsMatrix(view),
    kernel: ([dz, x], _, { bias }, target) => productKernel({ a: swapped(dz), b: x, ...(bias ? { rowSum: { output: 1 } } : {}) }, target),
    fusesEpilogue: true,
  },
});

function transposed({ shape, data }: { shape: readonly number[]; data: Float64Array }): { shape: number[]; data: Float64Array } {
  const [rows, columns] = shape as [number, number];
  return { shape: [columns, rows], data: data.map((_, index) => data[(index % rows) * columns + Math.floor(index / rows)]!) };
}

export function linearWeightGradient(dz: Node, x: Node, bias: boolean): { weight: Node; bias: Node | null } {
  // Without features there is no product to which the sums could be a by-product.
  if (bias && x.shape[1] === 0) return { weight: matmul(swapLast(dz), x), bias: sum(dz, 0) };
  const node = makeNode(linearWeightGradientOp, [dz, x], { bias });
  return { weight: pick(node, 0), bias: bias ? pick(node, 1) : null };
}

/** x·Wᵀ + b over the last axis of `x`, whose other axes are rows; `weight` is [out, in], `bias` [out]. */
export function linear(x: Node, weight: Node, bias?: Node): Node {
  const what = "linear";
  for (const input of [x, weight, ...(bias ? [bias] : [])]) requireDtype(what, input, "f32");
  if (weight.shape.length !== 2) throw new FathomError("shape", `${what}: the weight is ${describe(weight)}; it must be [out, in]`);
  const [out, features] = weight.shape as [number, number];
  if (x.shape.length === 0 || x.shape.at(-1) !== features)
    throw new FathomError(
      "shape",
      `${what}: x is ${describe(x)}, and the weight ${describe(weight)} takes ${features} features in the last axis`,
    );
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== out))
    throw new FathomError("shape", `${what}: the bias is ${describe(bias)}; for the weight ${describe(weight)} it must be f32[${out}]`);
  const rows = x.shape.length === 2 ? x : reshape(x, [sizeOf(x.shape.slice(0, -1)), features]);
  const y = makeNode(linearOp, bias ? [rows, weight, bias] : [rows, weight], undefined);
  return x.shape.length === 2 ? y : reshape(y, [...x.shape.slice(0, -1), out]);
}
