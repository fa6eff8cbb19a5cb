/** Parts of tensors: slices (views), and their counterparts that put parts into a larger tensor. */
import type { DType } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import { type Shape, contiguousStrides, describe, normalizeAxis, sizeOf } from "../core/shape.ts";
import { type Node, makeNode } from "../graph/node.ts";
import type { KernelCall, Op, Reference, View } from "../graph/op.ts";
import { defineOp } from "./define.ts";
import { offsetText } from "./offsets.ts";

interface Part {
  /** Of each axis: the first index in the whole, and how far apart the part's elements are in it. */
  readonly starts: readonly number[];
  readonly steps: readonly number[];
}

/** The part as a view of the whole. */
function partView(whole: View, { starts, steps }: Part, shape: Shape): View {
  return {
    shape,
    strides: whole.strides.map((stride, axis) => stride * steps[axis]!),
    offset: starts.reduce((offset, start, axis) => offset + start * whole.strides[axis]!, whole.offset),
  };
}

const wholeView = (shape: Shape): View => ({ shape, strides: contiguousStrides(shape), offset: 0 });

/** Calls `visit(index, offset)` for each element of the view, in order. */
function visitView({ shape, strides, offset }: View, visit: (index: number, at: number) => void): void {
  const inner = contiguousStrides(shape);
  const size = sizeOf(shape);
  for (let index = 0; index < size; index++)
    visit(index, shape.reduce((at, length, axis) => at + (Math.floor(index / inner[axis]!) % length) * strides[axis]!, offset));
}

function placeCall(from: View, to: View, bindings: KernelCall["bindings"]): KernelCall {
  const count = sizeOf(from.shape);
  return {
    shader: "place",
    defines: { SOURCE: true, FROM: offsetText(from.shape, from.strides, "index", from.offset), TO: offsetText(to.shape, to.strides, "index", to.offset) },
    overrides: { COUNT: count },
    workgroups: Math.ceil(count / 64),
    bindings,
  };
}

const bitsOf = (value: number, dtype: DType): number =>
  dtype === "f32" ? new Uint32Array(Float32Array.of(value).buffer)[0]! : new Uint32Array(Int32Array.of(value).buffer)[0]!;

export const sliceOp: Op<Part & { shape: Shape }> = defineOp<Part & { shape: Shape }>({
  name: "slice",
  infer: ([x], { shape }) => ({ shape, dtype: x.dtype }),
  vjp: ({ dy, inputs: [x], attributes: { starts, steps } }) => [makeNode(embedOp, [dy], { starts, steps, shape: x.shape, value: 0 })],
  reference: ([x], attributes) => {
    const data = new Float64Array(sizeOf(attributes.shape));
    visitView(partView(wholeView(x.shape), attributes, attributes.shape), (index, at) => {
      data[index] = x.data[at]!;
    });
    return { shape: attributes.shape, data };
  },
  form: { kind: "view", view: (view, attributes) => partView(view, attributes, attributes.shape) },
});

/** The input as a part of a tensor of `shape` that is `value` elsewhere. */
export const embedOp: Op<Part & { shape: Shape; value: number }> = defineOp<Part & { shape: Shape; value: number }>({
  name: "embed",
  infer: ([x], { shape }) => ({ shape, dtype: x.dtype }),
  vjp: ({ dy, inputs: [x], attributes: { starts, steps } }) => [makeNode(sliceOp, [dy], { starts, steps, shape: x.shape })],
  reference: ([x], attributes) => {
    const data = new Float64Array(sizeOf(attributes.shape)).fill(attributes.value);
    visitView(partView(wholeView(attributes.shape), attributes, x.shape), (index, at) => {
      data[at] = x.data[index]!;
    });
    return { shape: attributes.shape, data };
  },
  form: {
    kind: "kernel",
    accepts: () => true,
    kernel: ([x], [output], attributes) => {
      const count = sizeOf(output.shape);
      const fill: KernelCall = {
        shader: "place",
        defines: { SOURCE: false, FROM: "", TO: "" },
        overrides: { COUNT: count, VALUE: bitsOf(attributes.value, output.dtype) },
        workgroups: Math.ceil(count / 64),
        bindings: [{ output: 0 }],
      };
      const to = partView(wholeView(output.shape), attributes, x.shape);
      return { calls: count === 0 ? [] : sizeOf(x.shape) === 0 ? [fill] : [fill, placeCall(x, to, [{ input: 0 }, { output: 0 }])] };
    },
  },
});

export interface Range {
  readonly start?: number;
  /** Exclusive; the axis' end if left out. Negative numbers count from the end. */
  readonly end?: number;
  /** At least 1. */
  readonly step?: number;
}

