/** Stretching a tensor along axes of size 1, and its dual, the sum over axes: each is the other's gradient. */
import { FathomError } from "../core/errors.ts";
import { broadcastShapes, checkShape, contiguousStrides, describe, normalizeAxes, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op, Reference } from "../graph/op.ts";
import { defineOp, literal, literalOp } from "./define.ts";
import { broadcastReader } from "./elementwise.ts";
import { reshape, reshapeOp } from "./layout.ts";
import { reduceKernel } from "./reduceKernel.ts";

export const broadcastToOp = defineOp<{ readonly shape: Shape }>({
  name: "broadcastTo",
  infer: (inputs, { shape }) => {
    const [x] = inputs;
    if (!sameShape(broadcastShapes("broadcastTo", x.shape, shape), shape))
      throw new FathomError(
        "shape",
        `broadcastTo: ${describe(x)} does not stretch to [${shape.join(",")}]: only axes of size 1, and axes put in front, can`,
      );
    return { shape, dtype: x.dtype };
  },
  vjp: ({ dy, inputs: [x] }) => [sumTo(dy, x.shape)],
  reference: ([x], { shape }) => {
    const read = broadcastReader(x, shape);
    return { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, index) => read(index)) };
  },
  form: {
    kind: "view",
    view: ({ shape: own, strides, offset }, { shape }) => {
      const extra = shape.length - own.length;
      return { shape, offset, strides: shape.map((_, axis) => (axis < extra || own[axis - extra] === 1 ? 0 : strides[axis - extra]!)) };
    },
  },
});

/** `x` stretched to `shape` by NumPy's rules; no memory is used. */
export function broadcastTo(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  checkShape("broadcastTo", shape);
  return makeNode(broadcastToOp, [x], { shape });
}

/** The number of which the node is made, where it is a literal, in whatever shape. */
export function constantOf(node: Node): number | null {
  let at = node;
  while (at.op === broadcastToOp || at.op === reshapeOp) at = at.inputs[0]!;
  return at.op === literalOp ? at.attributes.value : null;
}

/** A tensor of one number that is part of a formula. */
export const constant = (value: number, like: Pick<Node, "shape" | "dtype">): Node => broadcastTo(literal(value, like.dtype), like.shape);

interface SumAttributes {
  readonly axes: readonly number[];
}

const kept = (shape: Shape, axes: readonly number[]): number[] => shape.filter((_, axis) => !axes.includes(axis));

/** The shape with the axes reduced to size 1. */
export const keptDims = (shape: Shape, axes: readonly number[]): number[] => shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

/** Combines the elements of each output in float64, from `initial`, in row-major order. */
export function reduceReference(
  x: Reference,
  axes: readonly number[],
  initial: number,
  combine: (total: number, value: number, output: number) => number,
): Reference {
  const shape = kept(x.shape, axes);
  const data = new Float64Array(sizeOf(shape)).fill(initial);
  const from = contiguousStrides(x.shape);
  const to = contiguousStrides(shape);
  const steps = x.shape.map(() => 0);
  let position = 0;
  for (const axis of x.shape.keys()) if (!axes.includes(axis)) steps[axis] = to[position++]!;
  for (const [index, value] of x.data.entries()) {
    let output = 0;
    for (const [axis, size] of x.shape.entries()) output += (Math.floor(index / from[axis]!) % size) * steps[axis]!;
    data[output] = combine(data[output]!, value, output);
  }
  return { shape, data };
}

/** Only float32 results can run through an epilogue, and have gradients: integers have a record of their own. */
function sumRecord(name: string, fusesEpilogue: boolean): Op<SumAttributes> {
  return defineOp<SumAttributes>({
    name,
    infer: ([x], { axes }) => ({ shape: kept(x.shape, axes), dtype: x.dtype }),
    vjp: fusesEpilogue
      ? ({ dy, inputs: [x], attributes: { axes } }) => [broadcastTo(reshape(dy, keptDims(x.shape, axes)), x.shape)]
      : "nondifferentiable",
    reference: ([x], { axes }) => reduceReference(x, axes, 0, (total, value) => total + value),
    form: {
      kind: "kernel",
      accepts: () => true,
      kernel: ([x], _outputs, { axes }, target) => reduceKernel(x, axes, { map: "v", combine: "a + b", input: x.dtype }, target),
      fusesEpilogue,
    },
  });
}

export const sumOp = sumRecord("sum", true);
export const integerSumOp = sumRecord("integerSum", false);

/** Σ x over `axes`, all of them if none are named; 0 where there is nothing to add. */
export function sum(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  const list = normalizeAxes("sum", axes, x.shape.length);
  const shape = keepDims ? keptDims(x.shape, list) : kept(x.shape, list);
  return reshape(sumOf(x, list), shape);
}

function sumOf(x: Node, axes: readonly number[]): Node {
  const shape = kept(x.shape, axes);
  const length = sizeOf(axes.map((axis) => x.shape[axis]!));
  if (length === 1) return reshape(x, shape);
  const value = constantOf(x);
  if (length === 0 || value === 0) return constant(0, { shape, dtype: x.dtype });
  if (value !== null && x.dtype === "f32" && Number.isFinite(Math.fround(value * length)))
    return constant(value * length, { shape, dtype: x.dtype });
  return makeNode(x.dtype === "f32" ? sumOp : integerSumOp, [x], { axes });
}

/** Undoes a broadcast: sums the axes along which `shape` was stretched. */
export function sumTo(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((_, axis) => (axis < extra || shape[axis - extra] === 1 ? [axis] : []));
  return reshape(sumOf(x, axes), shape);
}
