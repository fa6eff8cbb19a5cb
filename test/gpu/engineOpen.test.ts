/** Opening and closing: whose device it is, several engines at once, and every way in which there is none, each with its advice. */
import { afterEach, describe, expect, it } from "vitest";
import { FathomError, open } from "../../src/index.ts";

const BASELINE = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
};

/** A `navigator.gpu` whose one adapter is this. */
const gpuWith = (adapter: object | null): GPU => ({ requestAdapter: async () => adapter }) as unknown as GPU;
const adapterWith = (more: object): object => ({ limits: BASELINE, features: new Set(), info: {}, ...more });

async function device(): Promise<GPUDevice> {
  return (await navigator.gpu.requestAdapter())!.requestDevice();
}

const refusal = (promise: Promise<unknown>): Promise<FathomError> =>
  promise.then(
    () => expect.fail("nothing was refused"),
    (error: unknown) => {
      expect(error).toBeInstanceOf(FathomError);
      return error as FathomError;
    },
  );

/** What this browser must be told, by its own name. */
const ADVICE = /Firefox/.test(navigator.userAgent) ? /dom\.webgpu\.enabled/ : /--enable-unsafe-webgpu/;

describe("a device of one's own", () => {
  it("outlives the engine, which takes its buffers with it", async () => {
    const own = await device();
    const made: GPUBuffer[] = [];
    const createBuffer = own.createBuffer.bind(own);
    own.createBuffer = (descriptor) => {
      const buffer = createBuffer(descriptor);
      made.push(buffer);
      return buffer;
    };
    const gpu = await open({ device: own });
    const kept = gpu.tensor([1, 2, 3]);
    expect([...(await kept.mul(2).data())]).toEqual([2, 4, 6]);
    gpu.state("state", "f32", 8);
    await gpu.compile((x) => x!.add(1), [{ shape: [3] }]);
    gpu.dispose();
    expect(made.length).toBeGreaterThan(3);
    own.createBuffer = createBuffer;
    for (const buffer of made) {
      // A destroyed buffer cannot be used in a submit.
      own.pushErrorScope("validation");
      const encoder = own.createCommandEncoder();
      encoder.clearBuffer(buffer);
      own.queue.submit([encoder.finish()]);
      expect(await own.popErrorScope(), "of a buffer that the engine made").not.toBeNull();
    }
    const state = await Promise.race([own.lost.then(() => "lost"), new Promise((resolve) => setTimeout(resolve, 50, "alive"))]);
    expect(state).toBe("alive");
    const after = await open({ device: own });
    expect(await after.tensor([5]).add(1).item()).toBe(6);
    after.dispose();
    own.destroy();
  });

  it("serves two engines side by side, and other devices beside it", async () => {
    const shared = await device();
    const engines = await Promise.all([open({ device: shared }), open({ device: shared }), open()]);
    const [first, second, third] = engines;
    const values = await Promise.all(
      engines.map((gpu, index) =>
        gpu
          .tensor([index + 1, 2])
          .mul(10)
          .data(),
      ),
    );
    expect(values.map((data) => [...data])).toEqual([
      [10, 20],
      [20, 20],
      [30, 20],
    ]);
    const { pipelines } = second!.counters;
    first!.dispose();
    expect([...(await second!.tensor([7, 8]).mul(3).data())]).toEqual([21, 24]);
    expect(second!.counters.pipelines).toBe(pipelines);
    second!.dispose();
    expect(await third!.tensor([1, 2]).sum().item()).toBe(3);
    third!.dispose();
    shared.destroy();
  });

  it("is destroyed by dispose where the engine opened it, and says so to whoever goes on", async () => {
    const gpu = await open();
    const x = gpu.tensor([1]);
    const reading = refusal(x.add(1).data());
    gpu.dispose();
    expect((await reading).code).toBe("disposed");
    expect((await gpu.device.lost).reason).toBe("destroyed");
    expect((await refusal(x.data())).code).toBe("disposed");
    expect(() => gpu.tensor([1])).toThrow(/closed with dispose\(\)/);
    gpu.dispose();
    x.dispose();
  });

  it("takes no tensor of another engine", async () => {
    const [one, other] = [await open(), await open()];
    const mixed = one.tensor([1]).add(other.tensor([2]));
    expect((await refusal(mixed.data())).message).toMatch(/f32\[1\] was disposed of, or belongs to another engine/);
    one.dispose();
    other.dispose();
  });
});

