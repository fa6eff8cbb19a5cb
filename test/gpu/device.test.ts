/** The least that the other gpu tests stand on: this browser has an adapter, and a shader that doubles four numbers does so and no more. */
import { expect, test } from "vitest";

const CANARY = 0xdeadbeef;
const COUNT = 4;

const DOUBLE = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> numbers: array<f32>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < ${COUNT}u) {
    numbers[id.x] *= 2.0;
  }
}`;

test("a compute shader runs and leaves the words behind its output alone", async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("this browser has no WebGPU adapter");
  const device = await adapter.requestDevice();
  device.pushErrorScope("validation");

  const size = (COUNT + 2) * 4;
  const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  const words = new Uint32Array(COUNT + 2).fill(CANARY);
  new Float32Array(words.buffer, 0, COUNT).set([1, -2.5, 0, 1e30]);
  device.queue.writeBuffer(buffer, 0, words);

  const module = device.createShaderModule({ code: DOUBLE });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] });
  const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  const failure = device.popErrorScope();

  await staging.mapAsync(GPUMapMode.READ);
  const result = staging.getMappedRange().slice(0);
  device.destroy();

  expect(await failure).toBeNull();
  expect([...new Float32Array(result, 0, COUNT)]).toEqual([2, -5, 0, Math.fround(2 * Math.fround(1e30))]);
  expect([...new Uint32Array(result, COUNT * 4)]).toEqual([CANARY, CANARY]);
});
