/** The parameter arena: where each parameter lies in one buffer, and the tables by which one kernel walks them all. */
import { type Shape, sizeOf } from "../core/shape.ts";
import type { NamedParameter } from "../nn/collect.ts";
import type { Role } from "../nn/module.ts";
import { bitsOf, CHUNK } from "../ops/arena/layout.ts";
import type { GroupFactors } from "../optim/groups.ts";

/** Elements; 256 bytes, the alignment of a binding. The padding between segments stays zero. */
const SEGMENT_ALIGNMENT = 64;
/** Elements that one workgroup takes. */
const MOST_CHUNK = 4096;
export const ROLE_CODES = { weight: 0, bias: 1, normScale: 2, normShift: 3, activation: 4, residualScale: 5 } as const satisfies Record<
  Role,
  number
>;

/** A factor of 1, as a word of the chunk table. */
const ONE = bitsOf(1);

/** One parameter tensor in the arena; elements. */
export interface Segment {
  readonly name: string;
  readonly role: Role;
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
}

export interface Arena {
  readonly segments: readonly Segment[];
  /** Elements in all, padding included; at least one alignment, because a buffer cannot be empty. */
  readonly size: number;
  readonly chunkCount: number;
  readonly chunks: Uint32Array;
  /** Two words a segment: its first chunk, and how many it has. */
  readonly segmentTable: Uint32Array;
}

/** The chunk table with the factors of each segment's group. */
export function groupedChunks({ chunks }: Arena, factors: readonly GroupFactors[]): Uint32Array {
  const grouped = chunks.slice();
  for (let chunk = 0; chunk < grouped.length; chunk += CHUNK.words) {
    const { rate, decay } = factors[grouped[chunk + CHUNK.segment]!]!;
    grouped[chunk + CHUNK.rateFactor] = bitsOf(rate);
    grouped[chunk + CHUNK.decayFactor] = bitsOf(decay);
  }
  return grouped;
}

/** Of the segment that has the most. */
export const mostChunks = ({ segmentTable }: Arena): number =>
  segmentTable.reduce((most, word, at) => (at % 2 === 1 ? Math.max(most, word) : most), 0);

const align = (size: number): number => Math.ceil(size / SEGMENT_ALIGNMENT) * SEGMENT_ALIGNMENT;

export function layOutArena(parameters: readonly Pick<NamedParameter, "name" | "role" | "shape">[]): Arena {
  const segments: Segment[] = [];
  let end = 0;
  for (const { name, role, shape } of parameters) {
    const size = sizeOf(shape);
    segments.push({ name, role, shape, offset: end, size });
    end = align(end + size);
  }
  const chunkCount = segments.reduce((count, { size }) => count + Math.ceil(size / MOST_CHUNK), 0);
  const chunks = new Uint32Array(CHUNK.words * chunkCount);
  const segmentTable = new Uint32Array(2 * segments.length);
  let chunk = 0;
  for (const [index, { role, shape, offset, size }] of segments.entries()) {
    segmentTable[2 * index] = chunk;
    segmentTable[2 * index + 1] = Math.ceil(size / MOST_CHUNK);
    // A row is what feeds one output; a vector is one row.
    const rowLength = shape.length > 1 ? size / shape[0]! : size;
    for (let done = 0; done < size; done += MOST_CHUNK, chunk++)
      chunks.set([offset + done, Math.min(MOST_CHUNK, size - done), index, ROLE_CODES[role], rowLength, 0, ONE, ONE], chunk * CHUNK.words);
  }
  return { segments, size: Math.max(end, SEGMENT_ALIGNMENT), chunkCount, chunks, segmentTable };
}
