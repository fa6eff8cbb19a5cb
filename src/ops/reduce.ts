/** Reductions over any axes beyond the sum: mean, extremes, variance. Norm and argmax have files of their own. */
import { FathomError } from "../core/errors.ts";
import { describe, normalizeAxes, normalizeAxis, type Shape, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { argmax, argmin } from "./argReduce.ts";
import { div, mul, sub } from "./binary.ts";
import { broadcastTo, keptDims, reduceReference, sum, sumOp, sumTo } from "./broadcast.ts";
import { equal, where } from "./compare.ts";
import { defineOp, literal, requireDtype, scalar } from "./define.ts";
import { axisIndex } from "./indices.ts";
import { reshape, unsqueeze } from "./layout.ts";
import { type Reduction, reduceCalls, reduceKernel } from "./reduceKernel.ts";

export { sum, sumOp, sumTo };

type Axes = number | readonly number[];

interface AxesAttributes {
  readonly axes: readonly number[];
}

export const kept = (shape: Shape, axes: readonly number[]): number[] => shape.filter((_, axis) => !axes.includes(axis));
export const lengthOf = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis]!));

/** Σ x / n; NaN where there is nothing to average, as PyTorch has it. */
export function mean(x: Node, axes?: Axes, keepDims = false): Node {
  requireDtype("mean", x, "f32");
  const list = normalizeAxes("mean", axes, x.shape.length);
  const length = lengthOf(x.shape, list);
  const total = sum(x, list, keepDims);
  return length === 0 ? broadcastTo(scalar(Number.NaN), total.shape) : mul(total, literal(1 / length));
}

type Extreme = "amax" | "amin";

const LARGER: Record<Extreme, (dtype: "f32" | "i32" | "u32") => Omit<Reduction, "input">> = {
  amax: (dtype) => ({ map: "v", combine: dtype === "f32" ? `select(b, a, a > b || ${IS_NAN})` : "max(a, b)" }),
  amin: (dtype) => ({ map: "v", combine: dtype === "f32" ? `select(b, a, a < b || ${IS_NAN})` : "min(a, b)" }),
};
/** Comparisons with NaN are false: where b is NaN it is chosen anyway, and where a is, by its bits. */
const IS_NAN = "(bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u";

const EXTREMES = { amax: Math.max, amin: Math.min } satisfies Record<Extreme, (a: number, b: number) => number>;

function extremeRecord(name: string, kind: Extreme, fusesEpilogue: boolean, vjp: Op<AxesAttributes>["vjp"]): Op<AxesAttributes> {
  return defineOp<AxesAttributes>({
    name,
    infer: ([x], { axes }) => ({ shape: kept(x.shape, axes), dtype: x.dtype }),
    vjp,
    reference: ([x], { axes }) =>
      reduceReference(x, axes, kind === "amax" ? -Infinity : Infinity, (best, value) => EXTREMES[kind](best, value)),
    form: {
      kind: "kernel",
      accepts: () => true,
      kernel: ([x], _outputs, { axes }, target) => reduceKernel(x, axes, { ...LARGER[kind](x.dtype), input: x.dtype }, target),
      fusesEpilogue,
    },
  });
}

/** All that are extreme share the gradient evenly. */
const sharedGradient: Op<AxesAttributes>["vjp"] = ({ dy, y, inputs: [x], attributes: { axes } }) => {
  const dims = keptDims(x.shape, axes);
  const mask = equal(x, reshape(y, dims));
  return [where(mask, div(reshape(dy, dims), sum(mask, axes, true)), literal(0))];
};

/** The first of those that are extreme has it. */
const firstGradient =
  (position: (x: Node, axis: number) => Node): Op<AxesAttributes>["vjp"] =>
  ({ dy, inputs: [x], attributes: { axes } }) => {
    const axis = axes[0]!;
    const chosen = equal(axisIndex(x.shape, axis), unsqueeze(position(x, axis), axis));
    return [where(chosen, unsqueeze(dy, axis), literal(0))];
  };

export const amaxOp = extremeRecord("amax", "amax", true, sharedGradient);
export const aminOp = extremeRecord("amin", "amin", true, sharedGradient);
export const maxOp = extremeRecord("max", "amax", true, firstGradient(argmax));
export const minOp = extremeRecord("min", "amin", true, firstGradient(argmin));
export const integerMaxOp = extremeRecord("integerMax", "amax", false, "nondifferentiable");
export const integerMinOp = extremeRecord("integerMin", "amin", false, "nondifferentiable");

