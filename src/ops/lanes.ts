/** How kernels that reduce share their work among the invocations of a workgroup (shaders/lib/lanes.wgsl). */
import type { Target } from "../graph/op.ts";

/**
 * Invocations of a workgroup with barriers. A software adapter runs four at once, one to a lane of the processor's vectors; a workgroup of
 * more has to be suspended and resumed at every barrier, which costs fifty times as much (64 invocations) as having four do all the work.
 */
export const workgroupSize = ({ adapterClass }: Target): number => (adapterClass === "software" ? 4 : 256);

/** Elements that an invocation takes one after another before it is worth sharing them. */
const SERIAL = 8;

/** How many invocations, a power of two, share a line of `length` elements. */
export function lanesFor(length: number, lines: number, size: number): number {
  // Many short lines keep all invocations busy without a barrier.
  if (length <= 4 * SERIAL && lines >= size) return 1;
  let lanes = 1;
  while (lanes < size && lanes * SERIAL < length) lanes *= 2;
  return lanes;
}
