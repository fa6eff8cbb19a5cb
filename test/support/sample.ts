/** What a sample of an op is: operands by shape and range, the graph built on them, and how far float32 may stray from float64. */
import type { DType } from "../../src/core/dtype.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Listed, Reference } from "../../src/graph/op.ts";
import { input } from "../../src/ops/define.ts";
import { broadcastTo, slice, transpose } from "../../src/ops/views.ts";

export interface Operand {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** Values are spread between them, −1 and 1.3 if left out, no two alike: a single one is not 0. */
  readonly low?: number;
  readonly high?: number;
  /** Values in their stead, over and over. */
  readonly values?: readonly number[];
}

/** The absolute error allowed at each element of the result. */
export type Allowed = (truth: Reference, inputs: Listed<Reference>) => (index: number) => number;

export interface Sample {
  readonly operands: readonly Operand[];
  readonly build: (...nodes: Node[]) => Node;
  readonly allowed: Allowed;
}

/** The relative rounding error of float32. */
export const EPSILON = 2 ** -24;
/** Smaller numbers may be flushed to 0. */
const LEAST_NORMAL = 2 ** -126;

/** Every value is what it is: moved, compared, or counted. */
export const exactly: Allowed = () => () => 0;

/** So many times ε of each value. */
export const within =
  (roundings: number): Allowed =>
  ({ data }) =>
  (index) =>
    roundings * EPSILON * Math.abs(data[index]!) + LEAST_NORMAL;

/** How an operand lies in memory. */
export type Layout = "contiguous" | "transposed" | "sliced" | "broadcast";
export const LAYOUTS: readonly Layout[] = ["contiguous", "transposed", "sliced", "broadcast"];

/** Distinct values that neither rise nor fall in order. `turn` makes those of several operands different. */
export function valuesOf({ dtype = "f32", low = -1, high = 1.3, values }: Operand, count: number, turn: number): Float64Array {
  if (values) return Float64Array.from({ length: count }, (_, index) => values[index % values.length]!);
  let stride = Math.max(1, Math.floor(count * 0.618));
  while (greatestCommonDivisor(stride, count) > 1) stride++;
  return Float64Array.from({ length: count }, (_, index) => {
    const part = (((index + 1) * stride + turn) % count) + 0.5 + 0.1 * turn;
    const value = low + ((high - low) * part) / count;
    return dtype === "f32" ? Math.fround(value) : Math.floor(value);
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

/** A leaf, the operand as a view of it, and the leaf's values. */
export function layOut(operand: Operand, layout: Layout, turn: number): { leaf: Node; node: Node; values: Float64Array } {
  const { shape, dtype = "f32" } = operand;
  const made = (own: Shape, look: (leaf: Node) => Node): { leaf: Node; node: Node; values: Float64Array } => {
    const leaf = input(own, dtype);
    return { leaf, node: look(leaf), values: valuesOf(operand, sizeOf(own), turn) };
  };
  if (layout === "transposed") return made([...shape].reverse(), (leaf) => transpose(leaf));
  if (layout === "sliced")
    return made(
      shape.map((size) => 2 * size + 3),
      (leaf) =>
        slice(
          leaf,
          shape.map((size) => ({ start: 3, end: 3 + 2 * size, step: 2 })),
        ),
    );
  if (layout === "broadcast" && shape.length > 0) return made([1, ...shape.slice(1)], (leaf) => broadcastTo(leaf, shape));
  return made(shape, (leaf) => leaf);
}

/** The sample's graph, its operands in that layout. */
export function prepare(
  { operands, build }: Sample,
  layout: Layout = "contiguous",
): { root: Node; operands: Node[]; values: Map<Node, Float64Array> } {
  const laidOut = operands.map((operand, turn) => layOut(operand, layout, turn));
  const nodes = laidOut.map(({ node }) => node);
  return {
    root: build(...nodes),
    operands: nodes,
    values: new Map(laidOut.map(({ leaf, values }) => [leaf, values])),
  };
}
