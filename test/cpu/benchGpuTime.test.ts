/** GPU time, on a device of its own: the times of all passes, none where there are more than are counted, and of steps the quartiles. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { gpuMilliseconds, gpuStepMilliseconds } from "../../bench/gpuTime.ts";

beforeEach(() => {
  vi.stubGlobal("GPUBufferUsage", { QUERY_RESOLVE: 1, COPY_SRC: 2, COPY_DST: 4, MAP_READ: 8 });
  vi.stubGlobal("GPUMapMode", { READ: 1 });
});
afterEach(() => vi.unstubAllGlobals());

/** Pass i, from 0, takes `milliseconds(i)`; it throws where a pass writes past the queries. */
function device(features: readonly string[], milliseconds: (pass: number) => number = () => 2) {
  const open = new Set<object>();
  const stamps: bigint[] = [];
  let now = 0;
  let made = 0;
  const held = (own: object = {}): object => {
    const one = { ...own, destroy: () => void open.delete(one) };
    open.add(one);
    return one;
  };
  const gpu = {
    features: new Set(features),
    createQuerySet: ({ count }: { count: number }) => held({ count }),
    createBuffer: () =>
      held({
        mapAsync: async () => undefined,
        getMappedRange: () => new BigUint64Array([...stamps, ...new Array<bigint>(200).fill(0n)]).buffer,
      }),
    createCommandEncoder: () => ({
      beginComputePass(given?: GPUComputePassDescriptor) {
        const writes = given?.timestampWrites;
        if (!writes) return;
        const [begin, end] = [writes.beginningOfPassWriteIndex!, writes.endOfPassWriteIndex!];
        if (end >= (writes.querySet as GPUQuerySet).count) throw new RangeError(`there is no query ${end}`);
        stamps[begin] = BigInt(now);
        now += milliseconds(made++) * 1e6;
        stamps[end] = BigInt(now);
        now += 7_000_000;
      },
      resolveQuerySet: () => undefined,
      copyBufferToBuffer: () => undefined,
      finish: () => undefined,
    }),
    queue: { submit: () => undefined },
  };
  const passes = async (count: number): Promise<void> => {
    for (let pass = 0; pass < count; pass++) gpu.createCommandEncoder().beginComputePass();
  };
  return { gpu: gpu as unknown as GPUDevice, passes, open };
}

it("is the time of each pass, without that between them", async () => {
  const { gpu, passes, open } = device(["timestamp-query"], (pass) => pass + 1);
  expect(await gpuMilliseconds(gpu, () => passes(5))).toEqual([1, 2, 3, 4, 5]);
  expect(await gpuMilliseconds(gpu, () => passes(64))).toHaveLength(64);
  expect(open.size).toBe(0);
});

it("is not told where not all passes are counted, there are none, or the device has no timestamps", async () => {
  const { gpu, passes, open } = device(["timestamp-query"]);
  const create = gpu.createCommandEncoder;
  expect(await gpuMilliseconds(gpu, () => passes(65))).toBeNull();
  expect(await gpuMilliseconds(gpu, () => passes(0))).toBeNull();
  await expect(gpuMilliseconds(gpu, () => Promise.reject(new Error("it broke")))).rejects.toThrow("it broke");
  expect(open.size).toBe(0);
  expect(gpu.createCommandEncoder).toBe(create);
  expect(await gpuMilliseconds(device([]).gpu, () => passes(5))).toBeNull();
});

/** Of steps that take as long as `milliseconds` says, the first from 0. */
async function stepsOf(milliseconds: (step: number) => number, passesInStep = 1) {
  const { gpu, passes, open } = device(["timestamp-query"], milliseconds);
  const runs: number[] = [];
  const told = await gpuStepMilliseconds(gpu, (steps) => {
    runs.push(steps);
    return passes(steps * passesInStep);
  });
  expect(open.size).toBe(0);
  return { told, runs };
}

it("of a step is the median of at least 15, and of as many as take half a second, without the first ones", async () => {
  // The three that are slow are not counted, and one that was interrupted does not move the median.
  const slow = await stepsOf((step) => (step < 3 ? 1000 : step === 10 ? 900 : 100 + (step % 2)));
  expect(slow.runs).toEqual([3, 15]);
  expect(slow.told).toEqual({ count: 15, median: 101, lowerQuartile: 100, upperQuartile: 101 });
  expect((await stepsOf(() => 20)).told).toEqual({ count: 25, median: 20, lowerQuartile: 20, upperQuartile: 20 });
  expect((await stepsOf(() => 0)).runs).toEqual([3, 64]);
});

it("of a step is not told where a step is not one pass, or the device has no timestamps", async () => {
  expect((await stepsOf(() => 20, 2)).told).toBeNull();
  const { gpu, passes } = device([]);
  expect(await gpuStepMilliseconds(gpu, passes)).toBeNull();
});
