/** Pools for what lives only inside a plan: two values share memory if they are never alive together. */
import { alignUp } from "./types.ts";

export interface Placement {
  readonly pool: number;
  readonly offset: number;
  readonly bytes: number;
}

interface Pool {
  bytes: number;
  readonly persistent: boolean;
  /** Free ranges below `bytes`, sorted, never touching. */
  readonly free: { offset: number; bytes: number }[];
}

/** Bytes past which a pool is not grown: the baseline limit of a buffer. */
const MOST_BYTES = 256 * 1024 * 1024;

export class Pools {
  readonly list: Pool[] = [];
  private live = 0;
  private most = 0;

  /** The most bytes that were taken and not released at one time. */
  get peak(): number {
    return this.most;
  }

  private count(bytes: number): void {
    this.live += bytes;
    this.most = Math.max(this.most, this.live);
  }

  /** A buffer of its own for one value, zeroed when made and never reused. */
  persistent(bytes: number): Placement {
    this.list.push({ bytes: alignUp(bytes), persistent: true, free: [] });
    this.count(alignUp(bytes));
    return { pool: this.list.length - 1, offset: 0, bytes: alignUp(bytes) };
  }

  /** A range outside the pools `avoid`: a dispatch may not read and write one buffer. */
  take(bytes: number, avoid: ReadonlySet<number>): Placement {
    const size = alignUp(Math.max(bytes, 4));
    this.count(size);
    let grown = -1;
    for (const [pool, { free, persistent, bytes: total }] of this.list.entries()) {
      if (persistent || avoid.has(pool)) continue;
      const at = free.findIndex((range) => range.bytes >= size);
      if (at >= 0) {
        const range = free[at]!;
        const { offset } = range;
        range.offset += size;
        range.bytes -= size;
        if (range.bytes === 0) free.splice(at, 1);
        return { pool, offset, bytes: size };
      }
      if (grown < 0 && total + size <= MOST_BYTES) grown = pool;
    }
    if (grown < 0) grown = this.list.push({ bytes: 0, persistent: false, free: [] }) - 1;
    const pool = this.list[grown]!;
    const offset = pool.bytes;
    pool.bytes += size;
    return { pool: grown, offset, bytes: size };
  }

  release({ pool, offset, bytes }: Placement): void {
    const { free, persistent } = this.list[pool]!;
    if (persistent) return;
    this.live -= bytes;
    let at = free.findIndex((range) => range.offset > offset);
    if (at < 0) at = free.length;
    free.splice(at, 0, { offset, bytes });
    const next = free[at + 1];
    if (next && offset + bytes === next.offset) {
      free[at]!.bytes += next.bytes;
      free.splice(at + 1, 1);
    }
    const before = free[at - 1];
    if (before && before.offset + before.bytes === offset) {
      before.bytes += free[at]!.bytes;
      free.splice(at, 1);
    }
  }
}
