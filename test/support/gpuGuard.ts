/** Fails the gpu test during which a device reports an error that nobody handles, or is lost: WebGPU itself would only log it. */
import { afterEach, expect } from "vitest";

const complaints: string[] = [];
const requestDevice = GPUAdapter.prototype.requestDevice;

GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
  const device = await requestDevice.call(this, descriptor);
  device.addEventListener("uncapturederror", (event) => {
    // Code under test that takes the error says so with preventDefault(), perhaps in a listener that runs after this one.
    queueMicrotask(() => {
      if (!event.defaultPrevented) complaints.push(`uncaptured ${event.error.constructor.name}: ${event.error.message}`);
    });
  });
  return device;
};

afterEach(() => {
  const heard = complaints.splice(0);
  expect(heard, "errors that no error scope caught").toEqual([]);
});
