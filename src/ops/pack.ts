/** Many tensors in one buffer, each at its place: how gradients reach their arena without a copy. */
import { sizeOf } from "../core/shape.ts";
import { makeNode, type Node, type TensorType } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { defineOp } from "./define.ts";

export interface PackAttributes {
  /** Where each input begins: in elements, multiples of 64. They must not overlap. */
  readonly offsets: readonly number[];
  /** Elements in all. What no input covers is 0. */
  readonly size: number;
}

export const packOp: Op<PackAttributes> = defineOp<PackAttributes>({
  name: "pack",
  infer: ([first], { size }) => ({ shape: [size], dtype: (first as TensorType | undefined)?.dtype ?? "f32" }),
  vjp: "nondifferentiable",
  reference: (inputs, { offsets, size }) => {
    const data = new Float64Array(size);
    inputs.forEach((input, position) => {
      data.set(input.data, offsets[position]!);
    });
    return { shape: [size], data };
  },
  form: { kind: "pack" },
});

/** [size] that holds each part, all of one type, at its offset. */
export function pack(parts: readonly { readonly node: Node; readonly offset: number }[], size: number): Node {
  const kept = parts.filter(({ node }) => sizeOf(node.shape) > 0);
  return makeNode(
    packOp,
    kept.map(({ node }) => node),
    { offsets: kept.map(({ offset }) => offset), size },
  );
}
