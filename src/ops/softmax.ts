/** Softmax and its logarithm along one axis. */
import { normalizeAxis, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Form, Op, Reference } from "../graph/op.ts";
import { mul, sub } from "./binary.ts";
import { defineOp, requireDtype } from "./define.ts";
import { LONG_LINE, lanesFor, requireRounds, workgroupSize } from "./lanes.ts";
import { sum } from "./reduce.ts";
import { exp } from "./unary.ts";

interface AxisAttributes {
  readonly axis: number;
}

interface Lines {
  readonly count: number;
  readonly length: number;
  /** From one element of a line to the next. */
  readonly inner: number;
}

function linesOf(shape: readonly number[], axis: number): Lines {
  const length = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  return { count: sizeOf(shape.slice(0, axis)) * inner, length, inner };
}

function form(name: string, logarithm: boolean): Form<AxisAttributes> {
  return {
    kind: "kernel",
    kernel: ([x], _outputs, { axis }, target) => {
      const { count, length, inner } = linesOf(x.shape, axis);
      if (count * length === 0) return { calls: [] };
      const size = workgroupSize(target, length);
      // Lines side by side are read side by side.
      const lanes = inner > 1 && length <= LONG_LINE ? 1 : lanesFor(length, count, size);
      requireRounds(name, (3 * length) / lanes, target, `Take exp(x − max) and its sum by themselves for ${length} elements`);
      return {
        calls: [
          {
            shader: "softmax",
            defines: { SIZE: size, LOGARITHM: logarithm },
            overrides: { LINES: count, LENGTH: length, INNER: inner, LANES: lanes },
            workgroups: Math.ceil((count * lanes) / size),
            bindings: [{ input: 0 }, { output: 0 }],
          },
        ],
      };
    },
  };
}

function reference({ shape, data }: Reference, axis: number, value: (x: number, highest: number, total: number) => number): Reference {
  const { count, length, inner } = linesOf(shape, axis);
  const result = new Float64Array(data.length);
  for (let line = 0; line < count; line++) {
    const start = Math.floor(line / inner) * inner * length + (line % inner);
    let highest = -Infinity;
    for (let i = 0; i < length; i++) highest = Math.max(highest, data[start + i * inner]!);
    let total = 0;
    for (let i = 0; i < length; i++) total += Math.exp(data[start + i * inner]! - highest);
    for (let i = 0; i < length; i++) result[start + i * inner] = value(data[start + i * inner]!, highest, total);
  }
  return { shape, data: result };
}

export const softmaxOp: Op<AxisAttributes> = defineOp<AxisAttributes>({
  name: "softmax",
  infer: ([x]) => ({ shape: x.shape, dtype: "f32" }),
  // dx = y · (dy − Σ y·dy)
  vjp: ({ dy, y, attributes: { axis } }) => [mul(y, sub(dy, sum(mul(y, dy), axis, true)))],
  reference: ([x], { axis }) => reference(x, axis, (value, highest, total) => Math.exp(value - highest) / total),
  form: form("softmax", false),
});

export const logSoftmaxOp: Op<AxisAttributes> = defineOp<AxisAttributes>({
  name: "logSoftmax",
  infer: ([x]) => ({ shape: x.shape, dtype: "f32" }),
  // dx = dy − softmax(x) · Σ dy
  vjp: ({ dy, y, attributes: { axis } }) => [sub(dy, mul(exp(y), sum(dy, axis, true)))],
  reference: ([x], { axis }) => reference(x, axis, (value, highest, total) => value - highest - Math.log(total)),
  form: form("logSoftmax", true),
});

/** exp(x) / Σ exp(x) along `axis`; large logits stay finite. */
export function softmax(x: Node, axis = -1): Node {
  requireDtype("softmax", x, "f32");
  return makeNode(softmaxOp, [x], { axis: normalizeAxis("softmax", axis, x.shape.length) });
}

/** log softmax(x) along `axis`, without passing through numbers that vanish. */
export function logSoftmax(x: Node, axis = -1): Node {
  requireDtype("logSoftmax", x, "f32");
  return makeNode(logSoftmaxOp, [x], { axis: normalizeAxis("logSoftmax", axis, x.shape.length) });
}
