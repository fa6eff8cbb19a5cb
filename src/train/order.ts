/** The order of the data: which epoch permutations must lie on the GPU for a step, and where its batch begins among them. */
import { permutation } from "../core/random.ts";

export type Order = "shuffled" | "sequential";

/**
 * Batches run on across epochs: row i of step k is position p = k·batch + i of the endless sequence of epochs. The table on the GPU holds a
 * few epochs; p lies at p mod (epochs · count).
 */
export class DataOrder {
  readonly count: number;
  readonly batchSize: number;
  readonly kind: Order;
  readonly seed: number;
  /** Epochs that lie on the GPU together: two, or as many as one batch can touch. */
  readonly slots: number;
  /** Which epoch each slot holds. */
  private readonly held: number[];

  constructor(kind: Order, count: number, batchSize: number, seed: number) {
    this.kind = kind;
    this.count = count;
    this.batchSize = batchSize;
    this.seed = seed;
    this.slots = Math.max(2, Math.ceil(batchSize / count) + 1);
    this.held = new Array<number>(this.slots).fill(-1);
  }

  /** Length of the table, in rows. */
  get size(): number {
    return this.slots * this.count;
  }

  /** Where in the table the step's batch begins. Exact for every step below 2⁵³ / batchSize. */
  start(step: number): number {
    return (step * this.batchSize) % this.size;
  }

  epochOf(step: number): number {
    return Math.floor((step * this.batchSize) / this.count);
  }

  /** Hands `write` the permutations that the step needs and that are not there yet, each with its place in the table. */
  prepare(step: number, write: (order: Uint32Array, offset: number) => void): void {
    const last = Math.floor(((step + 1) * this.batchSize - 1) / this.count);
    for (let epoch = this.epochOf(step); epoch <= last; epoch++) {
      const slot = epoch % this.slots;
      if (this.held[slot] === epoch || (this.kind === "sequential" && this.held[slot]! >= 0)) continue;
      this.held[slot] = epoch;
      write(this.permutation(epoch), slot * this.count);
    }
  }

  private permutation(epoch: number): Uint32Array {
    return this.kind === "sequential"
      ? Uint32Array.from({ length: this.count }, (_, index) => index)
      : permutation(this.count, this.seed, epoch);
  }
}
