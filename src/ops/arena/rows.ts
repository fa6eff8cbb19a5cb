/** A record of the row table, which arena kernels that work row by row share, and, in float64, what it lists. */
import type { Target } from "../../graph/op.ts";
import { sharingSize } from "../lanes.ts";
import { CHUNK } from "./layout.ts";

/** A record of "rows" u32[5 · tiles]: rows of one parameter tensor for one workgroup. Lanes are invocations that share a row; the chunk is the parameter's first. */
export const ROW_TILE = { words: 5, offset: 0, rows: 1, length: 2, lanes: 3, chunk: 4 } as const;

/** Invocations of a workgroup that goes `passes` times over rows of at most `longest` elements. */
export const rowsSize = (what: string, longest: number, passes: number, target: Target, remedy: string): number =>
  sharingSize(`${what} over a row of ${longest} elements`, passes * longest, target, remedy);

export interface Row {
  readonly tile: number;
  readonly begin: number;
  readonly end: number;
  readonly role: number;
  /** Bits of the group's factor; 0 for a frozen parameter. */
  readonly rateFactor: number;
}

/** Every row of the table. */
export function eachRow(table: Float64Array, chunks: Float64Array, visit: (row: Row) => void): void {
  for (let tile = 0; tile < table.length / ROW_TILE.words; tile++) {
    const word = (of: number): number => table[tile * ROW_TILE.words + of]!;
    const chunk = word(ROW_TILE.chunk) * CHUNK.words;
    for (let row = 0; row < word(ROW_TILE.rows); row++) {
      const begin = word(ROW_TILE.offset) + row * word(ROW_TILE.length);
      visit({
        tile,
        begin,
        end: begin + word(ROW_TILE.length),
        role: chunks[chunk + CHUNK.role]!,
        rateFactor: chunks[chunk + CHUNK.rateFactor]!,
      });
    }
  }
}

/** The norm of a row, also where its squares are beyond float64; NaN and infinity where they are in it. */
export function rowNorm(values: Float64Array): number {
  const highest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (highest === 0 || !Number.isFinite(highest)) return highest;
  return highest * Math.sqrt(values.reduce((sum, value) => sum + (value / highest) ** 2, 0));
}