describe("a signal", () => {
  it("that was aborted before stops it at once", async () => {
    const reason = new Error("not now");
    const error = await refusal(open({ signal: AbortSignal.abort(reason) }));
    expect(error).toMatchObject({ code: "aborted", cause: reason });
  });

  it("does not wait for an adapter that never comes", async () => {
    const controller = new AbortController();
    const opening = refusal(open({ gpu: { requestAdapter: () => new Promise(() => {}) } as unknown as GPU, signal: controller.signal }));
    controller.abort();
    expect((await opening).code).toBe("aborted");
  });

  it("destroys a device that comes too late", async () => {
    const controller = new AbortController();
    let arrive = (_: object): void => {};
    const requestDevice = (): Promise<object> =>
      new Promise((resolve) => {
        arrive = resolve;
        controller.abort();
      });
    const error = await refusal(open({ gpu: gpuWith(adapterWith({ requestDevice })), signal: controller.signal }));
    expect(error.code).toBe("aborted");
    const destroyed = new Promise((resolve) => arrive({ destroy: () => resolve("destroyed") }));
    expect(await destroyed).toBe("destroyed");
  });

  it("that stays quiet changes nothing", async () => {
    const gpu = await open({ signal: new AbortController().signal });
    expect(await gpu.tensor([1]).item()).toBe(1);
    gpu.dispose();
  });
});

describe("where there is no GPU to be had", () => {
  afterEach(() => {
    // Own properties hide those of the browser, until they are deleted.
    delete (navigator as { gpu?: unknown }).gpu;
    if (hidden) Object.defineProperty(globalThis, "isSecureContext", hidden);
    hidden = undefined;
  });
  let hidden: PropertyDescriptor | undefined;

  it("says that the browser has no WebGPU, and what to do", async () => {
    Object.defineProperty(navigator, "gpu", { value: undefined, configurable: true });
    const error = await refusal(open());
    expect(error.code).toBe("no-webgpu");
    expect(error.message).toMatch(/this browser has no WebGPU/);
    expect(error.message).toMatch(ADVICE);
  });

  it("says that the context is not secure", async () => {
    Object.defineProperty(navigator, "gpu", { value: undefined, configurable: true });
    hidden = Object.getOwnPropertyDescriptor(globalThis, "isSecureContext");
    Object.defineProperty(globalThis, "isSecureContext", { value: false, configurable: true });
    const error = await refusal(open());
    expect(error.code).toBe("insecure-context");
    expect(error.message).toMatch(/https, or from localhost/);
  });

  it("says that no adapter is offered, and what to do", async () => {
    const error = await refusal(open({ gpu: gpuWith(null) }));
    expect(error.code).toBe("no-adapter");
    expect(error.message).toMatch(/offers no GPU adapter/);
    expect(error.message).toMatch(ADVICE);
  });

  it("says why an adapter gives no device", async () => {
    const cause = new TypeError("no more devices");
    const error = await refusal(open({ gpu: gpuWith(adapterWith({ requestDevice: () => Promise.reject(cause) })) }));
    expect(error).toMatchObject({ code: "no-adapter", cause });
    expect(error.message).toMatch(/no more devices/);
  });

  it.each(["adapter", "device"])("names the limit that is too low: of an %s", async (what) => {
    const limits = { ...BASELINE, maxStorageBuffersPerShaderStage: 4 };
    const options = what === "adapter" ? { gpu: gpuWith(adapterWith({ limits })) } : { device: { limits } as unknown as GPUDevice };
    const error = await refusal(open(options));
    expect(error.code).toBe("limits-too-small");
    expect(error.message).toMatch(/maxStorageBuffersPerShaderStage of 4; Fathom needs 8/);
  });
});
