/** Compiles kernels as src/gpu/pipelines.ts does, on Dawn's null backend: WGSL, constants and layouts are checked, nothing runs. */
import { create, globals } from "webgpu";
import { sourceOf } from "../../src/gpu/kernelSource.ts";
import type { Access, PlanKernel } from "../../src/plan/types.ts";
import { checkShader } from "../support/checkShader.ts";

Object.assign(globalThis, globals);

const TYPES = { read: "read-only-storage", read_write: "storage", uniform: "uniform" } as const satisfies Record<
  Access,
  GPUBufferBindingType
>;
const COMPUTE = 4;

let gpu: GPU | undefined;
const devices = new Map<string, Promise<GPUDevice>>();

/** A device with WebGPU's baseline limits and no feature but these. */
function deviceWith(features: readonly GPUFeatureName[]): Promise<GPUDevice> {
  // The instance must outlive its devices, or the process ends in a fault.
  gpu ??= create(["backend=null"]) as GPU;
  const key = features.join();
  let device = devices.get(key);
  if (!device) {
    device = gpu.requestAdapter().then((adapter) => adapter!.requestDevice({ requiredFeatures: [...features] }));
    devices.set(key, device);
  }
  return device;
}

/** What is wrong with the kernel, in WebGPU's words; null where it compiles. */
export async function compileError(kernel: PlanKernel, features: readonly GPUFeatureName[] = []): Promise<string | null> {
  const device = await deviceWith(features);
  checkShader(kernel.name, kernel.template, kernel.defines);
  const source = sourceOf(kernel);
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code: source, label: kernel.name });
  const entries = kernel.access.map((access, binding) => ({ binding, visibility: COMPUTE, buffer: { type: TYPES[access] } }));
  const layout = device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
  const made = device
    .createComputePipelineAsync({ layout, compute: { module, entryPoint: "main", constants: { ...kernel.constants } } })
    .then(
      () => null,
      (error: Error) => error.message,
    );
  const [rejected, reported] = await Promise.all([made, device.popErrorScope()]);
  // The scope hears of a shader's own errors, the promise of the pipeline's.
  const problem = [reported?.message ?? "", rejected ?? ""].join("\n").trim();
  return problem === "" ? null : `${kernel.name}: ${problem}\n${JSON.stringify(kernel.constants)}\n${source}`;
}

/** Two kernels with the same identity make one pipeline. */
export function identityOf({ name, defines, constants, access }: PlanKernel): string {
  return JSON.stringify([name, defines, constants, access]);
}
