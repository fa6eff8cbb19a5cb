/** Pipelines of kernel tests: each is compiled once in a test file, for compiling is most of what such a test costs. */
import type { Access } from "../../src/plan/types.ts";

export interface TestPipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const TYPES = { read: "read-only-storage", read_write: "storage", uniform: "uniform" } as const satisfies Record<
  Access,
  GPUBufferBindingType
>;
const made = new WeakMap<GPUDevice, Map<string, Promise<TestPipeline>>>();

/** The pipeline of this source, these constants and these bindings. Rejects where it does not compile. */
export function testPipeline(
  device: GPUDevice,
  code: string,
  constants: Readonly<Record<string, number>>,
  access: readonly Access[],
): Promise<TestPipeline> {
  let known = made.get(device);
  if (!known) {
    known = new Map();
    made.set(device, known);
  }
  const key = `${code}\n${JSON.stringify(constants)}\n${access.join()}`;
  let pipeline = known.get(key);
  if (!pipeline) {
    pipeline = compile(device, code, constants, access);
    known.set(key, pipeline);
  }
  return pipeline;
}

async function compile(
  device: GPUDevice,
  code: string,
  constants: Readonly<Record<string, number>>,
  access: readonly Access[],
): Promise<TestPipeline> {
  const layout = device.createBindGroupLayout({
    entries: access.map((kind, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: TYPES[kind] } })),
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code }), entryPoint: "main", constants: { ...constants } },
  });
  return { pipeline, layout };
}