/** A part of each axis, as NumPy's x[start:end:step]; axes past the list are whole. A view: no copy. */
export function slice(x: Node, ranges: readonly (Range | null)[]): Node {
  if (ranges.length > x.shape.length) throw new FathomError("argument", `slice: ${ranges.length} ranges for ${describe(x)}, which has ${x.shape.length} axes`);
  const bounds = x.shape.map((size, axis) => {
    const { start = 0, end = size, step = 1 } = ranges[axis] ?? {};
    for (const value of [start, end, step])
      if (!Number.isInteger(value)) throw new FathomError("argument", `slice: axis ${axis} has ${value} in its range; use whole numbers`);
    if (step < 1) throw new FathomError("argument", `slice: axis ${axis} has step ${step}; use 1 or more`);
    const clip = (value: number): number => Math.min(size, Math.max(0, value < 0 ? value + size : value));
    const from = clip(start);
    return { start: from, step, size: Math.max(0, Math.ceil((clip(end) - from) / step)) };
  });
  const shape = bounds.map(({ size }) => size);
  const starts = bounds.map(({ start, size }) => (size === 0 ? 0 : start));
  return makeNode(sliceOp, [x], { starts, steps: bounds.map(({ step }) => step), shape });
}

/** Extends each axis by [before, after] elements of `value`. */
export function pad(x: Node, widths: readonly (readonly [number, number])[], value = 0): Node {
  if (widths.length !== x.shape.length) throw new FathomError("argument", `pad: ${widths.length} widths for ${describe(x)}; give [before, after] for each axis`);
  for (const [before, after] of widths)
    if (!(Number.isInteger(before) && Number.isInteger(after) && before >= 0 && after >= 0))
      throw new FathomError("argument", `pad: widths are whole numbers from 0, got [${before}, ${after}]`);
  const shape = x.shape.map((size, axis) => size + widths[axis]![0] + widths[axis]![1]);
  return makeNode(embedOp, [x], { starts: widths.map(([before]) => before), steps: widths.map(() => 1), shape, value });
}

const partsOf = (inputs: readonly { readonly shape: Shape }[], axis: number): Part[] => {
  let start = 0;
  return inputs.map(({ shape }) => {
    const part = { starts: shape.map((_, at) => (at === axis ? start : 0)), steps: shape.map(() => 1) };
    start += shape[axis]!;
    return part;
  });
};

export const concatOp: Op<{ axis: number }> = defineOp<{ axis: number }>({
  name: "concat",
  infer: (inputs, { axis }) => ({
    shape: inputs[0].shape.map((size, at) => (at === axis ? inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0) : size)),
    dtype: inputs[0].dtype,
  }),
  vjp: ({ dy, inputs, attributes: { axis } }) => partsOf(inputs, axis).map((part, position) => makeNode(sliceOp, [dy], { ...part, shape: inputs[position]!.shape })),
  reference: (inputs, { axis }) => {
    const shape = concatOp.infer(inputs.map(({ shape }) => ({ shape, dtype: "f32" })) as never, { axis }) as { shape: Shape };
    const result: Reference = { shape: shape.shape, data: new Float64Array(sizeOf(shape.shape)) };
    for (const [position, part] of partsOf(inputs, axis).entries()) {
      const input = inputs[position]!;
      visitView(partView(wholeView(result.shape), part, input.shape), (index, at) => {
        result.data[at] = input.data[index]!;
      });
    }
    return result;
  },
  form: {
    kind: "kernel",
    accepts: () => true,
    kernel: (inputs, [output], { axis }) => {
      const parts = partsOf(inputs, axis);
      const calls = inputs.flatMap((input, position) => {
        const to = partView(wholeView(output.shape), parts[position]!, input.shape);
        return sizeOf(input.shape) === 0 ? [] : [placeCall(input, to, [{ input: position }, { output: 0 }])];
      });
      return { calls };
    },
  },
});

/** The tensors one after another along `axis`; their other axes must be equal. */
export function concat(tensors: readonly Node[], axis = 0): Node {
  const first = tensors[0];
  if (!first) throw new FathomError("argument", "concat: needs at least one tensor");
  const at = normalizeAxis("concat", axis, first.shape.length);
  for (const other of tensors)
    if (other.dtype !== first.dtype || other.shape.length !== first.shape.length || other.shape.some((size, index) => index !== at && size !== first.shape[index]))
      throw new FathomError("shape", `concat: ${describe(first)} and ${describe(other)} must agree in dtype and in every axis but ${at}`);
  return tensors.length === 1 ? first : makeNode(concatOp, tensors, { axis: at });
}
