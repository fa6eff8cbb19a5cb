/** GPU time, on a device of its own: the times of all passes together, and none where there are more than are counted. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { gpuMilliseconds } from "../../bench/gpuTime.ts";

beforeEach(() => {
  vi.stubGlobal("GPUBufferUsage", { QUERY_RESOLVE: 1, COPY_SRC: 2, COPY_DST: 4, MAP_READ: 8 });
  vi.stubGlobal("GPUMapMode", { READ: 1 });
});
afterEach(() => vi.unstubAllGlobals());

/** Every pass takes 2 ms; it throws where a pass writes past the queries. */
function device(...features: readonly string[]) {
  const open = new Set<object>();
  const stamps: bigint[] = [];
  let now = 0;
  const held = (own: object = {}): object => {
    const one = { ...own, destroy: () => void open.delete(one) };
    open.add(one);
    return one;
  };
  const made = {
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
        now += 2_000_000;
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
  const gpu = made as unknown as GPUDevice;
  return { gpu, passes, open };
}

it("is the time of all passes, without that between them", async () => {
  const { gpu, passes, open } = device("timestamp-query");
  expect(await gpuMilliseconds(gpu, () => passes(5))).toBeCloseTo(10);
  expect(await gpuMilliseconds(gpu, () => passes(64))).toBeCloseTo(128);
  expect(open.size).toBe(0);
});

it("is not told where not all passes are counted, there are none, or the device has no timestamps", async () => {
  const { gpu, passes, open } = device("timestamp-query");
  const create = gpu.createCommandEncoder;
  expect(await gpuMilliseconds(gpu, () => passes(65))).toBeNull();
  expect(await gpuMilliseconds(gpu, () => passes(0))).toBeNull();
  await expect(gpuMilliseconds(gpu, () => Promise.reject(new Error("it broke")))).rejects.toThrow("it broke");
  expect(open.size).toBe(0);
  expect(gpu.createCommandEncoder).toBe(create);
  expect(await gpuMilliseconds(device().gpu, () => passes(5))).toBeNull();
});
