/** How kernels that reduce share their work among the invocations of a workgroup (shaders/lib/lanes.wgsl). */
import { FathomError } from "../core/errors.ts";
import type { Target } from "../graph/op.ts";

/**
 * Rounds of loops that an invocation may go on a software adapter. Lavapipe (Firefox without a GPU) ends all loops of an invocation that has
 * gone 65,536 in all, without a word, and goes on with what it has. A loop of n rounds counts as n + 1.
 */
export const MOST_ROUNDS = 60_000;

/** Refuses what an invocation would go too many rounds for. */
export function requireRounds(what: string, rounds: number, { adapterClass }: Target, remedy: string): void {
  if (adapterClass === "software" && rounds > MOST_ROUNDS)
    throw new FathomError(
      "limits-too-small",
      `${what}: takes ${Math.ceil(rounds)} rounds of an invocation's loops, and software adapters end them past ${MOST_ROUNDS}. ${remedy}`,
    );
}

/**
 * Invocations of a workgroup that shares `rounds` of loops, at most `most` of them: on software as many, from four on, as leave none too
 * many rounds. What even `most` cannot share is refused.
 */
export function sharingSize(what: string, rounds: number, target: Target, remedy: string, most = 256): number {
  let size = workgroupSize(target);
  if (target.adapterClass === "software") while (size < most && rounds / size > MOST_ROUNDS) size *= 2;
  requireRounds(what, rounds / size, target, remedy);
  return size;
}

/** Elements of a line past which it is shared by as many invocations on any adapter. */
export const LONG_LINE = 16_384;

/**
 * Invocations of a workgroup with barriers. A software adapter runs four at once, one to a lane of the processor's vectors; a workgroup of
 * more has to be suspended and resumed at every barrier, which costs fifty times as much (64 invocations) as having four do all the work. Four would
 * take too long for lines of `length` elements past LONG_LINE.
 */
export const workgroupSize = ({ adapterClass }: Target, length = 0): number =>
  adapterClass === "software" && length <= LONG_LINE ? 4 : 256;

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
