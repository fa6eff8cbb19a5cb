/**
 * A graph in float64 together with how far a float32 computation of it may be off: running error analysis, element by element.
 *
 * With ε = 2⁻²⁴ (half an ulp), an op that gets inputs off by e gives a result off by what those errors come to plus its own rounding:
 * - Elementwise: the largest change of the function over the corners of the inputs' intervals, plus ULPS · ε · |f|. A comparison whose inputs
 *   cross or meet within their errors may thus be off by 1, and what a `where` makes of it by the distance of its branches.
 * - Sums of products and moves, which are linear in each input with coefficients 0 and 1: f(|x| + e) − f(|x|), plus (n + 2) · ε · f(|x| + e)
 *   for n terms in whatever order.
 * - Any other kernel: as if each input element were off by e + KERNEL_ULPS · ε · max|x|, one at a time, and the changes of f added up.
 */
import { sizeOf } from "../../src/core/shape.ts";
import { type Node, topologicalOrder } from "../../src/graph/node.ts";
import type { Listed, Reference } from "../../src/graph/op.ts";
import { pickOp } from "../../src/ops/define.ts";
import { broadcastReader } from "../../src/ops/elementwise.ts";
import type { Values } from "./float64.ts";

export interface Bounded extends Reference {
  /** How far each element may be off. */
  readonly off: Float64Array;
}

const EPSILON = 2 ** -24;
/** Below the least normal number float32 may give 0. */
const FLUSHED = 2 ** -126;

/** Roundings, in ε: 1 for what WGSL rounds correctly, its bound for a quotient; functions of shaders/lib/math.wgsl stay below 16. */
const ULPS: Readonly<Record<string, number>> = { add: 1, sub: 1, mul: 1, square: 1, div: 5, reciprocal: 5 };
const EXACT = new Set([
  "neg",
  "abs",
  "copy",
  "relu",
  "greater",
  "less",
  "lessEqual",
  "greaterEqual",
  "equal",
  "notEqual",
  "where",
  "maximum",
  "minimum",
  "sign",
  "axisIndex",
  "cast",
]);
const FUNCTION_ULPS = 16;
const KERNEL_ULPS = 64;

/** Terms of a sum, by op; 0 for ops that only move numbers. */
const LINEAR: Readonly<Record<string, (inputs: Listed<Reference>, output: Reference) => number>> = {
  sum: ([x], output) => x.data.length / Math.max(1, output.data.length),
  matmul: ([a]) => a.shape.at(-1)!,
  linear: ([x]) => x.shape[1]! + 1,
  linearWeightGradient: ([dz]) => dz.shape[0]!,
  scatterRows: ([, index]) => index.data.length,
  spread: () => 0,
  concat: () => 0,
  gather: () => 0,
};

export function computeBounds(roots: readonly Node[], values: Values): Bounded[] {
  const found = new Map<Node, readonly Bounded[]>();
  for (const node of topologicalOrder(roots, (one) => values.has(one))) found.set(node, bound(node, values, found));
  return roots.map((root) => found.get(root)![0]!);
}

function bound(node: Node, values: Values, found: ReadonlyMap<Node, readonly Bounded[]>): Bounded[] {
  const given = values.get(node);
  if (given) {
    const data = Float64Array.from(given);
    return [{ shape: node.shape, data, off: new Float64Array(data.length) }];
  }
  const { op, attributes } = node;
  if (op === pickOp) return [found.get(node.inputs[0]!)![attributes.index]!];
  const inputs = node.inputs.map((input) => found.get(input)![0]!) as unknown as Listed<Bounded>;
  const apply = (list: readonly Reference[]): readonly Reference[] => {
    const made = op.reference(list as unknown as Listed<Reference>, attributes);
    return Array.isArray(made) ? made : [made as Reference];
  };
  const truths = apply(inputs);
  if (node.dtype !== "f32") return truths.map((truth) => ({ ...truth, off: new Float64Array(truth.data.length) }));
  const { kind } = op.form;
  if (inputs.length === 0)
    return truths.map((truth) => ({ ...truth, off: truth.data.map((value) => Math.abs(value - Math.fround(value))) }));
  if (kind === "elementwise") return [corners(op.name, inputs, truths[0]!, apply)];
  if (kind === "view" || op.name in LINEAR) return linear(kind === "view" ? 0 : null, op.name, inputs, truths, apply);
  return oneByOne(inputs, truths, apply);
}

