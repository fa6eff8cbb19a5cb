/** GPU buffers, counted, and kept for reuse when they are given back. */
import type { Gpu } from "./device.ts";

// GPUBufferUsage by value: Dawn in Node has no such global.
export const USAGE = { MAP_READ: 0x1, COPY_SRC: 0x4, COPY_DST: 0x8, UNIFORM: 0x40, STORAGE: 0x80 } as const;
export const TENSOR_USAGE = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;

/** Bytes of freed buffers that are kept rather than destroyed. */
const MOST_KEPT = 64 * 1024 * 1024;

export interface BufferCounts {
  /** In use now. */
  readonly buffers: number;
  readonly bytes: number;
  /** createBuffer calls since the engine was opened. */
  readonly created: number;
}

export class Buffers {
  private readonly kept = new Map<string, GPUBuffer[]>();
  private keptBytes = 0;
  private live = 0;
  private liveBytes = 0;
  private created = 0;
  private readonly gpu: Gpu;

  constructor(gpu: Gpu) {
    this.gpu = gpu;
  }

  get counts(): BufferCounts {
    return { buffers: this.live, bytes: this.liveBytes, created: this.created };
  }

  /** At least `bytes` bytes; what they hold is not defined unless `zeroed`. */
  take(bytes: number, usage: GPUBufferUsageFlags, zeroed = false): GPUBuffer {
    const size = bucket(bytes);
    const key = `${usage}:${size}`;
    const list = zeroed ? undefined : this.kept.get(key);
    let buffer = list?.pop();
    if (buffer) this.keptBytes -= size;
    else {
      buffer = this.gpu.device.createBuffer({ size, usage });
      this.created++;
    }
    this.live++;
    this.liveBytes += size;
    return buffer;
  }

  give(buffer: GPUBuffer): void {
    const { size, usage } = buffer;
    this.live--;
    this.liveBytes -= size;
    if (this.keptBytes + size > MOST_KEPT) {
      buffer.destroy();
      return;
    }
    const key = `${usage}:${size}`;
    const list = this.kept.get(key);
    if (list) list.push(buffer);
    else this.kept.set(key, [buffer]);
    this.keptBytes += size;
  }

  /** Ends one that must not be used again. */
  discard(buffer: GPUBuffer): void {
    this.live--;
    this.liveBytes -= buffer.size;
    buffer.destroy();
  }

  /** Ends those that are kept for reuse. */
  clear(): void {
    for (const list of this.kept.values()) for (const buffer of list) buffer.destroy();
    this.kept.clear();
    this.keptBytes = 0;
  }
}

/** Sizes are rounded up, so that few distinct ones exist: 256 bytes, then eighths of a power of two. */
function bucket(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(bytes)) - 3));
  return Math.ceil(bytes / step) * step;
}
