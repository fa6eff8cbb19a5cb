/** The matrix product, batched and broadcasting; the linear layer and its gradient are in linear.ts. */
import type { DType } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import { broadcastShapes, describe, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Binding, KernelPlan, Op, Reference, Target, View } from "../graph/op.ts";
import { defineOp, requireDtype } from "./define.ts";
import { chooseMatmul, type MatmulProblem } from "./matmulKernel.ts";
import { partsOf, splitKernel } from "./matmulSplit.ts";
import { broadcastTo, reshape, transpose } from "./views.ts";

/** How a matrix lies: by rows, or by columns, as a transposed view does; `pitch` elements from one to the next. Null where neither is unbroken. */
function layoutOf({ shape, strides }: View): { readonly transposed: boolean; readonly pitch: number } | null {
  const [rowStride, columnStride] = strides.slice(-2) as [number, number];
  if (columnStride === 1 || shape.at(-1) === 1) return { transposed: false, pitch: rowStride };
  return rowStride === 1 || shape.at(-2) === 1 ? { transposed: true, pitch: columnStride } : null;
}

/** A matrix may be read where it lies if its rows or its columns are unbroken: so a transposed view needs no copy. */
export const acceptsMatrix = (view: View): boolean => layoutOf(view) !== null;

/** What a matrix product is asked for: `a` [batch…, m, k] and `b` [batch…, k, n] as views. */
export interface Product {
  readonly a: View;
  readonly b: View;
  /** Added to each column's sum. */
  readonly bias?: Binding;
  /** Receives the sums of the rows of `a`. */
  readonly rowSum?: Binding;
}

/** The kernel of a product whose result is output 0 and whose factors are the inputs 0 and 1 of the op. */
export function productKernel({ a, b, bias, rowSum }: Product, target: Target): KernelPlan {
  const { adapterClass, subgroups, tiles } = target;
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const batch = a.shape.slice(0, -2).map((size, axis) => ({ size, aStride: a.strides[axis]!, bStride: b.strides[axis]! }));
  if (m === 0 || n === 0 || batch.some(({ size }) => size === 0)) return { calls: [] };
  const layoutA = layoutOf(a)!;
  const layoutB = layoutOf(b)!;
  const problem: MatmulProblem = {
    m,
    n,
    k,
    batch,
    aTransposed: layoutA.transposed,
    bTransposed: layoutB.transposed,
    aPitch: layoutA.pitch,
    bPitch: layoutB.pitch,
    aOffset: a.offset,
    bOffset: b.offset,
    bias: bias !== undefined,
    rowSum: rowSum !== undefined,
    adapterClass,
    subgroups,
    tiles,
  };
  const { shader, defines, overrides, workgroups, width } = chooseMatmul(problem);
  const parts = partsOf(problem, shader, workgroups);
  if (parts > 1) return splitKernel(problem, parts, { bias, rowSum }, target);
  const bindings: Binding[] = [{ input: 0 }, { input: 1 }, ...(bias ? [bias] : []), ...(rowSum ? [rowSum] : [])];
  return { calls: [{ shader, defines, overrides, workgroups, bindings, epilogue: { width } }] };
}

/** The view with its last two axes exchanged. */
export function swapped<V extends View>(view: V): V {
  const swap = (list: readonly number[]): number[] => [...list.slice(0, -2), list.at(-1)!, list.at(-2)!];
  return { ...view, shape: swap(view.shape), strides: swap(view.strides) };
}