interface Reader {
  readonly read: (index: number) => number;
  readonly off: (index: number) => number;
}

type Apply = (inputs: readonly Reference[]) => readonly Reference[];

/** The change of an elementwise function over all corners of the inputs' intervals. */
function corners(name: string, inputs: Listed<Bounded>, truth: Reference, apply: Apply): Bounded {
  const off = new Float64Array(truth.data.length);
  const uncertain = inputs.filter(({ off: own }) => own.some((value) => value > 0));
  for (let corner = 0; corner < 3 ** uncertain.length; corner++) {
    const moved = inputs.map((input) => {
      const at = uncertain.indexOf(input);
      if (at < 0) return input;
      const direction = (Math.floor(corner / 3 ** at) % 3) - 1;
      return { shape: input.shape, data: input.data.map((value, index) => value + direction * input.off[index]!) };
    });
    for (const [index, value] of apply(moved)[0]!.data.entries()) off[index] = Math.max(off[index]!, Math.abs(value - truth.data[index]!));
  }
  // Equality holds at no corner, and may hold between them.
  if (name === "equal" || name === "notEqual") {
    const [a, b] = inputs.map((input) => ({
      read: broadcastReader(input, truth.shape),
      off: broadcastReader({ shape: input.shape, data: input.off }, truth.shape),
    })) as [Reader, Reader];
    for (const index of off.keys()) {
      const room = a.off(index) + b.off(index);
      if (room > 0 && Math.abs(a.read(index) - b.read(index)) <= room) off[index] = 1;
    }
  }
  const ulps = EXACT.has(name) ? 0 : (ULPS[name] ?? FUNCTION_ULPS);
  return { ...truth, off: off.map((value, index) => value + ulps * (EPSILON * Math.abs(truth.data[index]!) + FLUSHED)) };
}

function linear(terms: 0 | null, name: string, inputs: Listed<Bounded>, truths: readonly Reference[], apply: Apply): Bounded[] {
  const magnitude = (withErrors: boolean): readonly Reference[] =>
    apply(
      inputs.map(({ shape, data, off }) => ({
        shape,
        data: isIndex(name, data, shape, inputs) ? data : data.map((value, index) => Math.abs(value) + (withErrors ? off[index]! : 0)),
      })),
    );
  const [most, plain] = [magnitude(true), magnitude(false)];
  return truths.map((truth, output) => {
    const count = terms ?? LINEAR[name]!(inputs, truth);
    const rounding = count === 0 ? 0 : (count + 2) * EPSILON;
    return {
      ...truth,
      off: most[output]!.data.map((value, index) => value - plain[output]!.data[index]! + rounding * value + (count === 0 ? 0 : FLUSHED)),
    };
  });
}

/** Indices must stay what they are. */
function isIndex(name: string, data: Float64Array, _shape: readonly number[], inputs: Listed<Bounded>): boolean {
  return (name === "gather" || name === "scatterRows") && inputs[1].data === data;
}

function oneByOne(inputs: Listed<Bounded>, truths: readonly Reference[], apply: Apply): Bounded[] {
  const offs = truths.map(({ data }) => data.map((value) => KERNEL_ULPS * (EPSILON * Math.abs(value) + FLUSHED)));
  for (const [position, { shape, data, off }] of inputs.entries()) {
    // Whole numbers without an error are labels.
    if (sizeOf(shape) > 0 && data.every(Number.isInteger) && off.every((value) => value === 0)) continue;
    const rounding = KERNEL_ULPS * EPSILON * data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const element of data.keys()) {
      const moved = inputs.map((input, at) =>
        at === position ? { shape, data: data.with(element, data[element]! + off[element]! + rounding) } : input,
      );
      for (const [output, { data: changed }] of apply(moved).entries())
        for (const [index, value] of changed.entries()) offs[output]![index]! += Math.abs(value - truths[output]!.data[index]!);
    }
  }
  return truths.map((truth, output) => ({ ...truth, off: offs[output]! }));
}
