/** Muon's stacks: matrices of one shape one behind the other, so that one dispatch multiplies them all. */
import { CHUNK, NONE } from "../ops/arena/layout.ts";
import type { Stack } from "../ops/arena/muon.ts";
import type { GroupFactors } from "../optim/groups.ts";
import { isMatrix, type Muon, stepScale } from "../optim/muon.ts";
import type { Segment } from "./arena.ts";

export interface MuonStacks {
  readonly stacks: readonly Stack[];
  /** Elements in all. */
  readonly size: number;
  /** Where each parameter's matrix begins; null for one that is not orthogonalised, or frozen. */
  readonly begins: readonly (number | null)[];
}

/** Elements: the alignment of a binding. */
const ALIGNMENT = 64;

export function layOutStacks({ adjust }: Muon, segments: readonly Segment[], factors: readonly GroupFactors[]): MuonStacks {
  const shapes = new Map<string, { rows: number; columns: number; members: number[] }>();
  for (const [index, segment] of segments.entries()) {
    if (!isMatrix(segment) || factors[index]!.rate === 0) continue;
    const rows = segment.shape[0]!;
    const columns = segment.size / rows;
    const key = `${rows}×${columns}`;
    const shape = shapes.get(key) ?? { rows, columns, members: [] };
    shape.members.push(index);
    shapes.set(key, shape);
  }
  const begins: (number | null)[] = segments.map(() => null);
  let size = 0;
  const stacks = [...shapes.values()].map(({ rows, columns, members }): Stack => {
    const offset = size;
    for (const [place, member] of members.entries()) begins[member] = offset + place * rows * columns;
    size = Math.ceil((offset + members.length * rows * columns) / ALIGNMENT) * ALIGNMENT;
    return { rows, columns, count: members.length, offset, scale: stepScale(adjust, rows, columns) };
  });
  return { stacks, size, begins };
}

/** The chunk table with the place in the stacks of each chunk's first element. */
export function stackedChunks(chunks: Uint32Array, segments: readonly Segment[], { begins }: MuonStacks): Uint32Array {
  const stacked = chunks.slice();
  for (let chunk = 0; chunk < stacked.length; chunk += CHUNK.words) {
    const segment = stacked[chunk + CHUNK.segment]!;
    const begin = begins[segment]!;
    stacked[chunk + CHUNK.stack] = begin === null ? NONE : begin + stacked[chunk + CHUNK.offset]! - segments[segment]!.offset;
  }
  return stacked;
}
