/** Which part of a ring is copied for a read: one record, or all of it. Two sizes only, so that their staging memory is made once. */
import type { TypedArray } from "../core/dtype.ts";
import type { Stretch } from "./loop.ts";
import type { StateBuffer } from "./runtime.ts";

export class RingReader {
  private readonly ring: StateBuffer;
  private readonly slots: number;
  private readonly words: number;

  constructor({ ring, slots, recordWords }: { readonly ring: StateBuffer; readonly slots: number; readonly recordWords: number }) {
    this.ring = ring;
    this.slots = slots;
    this.words = recordWords;
  }

  range({ from, count }: Stretch): { state: StateBuffer; offset: number; length: number } {
    if (count === 1) return { state: this.ring, offset: (from % this.slots) * this.words, length: this.words };
    return { state: this.ring, offset: 0, length: this.slots * this.words };
  }

  /** The records of the stretch, out of what its range has brought. A stretch never wraps around the ring. */
  pick(read: TypedArray, { from, count }: Stretch): Uint32Array {
    const all = read as Uint32Array;
    if (count === 1) return all;
    const begin = (from % this.slots) * this.words;
    return all.subarray(begin, begin + count * this.words);
  }
}
