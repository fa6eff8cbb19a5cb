/** The same elements in another shape or order: views of the input's memory, and the copy that makes one contiguous. */
import { FathomError } from "../core/errors.ts";
import { checkShape, contiguousStrides, describe, normalizeAxis, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Reference, View } from "../graph/op.ts";
import { defineOp, referenceOf } from "./define.ts";
import { elementwiseOp } from "./elementwise.ts";

/** What the planner puts in where a reader needs contiguous memory. */
export const copyOp = elementwiseOp("copy", { wgsl: ([x]) => x, js: ([x]) => x, vjp: ({ dy }) => [dy] });

/** The same values in memory of their own. */
export const copy = (x: Node): Node => makeNode(copyOp, [x], undefined);

/** The reference of `shape` whose element at some coordinates is the element of `x` at those that `source` gives. */
export function moved(x: Reference, shape: Shape, source: (coordinates: readonly number[]) => readonly number[]): Reference {
  const inner = contiguousStrides(shape);
  const own = contiguousStrides(x.shape);
  return referenceOf(shape, sizeOf(shape), (index) => {
    const coordinates = shape.map((size, axis) => Math.floor(index / inner[axis]!) % size);
    return x.data[source(coordinates).reduce((offset, coordinate, axis) => offset + coordinate * own[axis]!, 0)]!;
  });
}

export const reshapeOp = defineOp<{ readonly shape: Shape }>({
  name: "reshape",
  infer: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x.shape))
      throw new FathomError(
        "shape",
        `reshape: ${describe(x)} has ${sizeOf(x.shape)} elements, and [${shape.join(",")}] has ${sizeOf(shape)}`,
      );
    return { shape, dtype: x.dtype };
  },
  vjp: ({ dy, inputs: [x] }) => [reshape(dy, x.shape)],
  reference: ([x], { shape }) => ({ shape, data: x.data }),
  form: { kind: "view", view: (input, { shape }) => reshapedView(input, shape) },
});

/**
 * The view in another shape, where no element has to move. Axes that follow one another in memory are one run; the new axes must divide
 * the runs one after another, and take their strides from them.
 */
function reshapedView({ shape: own, strides: ownStrides, offset }: View, shape: Shape): View | null {
  if (sizeOf(shape) === 0) return { shape, strides: contiguousStrides(shape), offset };
  const runs: { size: number; stride: number }[] = [];
  for (const [axis, size] of own.entries()) {
    if (size === 1) continue;
    const stride = ownStrides[axis]!;
    const last = runs.at(-1);
    if (last && last.stride === stride * size) {
      last.size *= size;
      last.stride = stride;
    } else runs.push({ size, stride });
  }
  const strides = new Array<number>(shape.length).fill(0);
  let run = runs.pop();
  let stride = run?.stride ?? 0;
  let left = run?.size ?? 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    if (size === 1) continue;
    if (left === 1) {
      run = runs.pop();
      if (!run) return null;
      ({ size: left, stride } = run);
    }
    if (left % size !== 0) return null;
    strides[axis] = stride;
    stride *= size;
    left /= size;
  }
  return { shape, strides, offset };
}

/** The same elements, in row-major order, in another shape; one dimension may be −1, and is worked out. */
export function reshape(x: Node, shape: Shape): Node {
  const full = completeShape(x, shape);
  checkShape("reshape", full);
  return sameShape(x.shape, full) ? x : makeNode(reshapeOp, [x], { shape: full });
}

function completeShape(x: Node, shape: Shape): Shape {
  const open = shape.indexOf(-1);
  if (open < 0) return shape;
  const known = shape.reduce((product, size, axis) => (axis === open ? product : product * size), 1);
  const size = sizeOf(x.shape) / known;
  if (shape.lastIndexOf(-1) !== open || !Number.isInteger(size))
    throw new FathomError(
      "shape",
      `reshape: ${describe(x)} has ${sizeOf(x.shape)} elements, which [${shape.join(",")}] cannot hold; one dimension may be -1 if the others divide the count`,
    );
  return shape.map((own, axis) => (axis === open ? size : own));
}

export const transposeOp = defineOp<{ readonly axes: readonly number[] }>({
  name: "transpose",
  infer: ([x], { axes }) => ({ shape: axes.map((axis) => x.shape[axis]!), dtype: x.dtype }),
  vjp: ({ dy, attributes: { axes } }) => [
    transpose(
      dy,
      axes.map((_, axis) => axes.indexOf(axis)),
    ),
  ],
  reference: ([x], { axes }) =>
    moved(
      x,
      axes.map((axis) => x.shape[axis]!),
      (coordinates) => axes.map((_, axis) => coordinates[axes.indexOf(axis)]!),
    ),
  form: {
    kind: "view",
    view: ({ shape, strides, offset }, { axes }) => ({
      shape: axes.map((axis) => shape[axis]!),
      strides: axes.map((axis) => strides[axis]!),
      offset,
    }),
  },
});

/** Axis i of the result is axis `axes[i]` of `x`; all of them reversed if none are named. */
export function transpose(x: Node, axes?: readonly number[]): Node {
  const rank = x.shape.length;
  const order = axes?.map((axis) => normalizeAxis("transpose", axis, rank)) ?? x.shape.map((_, axis) => rank - 1 - axis);
  if (order.length !== rank || new Set(order).size !== rank)
    throw new FathomError("argument", `transpose: axes [${axes?.join(",")}] must name each of the ${rank} axes of ${describe(x)} once`);
  return order.every((axis, position) => axis === position) ? x : makeNode(transposeOp, [x], { axes: order });
}

/** Leaves out axes of size 1: the named ones, or all of them. */
export function squeeze(x: Node, axes?: number | readonly number[]): Node {
  const rank = x.shape.length;
  const named =
    axes === undefined ? undefined : (typeof axes === "number" ? [axes] : axes).map((axis) => normalizeAxis("squeeze", axis, rank));
  const wide = named?.find((axis) => x.shape[axis] !== 1);
  if (wide !== undefined)
    throw new FathomError("shape", `squeeze: axis ${wide} of ${describe(x)} is ${x.shape[wide]} long; only axes of size 1 can be left out`);
  return reshape(
    x,
    x.shape.filter((size, axis) => (named ? !named.includes(axis) : size !== 1)),
  );
}

/** Puts an axis of size 1 before axis `axis`; −1 puts it last. */
export function unsqueeze(x: Node, axis: number): Node {
  const at = normalizeAxis("unsqueeze", axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** The same value as a node of its own: what `grad` differentiates by, so that other uses of `x` stay constant. */
export const aliasOp = defineOp<undefined>({
  name: "alias",
  infer: ([{ shape, dtype }]) => ({ shape, dtype }),
  vjp: ({ dy }) => [dy],
  reference: ([x]) => x,
  form: { kind: "view", view: (view) => view },
});

export const alias = (x: Node): Node => makeNode(aliasOp, [x], undefined);

/** The same value, through which no gradient flows. */
export const detachOp = defineOp<undefined>({
  name: "detach",
  infer: ([{ shape, dtype }]) => ({ shape, dtype }),
  vjp: () => [null],
  reference: ([x]) => x,
  form: { kind: "view", view: (view) => view },
});

export const detach = (x: Node): Node => makeNode(detachOp, [x], undefined);
