/** The row table: how kernels walk the parameter arena row by row, a row being what feeds one output of a matrix, or a whole vector. */
import { CHUNK } from "../ops/arena/layout.ts";
import { ROW_TILE } from "../ops/arena/rows.ts";
import { lanesFor } from "../ops/lanes.ts";
import type { Arena } from "./arena.ts";

/** Elements that one workgroup takes, where a row is not longer. */
const MOST_TILE = 4096;
/** Invocations that may share a row, on the widest workgroup; a narrower one takes what it has. */
const MOST_LANES = 256;

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
