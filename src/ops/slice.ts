/** A part of a tensor, and its dual, the tensor put into a larger one: each is the other's gradient. */
import type { DType } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import { checkShape, contiguousStrides, describe, type Shape, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op, Vjp } from "../graph/op.ts";
import { sub } from "./binary.ts";
import { sum } from "./broadcast.ts";
import { defineOp, literal, scalar } from "./define.ts";
import { moved } from "./layout.ts";
import { withOutput } from "./output.ts";
import { viewText } from "./strides.ts";

/** Along each axis: elements start, start + step, … , `shape` of them. */
interface SliceAttributes {
  readonly start: readonly number[];
  readonly step: readonly number[];
  readonly shape: Shape;
}

export const sliceOp = defineOp<SliceAttributes>({
  name: "slice",
  infer: ([x], { shape }) => ({ shape, dtype: x.dtype }),
  vjp: ({ dy, inputs: [x], attributes: { start, step } }) => [spread(dy, literal(0), start, step, x.shape)],
  reference: ([x], { start, step, shape }) =>
    moved(x, shape, (coordinates) => coordinates.map((at, axis) => start[axis]! + at * step[axis]!)),
  form: {
    kind: "view",
    view: ({ strides, offset }, { start, step, shape }) => ({
      shape,
      strides: strides.map((stride, axis) => stride * step[axis]!),
      offset: sizeOf(shape) === 0 ? offset : start.reduce((sum, at, axis) => sum + at * strides[axis]!, offset),
    }),
  },
});

/** What is taken along one axis: a range, counted from the end where negative, by steps of at least 1. */
export interface Range {
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
}

/** Elements from `start` (0) up to but without `end` (the axis's length), in steps of `step` (1); null takes an axis whole. Ends past the axis are cut. */
export function slice(x: Node, ranges: readonly (Range | null)[]): Node {
  if (ranges.length > x.shape.length)
    throw new FathomError("argument", `slice: ${ranges.length} ranges were given for ${describe(x)}, which has ${x.shape.length} axes`);
  const taken = x.shape.map((size, axis) => {
    const { start = 0, end = size, step = 1 } = ranges[axis] ?? {};
    for (const [name, value] of Object.entries({ start, end, step }))
      if (!Number.isInteger(value)) throw new FathomError("argument", `slice: ${name} of axis ${axis} is ${value}; use a whole number`);
    if (step < 1) throw new FathomError("argument", `slice: step of axis ${axis} is ${step}; use at least 1`);
    const within = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
    const first = within(start);
    return { start: first, step, size: Math.max(0, Math.ceil((within(end) - first) / step)) };
  });
  if (taken.every(({ size }, axis) => size === x.shape[axis])) return x;
  return makeNode(sliceOp, [x], {
    start: taken.map(({ start }) => start),
    step: taken.map(({ step }) => step),
    shape: taken.map(({ size }) => size),
  });
}

/** The input's part of dy, and the sum of the rest for the fill. */
const gathered: Vjp<SliceAttributes> = ({ dy, inputs: [x], attributes: { start, step }, wanted }) => {
  const inner = makeNode(sliceOp, [dy], { start, step, shape: x.shape });
  return [inner, wanted(1) ? sub(sum(dy), sum(inner)) : null];
};

/** Only float32 results can run through an epilogue, and have gradients. */
function spreadRecord(name: string, fusesEpilogue: boolean): Op<SliceAttributes> {
  return defineOp<SliceAttributes>({
    name,
    infer: ([x], { shape }) => ({ shape, dtype: x.dtype }),
    vjp: fusesEpilogue ? gathered : "nondifferentiable",
    reference: ([x, fill], { start, step, shape }) => {
      const own = contiguousStrides(x.shape);
      const to = contiguousStrides(shape);
      const data = new Float64Array(sizeOf(shape)).fill(fill.data[0]!);
      for (const [index, value] of x.data.entries())
        data[
          x.shape.reduce(
            (offset, size, axis) => offset + (start[axis]! + (Math.floor(index / own[axis]!) % size) * step[axis]!) * to[axis]!,
            0,
          )
        ] = value;
      return { shape, data };
    },
    form: {
      kind: "kernel",
      accepts: (index) => index === 0,
      kernel: ([x], [output], { start, step }) => {
        const count = sizeOf(output.shape);
        if (count === 0) return { calls: [] };
        const call = {
          shader: "spread",
          defines: {
            INPUT: x.dtype,
            INSIDE: insideText(x.shape, start, step, output.shape),
            SOURCE: viewText(x, "element"),
            EMPTY: sizeOf(x.shape) === 0,
          },
          overrides: { COUNT: count },
          workgroups: Math.ceil(count / 64),
          bindings: [{ input: 0 }, { input: 1 }],
        };
        return { calls: [withOutput(call, output.dtype)] };
      },
      fusesEpilogue,
    },
  });
}

/** Statements that find in `element` the input's element for output `index`, or return the fill. Differences below 0 wrap round, past every size. */
function insideText(own: Shape, start: readonly number[], step: readonly number[], shape: Shape): string {
  const from = contiguousStrides(own);
  const to = contiguousStrides(shape);
  return own
    .map((size, axis) => {
      if (size === shape[axis]) return `  element += index / ${to[axis]}u % ${size}u * ${from[axis]}u;`;
      const by = step[axis]!;
      const distance = `index / ${to[axis]}u % ${shape[axis]}u - ${start[axis]}u`;
      const test = by === 1 ? `at >= ${size}u` : `at >= ${(size - 1) * by + 1}u || at % ${by}u != 0u`;
      return `  at = ${distance};\n  if (${test}) {\n    return fill[0];\n  }\n  element += at / ${by}u * ${from[axis]}u;`;
    })
    .join("\n");
}

export const spreadOp = spreadRecord("spread", true);
export const integerSpreadOp = spreadRecord("integerSpread", false);

/** A tensor of `shape` made of `fill`, a scalar, in which element i of `x` lies at start + i · step along each axis. */
export function spread(x: Node, fill: Node, start: readonly number[], step: readonly number[], shape: Shape): Node {
  return makeNode(x.dtype === "f32" ? spreadOp : integerSpreadOp, [x, fill], { start, step, shape });
}

const fillOf = (value: number, dtype: DType): Node => (value === 0 ? literal(0, dtype) : scalar(value, dtype));

/** Puts `[before, after]` elements of `value` around each axis. */
export function pad(x: Node, amounts: readonly (readonly [before: number, after: number])[], value = 0): Node {
  if (amounts.length !== x.shape.length)
    throw new FathomError(
      "argument",
      `pad: ${amounts.length} pairs of amounts were given for ${describe(x)}, which has ${x.shape.length} axes; use one [before, after] for each`,
    );
  for (const [axis, pair] of amounts.entries())
    for (const amount of pair)
      if (!Number.isInteger(amount) || amount < 0)
        throw new FathomError(
          "argument",
          `pad: the amounts of axis ${axis} are [${pair.join(",")}]; use whole numbers from 0, and slice to cut off`,
        );
  const shape = x.shape.map((size, axis) => size + amounts[axis]![0] + amounts[axis]![1]);
  checkShape("pad", shape);
  if (amounts.every(([before, after]) => before + after === 0)) return x;
  return spread(
    x,
    fillOf(value, x.dtype),
    amounts.map(([before]) => before),
    amounts.map(() => 1),
    shape,
  );
}
