/** How long the GPU itself is at work, by timestamps, where the adapter has them: apart from all samples, for it costs a little. */

const MOST_PASSES = 64;

/** Milliseconds of all compute passes that `work` submits, up to 64 of them; null where the device has no timestamps. */
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
      if (passes === MOST_PASSES) return begin.call(encoder, given);
      const at = 2 * passes++;
      const timestampWrites = { querySet: queries, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
      return begin.call(encoder, { ...given, timestampWrites });
    };
    return encoder;
  };
  try {
    await work();
  } finally {
    device.createCommandEncoder = create;
  }
  const encoder = device.createCommandEncoder();
  if (passes > 0) encoder.resolveQuerySet(queries, 0, 2 * passes, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
  for (const one of [queries, resolved, staging]) one.destroy();
  let nanoseconds = 0;
  for (let pass = 0; pass < passes; pass++) nanoseconds += Math.max(0, Number(stamps[2 * pass + 1]! - stamps[2 * pass]!));
  return passes === 0 ? null : nanoseconds / 1e6;
}