function extreme(
  what: string,
  float: Op<AxesAttributes>,
  integer: Op<AxesAttributes>,
  x: Node,
  axes: readonly number[],
  keepDims: boolean,
): Node {
  const shape = keepDims ? keptDims(x.shape, axes) : kept(x.shape, axes);
  if (lengthOf(x.shape, axes) === 0 && sizeOf(shape) > 0)
    throw new FathomError(
      "shape",
      `${what}: axes [${axes.join(",")}] of ${describe(x)} are empty, and nothing is the ${what} of no elements`,
    );
  const node = lengthOf(x.shape, axes) === 1 ? x : makeNode(x.dtype === "f32" ? float : integer, [x], { axes });
  return reshape(node, shape);
}

/** The largest over any axes, all of them if none are named; equal ones share the gradient. NaN where there is one. */
export function amax(x: Node, axes?: Axes, keepDims = false): Node {
  return extreme("amax", amaxOp, integerMaxOp, x, normalizeAxes("amax", axes, x.shape.length), keepDims);
}

/** The smallest over any axes, all of them if none are named; equal ones share the gradient. NaN where there is one. */
export function amin(x: Node, axes?: Axes, keepDims = false): Node {
  return extreme("amin", aminOp, integerMinOp, x, normalizeAxes("amin", axes, x.shape.length), keepDims);
}

/** The largest along one axis; the first of equal ones has the gradient. Without an axis, that of all elements, as `amax` gives it. */
export function max(x: Node, axis?: number, keepDims = false): Node {
  if (axis === undefined) return amax(x, undefined, keepDims);
  return extreme("max", maxOp, integerMaxOp, x, [normalizeAxis("max", axis, x.shape.length)], keepDims);
}

/** The smallest along one axis; the first of equal ones has the gradient. Without an axis, that of all elements, as `amin` gives it. */
export function min(x: Node, axis?: number, keepDims = false): Node {
  if (axis === undefined) return amin(x, undefined, keepDims);
  return extreme("min", minOp, integerMinOp, x, [normalizeAxis("min", axis, x.shape.length)], keepDims);
}

/** Σ (x − mean)² / divisor, in two passes: the mean is taken first, so that a large one does not swallow a small spread. */
export const varianceOp = defineOp<AxesAttributes & { readonly divisor: number }>({
  name: "variance",
  infer: ([x], { axes }) => ({ shape: kept(x.shape, axes), dtype: "f32" }),
  // 2·(x − mean) / divisor; what the mean passes on sums to zero
  vjp: ({ dy, inputs: [x], attributes: { axes, divisor } }) => [
    mul(mul(sub(x, mean(x, axes, true)), literal(2 / divisor)), reshape(dy, keptDims(x.shape, axes))),
  ],
  reference: ([x], { axes, divisor }) => {
    const length = lengthOf(x.shape, axes);
    const means = reduceReference(x, axes, 0, (total, value) => total + value).data.map((total) => total / length);
    return reduceReference(x, axes, 0, (total, value, output) => total + (value - means[output]!) ** 2 / divisor);
  },
  form: {
    kind: "kernel",
    accepts: () => true,
    kernel: ([x], [output], { axes, divisor }, target) => {
      const temporaries = [sizeOf(output.shape)];
      const source = { view: x, axes, from: { input: 0 } } as const;
      const inverse = `f32(${1 / lengthOf(x.shape, axes)})`;
      const meanCalls = reduceCalls(
        { ...source, to: { temporary: 0 } },
        { map: "v", combine: "a + b", finish: `total * ${inverse}`, input: "f32" },
        target,
        temporaries,
      );
      const spread: Reduction = {
        map: "(v - extras[o]) * (v - extras[o])",
        combine: "a + b",
        finish: `total * f32(${1 / divisor})`,
        input: "f32",
        extra: { binding: { temporary: 0, access: "read" }, dtype: "f32" },
      };
      return { calls: [...meanCalls, ...reduceCalls({ ...source, to: { output: 0 } }, spread, target, temporaries)], temporaries };
    },
    fusesEpilogue: true,
  },
});

/** Σ (x − mean)² / (n − correction) over any axes; a correction of 1 (default) estimates the variance of what x is a sample of. */
export function variance(x: Node, axes?: Axes, options: { readonly correction?: number; readonly keepDims?: boolean } = {}): Node {
  requireDtype("variance", x, "f32");
  const { correction = 1, keepDims = false } = options;
  const list = normalizeAxes("variance", axes, x.shape.length);
  const shape = keepDims ? keptDims(x.shape, list) : kept(x.shape, list);
  const divisor = lengthOf(x.shape, list) - correction;
  if (divisor <= 0) {
    // 0/0, or a sum of squares by nothing: PyTorch's NaN, or infinity.
    const total = lengthOf(x.shape, list) > 0 ? variance(x, list, { correction: 0, keepDims: true }) : sum(x, list, true);
    return reshape(div(total, broadcastTo(scalar(0), total.shape)), shape);
  }
  return reshape(makeNode(varianceOp, [x], { axes: list, divisor }), shape);
}
