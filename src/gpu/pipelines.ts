/** Compute pipelines, compiled once for each final source, constants and bindings; a shader error names kernel, line and source. */
import { FathomError } from "../core/errors.ts";
import type { Access, PlanKernel } from "../plan/types.ts";
import type { Gpu } from "./device.ts";
import { sourceOf } from "./kernelSource.ts";

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const TYPES = { read: "read-only-storage", read_write: "storage", uniform: "uniform" } as const satisfies Record<
  Access,
  GPUBufferBindingType
>;

export class Pipelines {
  private readonly ready = new Map<string, Pipeline>();
  private readonly pending = new Map<string, Promise<Pipeline>>();
  private readonly modules = new Map<string, GPUShaderModule>();
  private readonly layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();
  private readonly keys = new WeakMap<PlanKernel, { key: string; source: string }>();
  private readonly gpu: Gpu;

  constructor(gpu: Gpu) {
    this.gpu = gpu;
  }

  get count(): number {
    return this.ready.size;
  }

  private identify(kernel: PlanKernel): { key: string; source: string } {
    let identity = this.keys.get(kernel);
    if (!identity) {
      const source = sourceOf(kernel);
      identity = { source, key: `${source}\n${JSON.stringify(kernel.constants)}\n${kernel.access.join()}` };
      this.keys.set(kernel, identity);
    }
    return identity;
  }

  private layout(access: readonly Access[]): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
    const key = access.join();
    let layout = this.layouts.get(key);
    if (!layout) {
      const { device } = this.gpu;
      const entries = access.map((kind, binding): GPUBindGroupLayoutEntry => ({ binding, visibility: 4, buffer: { type: TYPES[kind] } }));
      const group = device.createBindGroupLayout({ entries });
      layout = { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) };
      this.layouts.set(key, layout);
    }
    return layout;
  }

  private descriptor(
    kernel: PlanKernel,
    source: string,
  ): { descriptor: GPUComputePipelineDescriptor; layout: GPUBindGroupLayout; module: GPUShaderModule } {
    const { device } = this.gpu;
    let module = this.modules.get(source);
    if (!module) {
      module = device.createShaderModule({ code: source, label: kernel.name });
      this.modules.set(source, module);
    }
    const { group, pipeline } = this.layout(kernel.access);
    return {
      descriptor: { label: kernel.name, layout: pipeline, compute: { module, entryPoint: "main", constants: { ...kernel.constants } } },
      layout: group,
      module,
    };
  }

  /** All at once: the browser compiles them in parallel. */
  async compile(kernels: readonly PlanKernel[]): Promise<Pipeline[]> {
    return Promise.all(kernels.map((kernel) => this.one(kernel)));
  }

  private one(kernel: PlanKernel): Promise<Pipeline> | Pipeline {
    const { key, source } = this.identify(kernel);
    const ready = this.ready.get(key);
    if (ready) return ready;
    let pending = this.pending.get(key);
    if (!pending) {
      pending = this.create(kernel, source).then((pipeline) => {
        this.ready.set(key, pipeline);
        return pipeline;
      });
      const done = (): void => void this.pending.delete(key);
      pending.then(done, done);
      this.pending.set(key, pending);
    }
    return pending;
  }

  private async create(kernel: PlanKernel, source: string): Promise<Pipeline> {
    const { device } = this.gpu;
    device.pushErrorScope("validation");
    const { descriptor, layout, module } = this.descriptor(kernel, source);
    const made = device.createComputePipelineAsync(descriptor);
    const scope = device.popErrorScope();
    const [pipeline, error] = await Promise.allSettled([this.gpu.guard(made), scope]);
    const reported = error.status === "fulfilled" ? error.value : null;
    if (pipeline.status === "fulfilled" && !reported) return { pipeline: pipeline.value, layout };
    this.gpu.throwIfFailed();
    // Chromium never answers to a second question about a faulty module.
    this.modules.delete(source);
    const info = await this.gpu.guard(module.getCompilationInfo()).catch(() => null);
    this.gpu.throwIfFailed();
    throw shaderError(kernel, source, info, reported?.message ?? String(pipeline.status === "rejected" ? pipeline.reason : ""));
  }

  /** The same, without waiting: for work that must be submitted now. A fault in the shader is reported as the device's failure. */
  now(kernels: readonly PlanKernel[]): Pipeline[] {
    return kernels.map((kernel) => {
      const { key, source } = this.identify(kernel);
      let pipeline = this.ready.get(key);
      if (!pipeline) {
        const { descriptor, layout } = this.descriptor(kernel, source);
        pipeline = { pipeline: this.gpu.device.createComputePipeline(descriptor), layout };
        this.ready.set(key, pipeline);
      }
      return pipeline;
    });
  }
}

function shaderError(kernel: PlanKernel, source: string, info: GPUCompilationInfo | null, reason: string): FathomError {
  const messages = info?.messages.filter((message) => message.type === "error") ?? [];
  const lines = source.split("\n");
  const detail = messages
    .map(({ lineNum, linePos, message }) => `line ${lineNum}:${linePos}: ${message.trim()}\n  ${lines[lineNum - 1] ?? ""}`)
    .join("\n");
  const numbered = lines.map((line, index) => `${String(index + 1).padStart(4)}  ${line}`).join("\n");
  return new FathomError(
    "shader",
    `the kernel ${kernel.name} does not compile: ${detail || reason}\nThis is a fault in Fathom; please report it with this source:\n${numbered}`,
    {
      details: { kernel: kernel.name, line: messages[0]?.lineNum ?? null, source, constants: kernel.constants },
    },
  );
}
