/** Fails the gpu test during which a device reports an error that nobody handles, or is lost: WebGPU itself would only log it. */
import { afterEach, expect } from "vitest";
import "./allowGpuErrors.ts";
import { answerPromptly } from "./promptAnswers.ts";

const live = new Set<GPUDevice>();
const losses: string[] = [];
const errors: GPUError[] = [];
const requestDevice = GPUAdapter.prototype.requestDevice;
answerPromptly(() => live);

GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
  const device = await requestDevice.call(this, descriptor);
  live.add(device);
  device.addEventListener("uncapturederror", ({ error }) => errors.push(error));
  void device.lost.then(({ reason, message }) => {
    live.delete(device);
    if (reason !== "destroyed") losses.push(`device lost: ${message}`);
  });
  return device;
};

afterEach(async () => {
  // An error comes with the answers to later calls, so ask for one; a device that is lost meanwhile has none to give.
  await Promise.all([...live].map(settle));
  const pattern = globalThis.allowedGpuErrors;
  globalThis.allowedGpuErrors = undefined;
  const heard = [...errors.splice(0).map((error) => `uncaptured ${error.constructor.name}: ${error.message}`), ...losses.splice(0)];
  expect(
    heard.filter((line) => !pattern?.test(line)),
    "GPU errors that nothing handled",
  ).toEqual([]);
});

async function settle(device: GPUDevice): Promise<void> {
  device.pushErrorScope("validation");
  await device.popErrorScope().catch(() => null);
}
