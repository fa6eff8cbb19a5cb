/** How a stack's rows are shared among workgroups and invocations, and how many of its layers one dispatch may take. */
import type { Target } from "../../graph/op.ts";

/** WebGPU's baseline of workgroup memory, in bytes. */
const WORKGROUP_BYTES = 16384;
export const MOST_WIDTH = 128;
/** Sums over rows are taken one after another. */
export const MOST_ROWS = 512;

export interface Geometry {
  /** Strips of four rows that an invocation owns. */
  readonly strips: 1 | 2 | 4;
  readonly tileRows: number;
  /** Invocations that share a row. */
  readonly laneColumns: number;
  /** Columns of four features that an invocation owns at a time. */
  readonly pieceColumns: 1 | 2;
  readonly quads: boolean;
}

/** `tiles` of [rows, width] must fit into workgroup memory; null where not even four rows do. */
export function geometryOf(width: number, rows: number, tiles: number, { adapterClass, subgroups }: Target): Geometry | null {
  const columns = Math.ceil(width / 4);
  const most = Math.floor(WORKGROUP_BYTES / (tiles * columns * 16));
  if (most < 4) return null;
  const fitting = (wanted: number): number => (most >= wanted ? wanted : most >= 8 ? 8 : 4);
  const needed = rows > 8 ? 16 : rows > 4 ? 8 : 4;
  const stripsOf = (tileRows: number): 1 | 2 | 4 => (tileRows === 16 ? 4 : tileRows === 8 ? 2 : 1);
  if (adapterClass === "software" && subgroups) {
    const tileRows = fitting(needed);
    return { strips: stripsOf(tileRows), tileRows, laneColumns: 4, pieceColumns: 2, quads: true };
  }
  if (adapterClass === "software") {
    const tileRows = fitting(Math.min(needed, 8));
    return { strips: stripsOf(tileRows), tileRows, laneColumns: 8, pieceColumns: columns > 8 ? 2 : 1, quads: false };
  }
  return { strips: 1, tileRows: fitting(needed), laneColumns: columns, pieceColumns: 1, quads: false };
}
