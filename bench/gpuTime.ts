/** How long the GPU itself is at work, by timestamps, where the adapter has them: apart from all samples, for it costs a little. */

const MOST_PASSES = 64;

/** Milliseconds of all compute passes that `work` submits; null where the device has no timestamps, or there are more than 64 passes. */
export async function gpuMilliseconds(device: GPUDevice, work: () => Promise<void>): Promise<number | null> {
  if (!device.features.has("timestamp-query")) return null;
  const queries = device.createQuerySet({ type: "timestamp", count: 2 * MOST_PASSES });
  const bytes = 8 * 2 * MOST_PASSES;
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const resolved = device.createBuffer({ size: bytes, usage: QUERY_RESOLVE | COPY_SRC });
  const staging = device.createBuffer({ size: bytes, usage: COPY_DST | MAP_READ });
  let passes = 0;
  const create = device.createCommandEncoder;
  device.createCommandEncoder = (descriptor) => {
    const encoder = create.call(device, descriptor);
    const begin = encoder.beginComputePass;
    encoder.beginComputePass = (given) => {
      const at = 2 * passes++;
      if (passes > MOST_PASSES) return begin.call(encoder, given);
      const timestampWrites = { querySet: queries, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
      return begin.call(encoder, { ...given, timestampWrites });
    };
    return encoder;
  };
  try {
    try {
      await work();
    } finally {
      device.createCommandEncoder = create;
    }
    // Of some of them it would be no time of the work.
    if (passes === 0 || passes > MOST_PASSES) return null;
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(queries, 0, 2 * passes, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    let nanoseconds = 0;
    for (let pass = 0; pass < passes; pass++) nanoseconds += Math.max(0, Number(stamps[2 * pass + 1]! - stamps[2 * pass]!));
    return nanoseconds / 1e6;
  } finally {
    for (const one of [queries, resolved, staging]) one.destroy();
  }
}
