/** Shapes, strides and NumPy's broadcasting rules. */

import type { DType } from "./dtype.ts";
import { FathomError } from "./errors.ts";

export type Shape = readonly number[];
export const MAX_RANK = 6;

/** Number of elements; 1 for a scalar, 0 where any dimension is 0. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dimension of shape) size *= dimension;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** How errors name a tensor: `f32[4,3]`. */
export function describe(type: { shape: Shape; dtype: DType }): string {
  return `${type.dtype}[${type.shape.join(",")}]`;
}

export function checkShape(what: string, shape: Shape): void {
  if (shape.length > MAX_RANK)
    throw new FathomError(
      "shape",
      `${what}: rank ${shape.length} is over the limit of ${MAX_RANK}; shape is [${shape.join(",")}]. Merge axes with reshape`,
    );
  for (const dimension of shape)
    if (!Number.isSafeInteger(dimension) || dimension < 0)
      throw new FathomError("shape", `${what}: shape [${shape.join(",")}] has ${dimension}; dimensions are whole numbers from 0`);
  if (sizeOf(shape) > 2 ** 31 - 1)
    throw new FathomError("shape", `${what}: shape [${shape.join(",")}] has ${sizeOf(shape)} elements; the limit is 2147483647`);
}

/** The common shape of two, by NumPy's rules: aligned at the last axis, a dimension of 1 stretches. */
export function broadcastShapes(what: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let axis = 0; axis < rank; axis++) {
    const da = a[axis - rank + a.length] ?? 1;
    const db = b[axis - rank + b.length] ?? 1;
    if (da !== db && da !== 1 && db !== 1)
      throw new FathomError(
        "shape",
        `${what}: shapes [${a.join(",")}] and [${b.join(",")}] do not broadcast: ${da} and ${db} differ at axis ${axis - rank} and neither is 1`,
      );
    shape[axis] = da === 1 ? db : da;
  }
  return shape;
}

/** An axis counted from the end if negative, as 0 ≤ axis < rank. */
export function normalizeAxis(what: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank)
    throw new FathomError("argument", `${what}: axis ${axis} is outside a tensor of rank ${rank}; use ${-rank} to ${rank - 1}`);
  return normal;
}

/** Sorted, distinct, non-negative axes; all of them where none are named. */
export function normalizeAxes(what: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) => normalizeAxis(what, axis, rank));
  const sorted = [...new Set(list)].sort((a, b) => a - b);
  if (sorted.length !== list.length) throw new FathomError("argument", `${what}: axes [${String(axes)}] name an axis twice`);
  return sorted;
}
