/** Sums of squares as shaders/lib/scaled.wgsl has them: squares · 4^exponent, the exponent from the largest magnitude. */
import { bitsOf } from "../arena/layout.ts";

export interface ScaledSquares {
  readonly exponent: number;
  readonly squares: number;
}

/** What power of two numbers are divided by, whose largest magnitude this is. */
export const exponentOf = (highest: number): number => Math.min(Math.max((bitsOf(highest) >>> 23) - 127, -126), 126);

/** Of the finite ones among the values. */
export function scaledSquares(values: Float64Array): ScaledSquares {
  const finite = values.filter(Number.isFinite);
  const exponent = exponentOf(finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  return { exponent, squares: finite.reduce((sum, value) => sum + (value * 2 ** -exponent) ** 2, 0) };
}
