/** What a plan's kernels may know of the buffers that they will be bound to. */
import type { PlanDispatch, PlanKernel } from "./types.ts";

/** The kernels, each with the least that its bindings have in any of the dispatches. */
export function withSizes(kernels: readonly PlanKernel[], dispatches: readonly PlanDispatch[]): PlanKernel[] {
  const sizes = kernels.map(({ access }) => access.map(() => Number.POSITIVE_INFINITY));
  for (const { kernel, bindings } of dispatches)
    for (const [at, { size }] of bindings.entries()) sizes[kernel]![at] = Math.min(sizes[kernel]![at]!, size);
  return kernels.map((kernel, index) => ({ ...kernel, sizes: sizes[index]! }));
}
