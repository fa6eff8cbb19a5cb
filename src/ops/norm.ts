/** The Euclidean norm over any axes, of elements of any size: they are scaled by a power of two before they are squared. */
import { normalizeAxes, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { div, mul } from "./binary.ts";
import { keptDims, reduceReference, sum } from "./broadcast.ts";
import { equal, where } from "./compare.ts";
import { defineOp, literal, requireDtype } from "./define.ts";
import { reshape } from "./layout.ts";
import { kept, lengthOf } from "./reduce.ts";
import { type Reduction, reduceCalls } from "./reduceKernel.ts";
import { abs } from "./unary.ts";

/** The bits of |v|, which order as the magnitudes do, with NaN above all. */
const MAGNITUDE = "bitcast<u32>(v) & 0x7fffffffu";
/**
 * The exponent of the largest magnitude, within what has an inverse. Elements times 2^(127 − exponent) are below 2 (below 8 at the top of
 * the range), so that squares neither overflow nor lose the largest; a square that vanishes is below 2⁻¹²⁶ of the largest.
 */
const EXPONENT = "clamp(extras[o] >> 23u, 1u, 253u)";
const SCALED = `v * bitcast<f32>((254u - ${EXPONENT}) << 23u)`;

export const normOp = defineOp<{ readonly axes: readonly number[] }>({
  name: "norm",
  infer: ([x], { axes }) => ({ shape: kept(x.shape, axes), dtype: "f32" }),
  // x / ‖x‖, and 0 at 0. The quotient comes first: it is at most 1.
  vjp: ({ dy, y, inputs: [x], attributes: { axes } }) => {
    const dims = keptDims(x.shape, axes);
    const whole = reshape(y, dims);
    const zero = equal(whole, literal(0));
    return [where(zero, literal(0), mul(div(x, whole), reshape(dy, dims)))];
  },
  reference: ([x], { axes }) => {
    const { shape, data } = reduceReference(x, axes, 0, (total, value) => total + value * value);
    return { shape, data: data.map(Math.sqrt) };
  },
  form: {
    kind: "kernel",
    accepts: () => true,
    kernel: ([x], [output], { axes }, target) => {
      const temporaries = [sizeOf(output.shape)];
      const source = { view: x, axes, from: { input: 0 } } as const;
      const largest: Reduction = { map: MAGNITUDE, combine: "max(a, b)", input: "f32", value: "u32" };
      const squares: Reduction = {
        map: `${SCALED} * (${SCALED})`,
        combine: "a + b",
        finish: `sqrt(total) * bitcast<f32>(${EXPONENT} << 23u)`,
        input: "f32",
        extra: { binding: { temporary: 0, access: "read" }, dtype: "u32" },
      };
      const first = reduceCalls({ ...source, to: { temporary: 0 } }, largest, target, temporaries);
      return { calls: [...first, ...reduceCalls({ ...source, to: { output: 0 } }, squares, target, temporaries)], temporaries };
    },
    fusesEpilogue: true,
  },
});

/** √Σ x² over any axes, all of them if none are named. Its gradient at 0 is 0. */
export function norm(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  requireDtype("norm", x, "f32");
  const list = normalizeAxes("norm", axes, x.shape.length);
  const shape = keepDims ? keptDims(x.shape, list) : kept(x.shape, list);
  const length = lengthOf(x.shape, list);
  if (length === 0) return sum(x, list, keepDims);
  return reshape(length === 1 ? abs(x) : makeNode(normOp, [x], { axes: list }), shape);
}