/** Both of rank 2 or more, with equal batch axes. */
export const matmulOp: Op = defineOp<undefined>({
  name: "matmul",
  infer: ([a, b]) => {
    for (const factor of [a, b]) requireDtype("matmul", factor, "f32");
    if (a.shape.length !== b.shape.length || a.shape.length < 2 || !sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2)))
      throw new FathomError("internal", `matmul: was handed ${describe(a)} and ${describe(b)}, whose batch axes differ`);
    if (a.shape.at(-1) !== b.shape.at(-2)) throw innerDiffer("matmul", a, b);
    return { shape: [...a.shape.slice(0, -1), b.shape.at(-1)!], dtype: "f32" };
  },
  // dA = dC·Bᵀ, dB = Aᵀ·dC
  vjp: ({ dy, inputs: [a, b], wanted }) => [
    wanted(0) ? makeNode(matmulOp, [dy, swapLast(b)], undefined) : null,
    wanted(1) ? makeNode(matmulOp, [swapLast(a), dy], undefined) : null,
  ],
  reference: ([a, b]) => productReference(a, b),
  form: {
    kind: "kernel",
    accepts: (_, view) => acceptsMatrix(view),
    kernel: ([a, b], _outputs, _attributes, target) => productKernel({ a, b }, target),
    fusesEpilogue: true,
    checked: true,
  },
});

export function productReference(a: Reference, b: Reference): Reference {
  const rows = a.shape.at(-2)!;
  const inner = a.shape.at(-1)!;
  const columns = b.shape.at(-1)!;
  const shape = [...a.shape.slice(0, -1), columns];
  const data = new Float64Array(sizeOf(shape));
  for (let index = 0; index < data.length; index++) {
    const column = index % columns;
    const row = Math.floor(index / columns);
    const batch = Math.floor(row / rows);
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a.data[row * inner + k]! * b.data[(batch * inner + k) * columns + column]!;
    data[index] = sum;
  }
  return { shape, data };
}

export const swapLast = (x: Node): Node => {
  const axes = x.shape.map((_, axis) => axis);
  const rank = axes.length;
  return transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
};

type Described = { readonly shape: Shape; readonly dtype: DType };
const innerDiffer = (what: string, a: Described, b: Described): FathomError =>
  new FathomError("shape", `${what}: inner dimensions differ: ${describe(a)} and ${describe(b)}`);

/**
 * The product over the last axis of `a` and the last but one of `b`; further axes are batches and broadcast. A vector counts as a row of the
 * left factor, or a column of the right one, and its axis is left out of the result.
 */
export function matmul(a: Node, b: Node): Node {
  const what = "matmul";
  for (const factor of [a, b]) {
    requireDtype(what, factor, "f32");
    if (factor.shape.length === 0)
      throw new FathomError("shape", `${what}: ${describe(a)} and ${describe(b)}: a factor is a scalar; use mul`);
  }
  const left = a.shape.length === 1 ? reshape(a, [1, ...a.shape]) : a;
  const right = b.shape.length === 1 ? reshape(b, [...b.shape, 1]) : b;
  if (left.shape.at(-1) !== right.shape.at(-2)) throw innerDiffer(what, a, b);
  const product = batched(left, right);
  if (a.shape.length > 1 && b.shape.length > 1) return product;
  const shape = [
    ...product.shape.slice(0, -2),
    ...(a.shape.length > 1 ? [product.shape.at(-2)!] : []),
    ...(b.shape.length > 1 ? [product.shape.at(-1)!] : []),
  ];
  return reshape(product, shape);
}

function batched(left: Node, right: Node): Node {
  const rows = left.shape.at(-2)!;
  const inner = left.shape.at(-1)!;
  const columns = right.shape.at(-1)!;
  if (left.shape.length > 2 && right.shape.length === 2) {
    // One matrix for every batch: all rows are one tall matrix.
    const tall = reshape(left, [sizeOf(left.shape.slice(0, -1)), inner]);
    return reshape(makeNode(matmulOp, [tall, right], undefined), [...left.shape.slice(0, -1), columns]);
  }
  const batch = broadcastShapes("matmul", left.shape.slice(0, -2), right.shape.slice(0, -2));
  const spread = (x: Node, shape: Shape): Node => (sameShape(x.shape, shape) ? x : broadcastTo(x, shape));
  return makeNode(matmulOp, [spread(left, [...batch, rows, inner]), spread(right, [...batch, inner, columns])], undefined);
}
