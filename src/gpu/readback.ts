/** Bringing memory back from the GPU, through staging buffers that are used again. */
import { type Buffers, USAGE } from "./buffers.ts";
import type { Gpu } from "./device.ts";

export interface Range {
  readonly buffer: GPUBuffer;
  /** Bytes; multiples of 4. */
  readonly offset: number;
  readonly size: number;
}

export class Readback {
  private readonly gpu: Gpu;
  private readonly buffers: Buffers;

  constructor(gpu: Gpu, buffers: Buffers) {
    this.gpu = gpu;
    this.buffers = buffers;
  }

  /** Encodes the copy; call the result after the submit to wait for the bytes. */
  encode(encoder: GPUCommandEncoder, { buffer, offset, size }: Range): () => Promise<ArrayBuffer> {
    const staging = this.buffers.take(size, USAGE.MAP_READ | USAGE.COPY_DST);
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
    return async () => {
      try {
        // Under the same guard: of a device that is lost meanwhile the mapping may succeed, and its range be refused.
        const bytes = await this.gpu.guard(staging.mapAsync(1, 0, size).then(() => staging.getMappedRange(0, size).slice(0)));
        staging.unmap();
        this.buffers.give(staging);
        return bytes;
      } catch (error) {
        this.buffers.discard(staging);
        throw error;
      }
    };
  }

  async read(range: Range): Promise<ArrayBuffer> {
    if (range.size === 0) return new ArrayBuffer(0);
    const encoder = this.gpu.device.createCommandEncoder();
    const finish = this.encode(encoder, range);
    this.gpu.device.queue.submit([encoder.finish()]);
    return finish();
  }
}
