/** Elementwise ops: each a row of WGSL expression, float64 function and gradient rule. Fused chains of them become one kernel. */
import { FathomError } from "../core/errors.ts";
import { broadcastShapes, contiguousStrides, describe, type Shape, sizeOf } from "../core/shape.ts";
import { type Attributes, makeNode, type Node, type TensorType } from "../graph/node.ts";
import type { Listed, Op, Reference, Vjp } from "../graph/op.ts";
import { defineOp } from "./define.ts";

export interface ElementwiseRow<A> {
  /** See `Form`: an expression over `F`, `I`, `U`; each input is an identifier that may be named more than once. */
  readonly wgsl: (inputs: Listed<string>, attributes: A, index: string, width: 1 | 4) => string;
  readonly js: (inputs: Listed<number>, attributes: A, index: number) => number;
  readonly vjp: Vjp<A> | "nondifferentiable";
}

/** Reads element `index` (counted in the shape `shape`) of a reference that broadcasts to it. */
export function broadcastReader(reference: Reference, shape: Shape): (index: number) => number {
  if (reference.data.length === sizeOf(shape)) return (index) => reference.data[index]!;
  const rank = shape.length;
  const own = contiguousStrides(reference.shape);
  const outer = contiguousStrides(shape);
  const strides = shape.map((_, axis) => {
    const mine = axis - rank + reference.shape.length;
    return mine < 0 || reference.shape[mine] === 1 ? 0 : own[mine]!;
  });
  return (index) => {
    let offset = 0;
    for (let axis = 0; axis < rank; axis++) offset += (Math.floor(index / outer[axis]!) % shape[axis]!) * strides[axis]!;
    return reference.data[offset]!;
  };
}

/** A broadcasting op of `arity` inputs of one dtype. */
export function elementwiseOp<A = undefined>(
  name: string,
  row: ElementwiseRow<A>,
  options: { readonly usesIndex?: boolean; readonly infer?: (inputs: Listed<TensorType>, attributes: A) => TensorType } = {},
): Op<A> {
  return defineOp<A>({
    name,
    infer: options.infer ?? ((inputs) => inferElementwise(name, inputs)),
    vjp: row.vjp,
    reference: (inputs, attributes) => {
      const shape = inputs.reduce<Shape>((all, input) => broadcastShapes(name, all, input.shape), []);
      const readers = inputs.map((input) => broadcastReader(input, shape));
      const data = new Float64Array(sizeOf(shape));
      for (let index = 0; index < data.length; index++)
        data[index] = row.js(readers.map((read) => read(index)) as unknown as Listed<number>, attributes, index);
      return { shape, data };
    },
    form: { kind: "elementwise", wgsl: row.wgsl, usesIndex: options.usesIndex ?? false },
  });
}

export function inferElementwise(name: string, inputs: Listed<TensorType>): TensorType {
  const { dtype } = inputs[0];
  for (const other of inputs)
    if (other.dtype !== dtype)
      throw new FathomError("dtype", `${name}: dtypes differ: ${inputs.map(describe).join(" and ")}. Convert one with .cast()`);
  return { shape: inputs.reduce<Shape>((shape, input) => broadcastShapes(name, shape, input.shape), []), dtype };
}

/** Applies a record. */
export function apply(op: Op, inputs: readonly Node[], attributes?: Attributes): Node {
  return makeNode(op, inputs, attributes);
}
