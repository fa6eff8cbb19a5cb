/** The WGSL Philox gives the published answers, and the same bits and floats as the TypeScript one. */
import { expect, it } from "vitest";
import philoxSource from "../../shaders/lib/philox.wgsl?raw";
import { type Counter, type Key, philox4x32, uniform01 } from "../../src/core/philox.ts";

const CANARY = 0xdeadbeef;
const CANARIES = 16;
/** Words that make carries in the 16-bit halves, beside the three published cases. */
const EDGES = [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
const CASES: readonly { counter: Counter; key: Key }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0] },
  { counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff] },
  { counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], key: [0xa4093822, 0x299f31d0] },
  ...EDGES.flatMap((a) => EDGES.map((b) => ({ counter: [a, b, b, a] as const, key: [b, a] as const }))),
  ...Array.from({ length: 100 }, (_, index) => ({ counter: [index, 3, 17, 0] as const, key: [7, 3] as const })),
];
const PUBLISHED = [
  [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
];

const KERNEL = `${philoxSource}
struct Case { counter: vec4u, key: vec4u }
@group(0) @binding(0) var<storage, read> cases: array<Case>;
@group(0) @binding(1) var<storage, read_write> words: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> floats: array<vec4f>;
override COUNT: u32;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= COUNT) { return; }
  let block = philox4x32(cases[id.x].counter, cases[id.x].key.xy);
  words[id.x] = block;
  floats[id.x] = vec4f(uniform_01(block.x), uniform_01(block.y), uniform_01(block.z), uniform_01(block.w));
}`;

it("equals the published answers and the TypeScript twin, bit for bit", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("no WebGPU adapter");
  const device = await adapter.requestDevice();
  try {
    const input = new Uint32Array(CASES.flatMap(({ counter, key }) => [...counter, ...key, 0, 0]));
    const outputWords = CASES.length * 4 + CANARIES;
    const canaries = new Uint32Array(outputWords).fill(CANARY);
    const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
    const cases = device.createBuffer({ size: input.byteLength, usage: STORAGE | COPY_DST });
    device.queue.writeBuffer(cases, 0, input);
    const outputs = [0, 1].map(() => {
      const buffer = device.createBuffer({ size: canaries.byteLength, usage: STORAGE | COPY_DST | COPY_SRC });
      device.queue.writeBuffer(buffer, 0, canaries);
      return buffer;
    });
    const staging = device.createBuffer({ size: 2 * canaries.byteLength, usage: COPY_DST | MAP_READ });

    const pipeline = await device.createComputePipelineAsync({
      layout: "auto",
      compute: { module: device.createShaderModule({ code: KERNEL }), constants: { COUNT: CASES.length } },
    });
    const entries = [cases, ...outputs].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(Math.ceil(CASES.length / 64));
    pass.end();
    outputs.forEach((buffer, index) => {
      encoder.copyBufferToBuffer(buffer, 0, staging, index * canaries.byteLength, canaries.byteLength);
    });
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const mapped = staging.getMappedRange().slice(0);

    const words = new Uint32Array(mapped, 0, outputWords);
    const floats = new Float32Array(mapped, canaries.byteLength, outputWords);
    const expected = CASES.flatMap(({ counter, key }) => philox4x32(counter, key));
    expect([...words.subarray(0, 12)]).toEqual(PUBLISHED.flat());
    expect([...words.subarray(0, expected.length)]).toEqual(expected);
    expect([...floats.subarray(0, expected.length)]).toEqual(expected.map(uniform01));
    for (const tail of [words, new Uint32Array(mapped, canaries.byteLength, outputWords)])
      expect([...tail.subarray(expected.length)]).toEqual(new Array(CANARIES).fill(CANARY));
  } finally {
    device.destroy();
  }
});
