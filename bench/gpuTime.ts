/** How long the GPU itself is at work, by timestamps, where the adapter has them: apart from all samples, for it costs a little. */
import { type Spread, spread } from "../src/cli/statistics.ts";

const MOST_PASSES = 64;
/** Not counted: they bring back what others took from the caches. */
const WARM_STEPS = 3;
const FEWEST_STEPS = 15;
/** Milliseconds that the counted steps take about, where the fewest do not take longer. */
const WANTED = 500;

/** Milliseconds of a training step on the GPU, of 15 to 64 steps, after some that are not counted; null where the device has no timestamps. */
export async function gpuStepMilliseconds(device: GPUDevice, run: (steps: number) => Promise<void>): Promise<Spread | null> {
  const warm = await stepTimes(device, run, WARM_STEPS);
  if (!warm) return null;
  const wanted = Math.ceil(WANTED / spread(warm).median);
  const times = await stepTimes(device, run, Math.min(MOST_PASSES, Math.max(FEWEST_STEPS, wanted)));
  return times && spread(times);
}

/** A step is one pass; null where it is not, for then no pass is a step. */
async function stepTimes(device: GPUDevice, run: (steps: number) => Promise<void>, steps: number): Promise<readonly number[] | null> {
  const times = await gpuMilliseconds(device, () => run(steps));
  return times?.length === steps ? times : null;
}

/** Milliseconds of each compute pass that `work` submits; null where the device has no timestamps, or there are none or more than 64 passes. */
export async function gpuMilliseconds(device: GPUDevice, work: () => Promise<void>): Promise<readonly number[] | null> {
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
    // Some of them are not all of the work.
    if (passes === 0 || passes > MOST_PASSES) return null;
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(queries, 0, 2 * passes, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    return Array.from({ length: passes }, (_, pass) => Math.max(0, Number(stamps[2 * pass + 1]! - stamps[2 * pass]!)) / 1e6);
  } finally {
    for (const one of [queries, resolved, staging]) one.destroy();
  }
}
