/** The row table: how kernels walk the parameter arena row by row, a row being what feeds one output of a matrix, or a whole vector. */
import { CHUNK, ROLE_WEIGHT } from "../ops/arena/layout.ts";
import { ROW_TILE } from "../ops/arena/rows.ts";
import { lanesFor } from "../ops/lanes.ts";
import type { Arena } from "./arena.ts";

/** Elements that one workgroup takes, where a row is not longer. */
const MOST_TILE = 4096;
/** Invocations that may share a row, on the widest workgroup; a narrower one takes what it has. */
const MOST_LANES = 256;

/** Elements of the longest row, of all parameters or of weights alone. */
export function longestRow({ chunks }: Arena, of: "all" | "weights"): number {
  let longest = 0;
  for (let at = 0; at < chunks.length; at += CHUNK.words)
    if (of === "all" || chunks[at + CHUNK.role] === ROLE_WEIGHT) longest = Math.max(longest, chunks[at + CHUNK.rowLength]!);
  return longest;
}

/** ROW_TILE words for each workgroup's rows. */
export function rowTable({ segments, chunks, segmentTable }: Arena): Uint32Array<ArrayBuffer> {
  const words: number[] = [];
  for (const [index, { offset, size }] of segments.entries()) {
    if (size === 0) continue;
    const chunk = segmentTable[2 * index]!;
    const length = chunks[CHUNK.words * chunk + CHUNK.rowLength]!;
    const most = Math.max(1, Math.floor(MOST_TILE / length));
    for (let row = 0; row < size / length; row += most) {
      const rows = Math.min(most, size / length - row);
      words.push(offset + row * length, rows, length, lanesFor(length, rows, MOST_LANES), chunk);
    }
  }
  return Uint32Array.from(words.length === 0 ? new Array<number>(ROW_TILE.words).fill(0) : words);
}
