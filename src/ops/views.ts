/** Views: other looks at the same memory, without a dispatch. (First slice.) */
import { FathomError } from "../core/errors.ts";
import { type Shape, contiguousStrides, describe, normalizeAxis, sameShape, sizeOf } from "../core/shape.ts";
import { type Node, makeNode } from "../graph/node.ts";
import { defineOp, referenceOf } from "./define.ts";
import { apply, broadcastReader, elementwiseOp } from "./elementwise.ts";
import { sumTo } from "./reduce.ts";

export const copyOp = elementwiseOp("copy", { wgsl: ([x]) => `${x}`, js: ([x]) => x, vjp: ({ dy }) => [dy] });
export const copy = (x: Node): Node => apply(copyOp, [x]);

export const broadcastToOp = defineOp<{ shape: Shape }>({
  name: "broadcastTo",
  infer: ([x], { shape }) => {
    const extra = shape.length - x.shape.length;
    if (extra < 0 || x.shape.some((size, axis) => size !== 1 && size !== shape[axis + extra]))
      throw new FathomError("shape", `broadcastTo: ${describe(x)} does not broadcast to [${shape.join(",")}]`);
    return { shape, dtype: x.dtype };
  },
  vjp: ({ dy, inputs: [x] }) => [sumTo(dy, x.shape)],
  reference: ([x], { shape }) => referenceOf(shape, sizeOf(shape), broadcastReader(x, shape)),
  form: {
    kind: "view",
    view: ({ shape: own, strides, offset }, { shape }) => {
      const extra = shape.length - own.length;
      return { shape, offset, strides: shape.map((_, axis) => (axis < extra || own[axis - extra] === 1 ? 0 : strides[axis - extra]!)) };
    },
  },
});
export const broadcastTo = (x: Node, shape: Shape): Node => (sameShape(x.shape, shape) ? x : makeNode(broadcastToOp, [x], { shape }));

export const transposeOp = defineOp<{ axes: readonly number[] }>({
  name: "transpose",
  infer: ([x], { axes }) => ({ shape: axes.map((axis) => x.shape[axis]!), dtype: x.dtype }),
  vjp: ({ dy, attributes: { axes } }) => [transpose(dy, axes.map((_, axis) => axes.indexOf(axis)))],
  reference: (inputs, { axes }) => {
    const x = inputs[0];
    const shape = axes.map((axis) => x.shape[axis]!);
    const from = contiguousStrides(x.shape);
    const to = contiguousStrides(shape);
    return referenceOf(shape, sizeOf(shape), (index) => x.data[axes.reduce((sum, axis, position) => sum + (Math.floor(index / to[position]!) % shape[position]!) * from[axis]!, 0)]!);
  },
  form: { kind: "view", view: ({ shape, strides, offset }, { axes }) => ({ offset, shape: axes.map((axis) => shape[axis]!), strides: axes.map((axis) => strides[axis]!) }) },
});
/** Axes in a new order; reversed if none are named. */
export function transpose(x: Node, axes?: readonly number[]): Node {
  const rank = x.shape.length;
  const order = axes?.map((axis) => normalizeAxis("transpose", axis, rank)) ?? x.shape.map((_, axis) => rank - 1 - axis);
  if (order.length !== rank || new Set(order).size !== rank)
    throw new FathomError("argument", `transpose: axes [${order.join(",")}] must name each of the ${rank} axes of ${describe(x)} once`);
  return makeNode(transposeOp, [x], { axes: order });
}

export const reshapeOp = defineOp<{ shape: Shape }>({
  name: "reshape",
  infer: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x.shape)) throw new FathomError("shape", `reshape: ${describe(x)} has ${sizeOf(x.shape)} elements, [${shape.join(",")}] has ${sizeOf(shape)}`);
    return { shape, dtype: x.dtype };
  },
  vjp: ({ dy, inputs: [x] }) => [reshape(dy, x.shape)],
  reference: ([x], { shape }) => ({ shape, data: x.data }),
  form: {
    kind: "view",
    view: ({ shape: own, strides, offset }, { shape }) => {
      let stride = 1;
      for (let axis = own.length - 1; axis >= 0; axis--) {
        if (own[axis] !== 1 && strides[axis] !== stride) return null;
        stride *= own[axis]!;
      }
      return { shape, strides: contiguousStrides(shape), offset };
    },
  },
});
/** The same elements in another shape; one dimension may be −1, and is worked out. */
export function reshape(x: Node, shape: Shape): Node {
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const full = shape.map((size) => (size === -1 ? sizeOf(x.shape) / known : size));
  return sameShape(x.shape, full) ? x : makeNode(reshapeOp, [x], { shape: full });
}

export const aliasOp = defineOp<undefined>({ name: "alias", infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }), vjp: ({ dy }) => [dy], reference: ([x]) => x, form: { kind: "view", view: (view) => view } });
export const alias = (x: Node): Node => makeNode(aliasOp, [x], undefined);
