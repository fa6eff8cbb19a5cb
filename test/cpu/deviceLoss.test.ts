/** A loss is reported after the errors that it causes, on a busy machine long after: whoever waits shall hear of the loss. */
import { describe, expect, it } from "vitest";
import type { Buffers } from "../../src/gpu/buffers.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Readback } from "../../src/gpu/readback.ts";

class GPUValidationError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** A device that answers as told: the test decides when it is lost, and whether a buffer can be mapped. */
function fakeDevice(maps: boolean) {
  let lose = (): void => {};
  const lost = new Promise<GPUDeviceLostInfo>((resolve) => {
    lose = () => resolve({ reason: "unknown", message: "the driver was reset" } as GPUDeviceLostInfo);
  });
  const target = new EventTarget();
  const device = Object.assign(target, {
    lost,
    pushErrorScope: () => {},
    popErrorScope: () => Promise.resolve(null),
    createBuffer: () => ({ mapAsync: () => (maps ? Promise.resolve() : Promise.reject(new Error("invalid"))), destroy: () => {} }),
  });
  const report = (message: string): void => {
    target.dispatchEvent(Object.assign(new Event("uncapturederror"), { error: new GPUValidationError(message) }));
  };
  return { device: device as unknown as GPUDevice, lose, report };
}

const open = (device: GPUDevice): Gpu => new Gpu(device, { class: "software", description: "fake", vendor: "", architecture: "" }, false);

const moments = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 0));
};

describe("an error of a device", () => {
  it("that is lost some time after is explained by the loss, however it arrives", async () => {
    const { device, lose, report } = fakeDevice(false);
    const gpu = open(device);
    const never = gpu.guard(new Promise(() => {}));
    const refused = gpu.guard(Promise.reject(new Error("AbortError")));
    const answered = gpu.guard(moments(1).then(() => 7));
    report("Device is invalid");
    const outcomes = Promise.allSettled([never, refused, answered]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    lose();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ reason: { code: "device-lost", message: expect.stringContaining("the driver was reset") } });
    expect(() => gpu.throwIfFailed()).toThrow(expect.objectContaining({ code: "device-lost" }));
  });

  it("that lives is the failure, and the first stands", async () => {
    const { device, report } = fakeDevice(true);
    const gpu = open(device);
    const waiting = gpu.guard(new Promise(() => {}));
    report("binding 0 is missing");
    report("binding 1 is missing");
    await expect(waiting).rejects.toMatchObject({ code: "validation", message: "WebGPU: binding 0 is missing" });
    expect(() => gpu.throwIfFailed()).toThrow("binding 0 is missing");
  });

  it("that was heard before a value arrived keeps that value back", async () => {
    const { device, report } = fakeDevice(true);
    const gpu = open(device);
    report("binding 0 is missing");
    await expect(gpu.guard(Promise.resolve(7))).rejects.toMatchObject({ code: "validation" });
  });

  it("that is lost between a mapping and its range is the loss", async () => {
    const { device, lose } = fakeDevice(false);
    const discarded: unknown[] = [];
    const staging = {
      mapAsync: () => Promise.resolve(),
      getMappedRange: () => {
        throw new Error("Buffer is not mapped");
      },
    };
    const buffers = { take: () => staging, discard: (buffer: unknown) => discarded.push(buffer) } as unknown as Buffers;
    const encoder = { copyBufferToBuffer: () => {} } as unknown as GPUCommandEncoder;
    const bytes = new Readback(open(device), buffers).encode(encoder, { buffer: {} as GPUBuffer, offset: 0, size: 4 })();
    void moments(3).then(lose);
    await expect(bytes).rejects.toMatchObject({ code: "device-lost" });
    expect(discarded).toEqual([staging]);
  });
});
