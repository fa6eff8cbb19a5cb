/** GPU buffers, counted, and kept for reuse when they are given back. */
import { FathomError } from "../core/errors.ts";
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
  /** Those that are not destroyed. */
  private readonly all = new Set<GPUBuffer>();
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

  /** One for each size, for tensors; none at all where one is too large. */
  takeAll(sizes: readonly number[]): GPUBuffer[] {
    this.checkSizes(sizes);
    return sizes.map((bytes) => this.take(bytes, TENSOR_USAGE));
  }

  /** Throws where one of them could not be made. */
  checkSizes(sizes: readonly number[]): void {
    const { maxBufferSize } = this.gpu.device.limits;
    for (const bytes of sizes)
      if (bytes > maxBufferSize)
        throw new FathomError(
          "out-of-memory",
          `a buffer of ${bytes} bytes is over this GPU's limit of ${maxBufferSize} (maxBufferSize). Use a smaller batch or model, or split the tensor`,
          { details: { bytes, limit: maxBufferSize } },
        );
  }

  /** At least `bytes` bytes; what they hold is not defined unless `zeroed`. */
  take(bytes: number, usage: GPUBufferUsageFlags, zeroed = false): GPUBuffer {
    this.checkSizes([bytes]);
    const size = Math.min(bucket(bytes), this.gpu.device.limits.maxBufferSize);
    const key = `${usage}:${size}`;
    let buffer = this.kept.get(key)?.pop();
    if (buffer) {
      this.keptBytes -= size;
      if (zeroed) this.clear(buffer);
    } else {
      buffer = this.gpu.device.createBuffer({ size, usage });
      this.created++;
      this.all.add(buffer);
    }
    this.live++;
    this.liveBytes += size;
    return buffer;
  }

  /** New ones are zero by themselves. */
  private clear(buffer: GPUBuffer): void {
    const encoder = this.gpu.device.createCommandEncoder();
    encoder.clearBuffer(buffer);
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  give(buffer: GPUBuffer): void {
    const { size, usage } = buffer;
    this.live--;
    this.liveBytes -= size;
    if (this.keptBytes + size > MOST_KEPT) {
      this.destroy(buffer);
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
    this.destroy(buffer);
  }

  private destroy(buffer: GPUBuffer): void {
    this.all.delete(buffer);
    buffer.destroy();
  }

  /** Ends them all, those in use too: the device may be someone else's, and live on. */
  dispose(): void {
    for (const buffer of this.all) buffer.destroy();
    this.all.clear();
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
