/** Warm-up until stable: caches, clocks and compilers settle before the first sample counts. */
import { median } from "./bootstrap.ts";

/** Times that are compared with as many before them. */
const WINDOW = 3;
/** By how much their medians may differ. */
const TOLERANCE = 0.05;
/** A machine that never comes to rest is measured all the same, and its entry says so. */
export const MOST_WARM_UPS = 15;

/** Whether the last times are as those before them. */
export function isStable(times: readonly number[]): boolean {
  if (times.length < 2 * WINDOW) return false;
  const last = median(times.slice(-WINDOW));
  const before = median(times.slice(-2 * WINDOW, -WINDOW));
  return Math.abs(last / before - 1) <= TOLERANCE;
}
