/** A plan on buffers of its own, whose dispatches can be run one by one, as often as a clock wants. */
import type { DType, TypedArray } from "../../src/core/dtype.ts";
import { sourceOf } from "../../src/gpu/kernelSource.ts";
import type { Access, Plan, PlanBinding, PlanDispatch, PlanKernel } from "../../src/plan/types.ts";

/** A plan with what its buffers begin as. What is not given begins as zeros. */
export interface FilledPlan {
  readonly plan: Plan;
  readonly inputs: readonly TypedArray[];
  readonly states: Readonly<Record<string, TypedArray | undefined>>;
  /** The graph's user numbers. */
  readonly scalars: readonly number[];
}

const TYPES = { read: "read-only-storage", read_write: "storage", uniform: "uniform" } as const satisfies Record<
  Access,
  GPUBufferBindingType
>;
/** Dispatches in one command buffer. */
const MOST_IN_SUBMIT = 1000;

type Encoded = (pass: GPUComputePassEncoder) => void;

interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Compiled once for each device: plans share most of their kernels. */
const compiled = new WeakMap<GPUDevice, Map<string, Promise<CompiledKernel>>>();

export class PlanRunner {
  private readonly device: GPUDevice;
  private readonly plan: Plan;
  private readonly owned: GPUBuffer[] = [];
  private readonly bufferOf: (binding: PlanBinding) => GPUBuffer;
  private readonly encoded = new Map<PlanDispatch, Encoded>();

  constructor(device: GPUDevice, filled: FilledPlan) {
    const { plan, inputs, states } = filled;
    this.device = device;
    this.plan = plan;
    const pools = plan.pools.map(({ bytes }) => this.buffer(bytes));
    const given = plan.inputs.map((_, index) => this.buffer(inputs[index]!.byteLength, inputs[index]));
    const outputs = plan.outputs.map(({ shape }) => this.buffer(4 * shape.reduce((size, axis) => size * axis, 1)));
    const held = new Map(Object.entries(plan.states).map(([name, size]) => [name, this.buffer(4 * size, states[name])]));
    const constants = this.buffer(plan.constants.bytes, constantsOf(filled));
    this.bufferOf = ({ buffer }) =>
      buffer.kind === "pool"
        ? pools[buffer.index]!
        : buffer.kind === "input"
          ? given[buffer.index]!
          : buffer.kind === "output"
            ? outputs[buffer.index]!
            : buffer.kind === "state"
              ? held.get(buffer.name)!
              : constants;
  }

  private buffer(bytes: number, data?: TypedArray): GPUBuffer {
    const { STORAGE, UNIFORM, COPY_DST, COPY_SRC } = GPUBufferUsage;
    const size = Math.max(256, Math.ceil(Math.max(bytes, data?.byteLength ?? 0) / 256) * 256);
    const buffer = this.device.createBuffer({ size, usage: STORAGE | UNIFORM | COPY_DST | COPY_SRC });
    if (data && data.byteLength > 0) this.device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    this.owned.push(buffer);
    return buffer;
  }

  /** Compiles what these dispatches need. Milliseconds. */
  async compile(dispatches: readonly PlanDispatch[]): Promise<number> {
    const started = performance.now();
    const wanted = dispatches.filter((dispatch) => !this.encoded.has(dispatch));
    const kernels = await Promise.all(wanted.map(({ kernel }) => kernelFor(this.device, this.plan.kernels[kernel]!)));
    for (const [at, dispatch] of wanted.entries()) {
      const { pipeline, layout } = kernels[at]!;
      const entries = dispatch.bindings.map((binding, index): GPUBindGroupEntry => {
        const { offset, size } = binding;
        return { binding: index, resource: { buffer: this.bufferOf(binding), offset, size } };
      });
      const group = this.device.createBindGroup({ layout, entries });
      this.encoded.set(dispatch, (pass) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...dispatch.workgroups);
      });
    }
    return performance.now() - started;
  }

  /** All of them in turn, so many times; they must be compiled. Resolves when the GPU is done. */
  async run(dispatches: readonly PlanDispatch[], times: number): Promise<void> {
    const encoded = dispatches.map((dispatch) => this.encoded.get(dispatch)!);
    const inSubmit = Math.max(1, Math.floor(MOST_IN_SUBMIT / encoded.length));
    for (let done = 0; done < times; done += inSubmit) {
      const encoder = this.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (let time = done; time < Math.min(times, done + inSubmit); time++) for (const encode of encoded) encode(pass);
      pass.end();
      this.device.queue.submit([encoder.finish()]);
    }
    await this.device.queue.onSubmittedWorkDone();
  }

  /** What those ranges hold, one after another, as floats. */
  async read(bindings: readonly PlanBinding[]): Promise<Float32Array> {
    const total = bindings.reduce((bytes, { size }) => bytes + size, 0);
    const copy = this.device.createBuffer({ size: Math.max(4, total), usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = this.device.createCommandEncoder();
    let at = 0;
    for (const binding of bindings) {
      encoder.copyBufferToBuffer(this.bufferOf(binding), binding.offset, copy, at, binding.size);
      at += binding.size;
    }
    this.device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const floats = new Float32Array(copy.getMappedRange().slice(0, total));
    copy.destroy();
    return floats;
  }

  dispose(): void {
    for (const buffer of this.owned.splice(0)) buffer.destroy();
  }
}

function kernelFor(device: GPUDevice, planned: PlanKernel): Promise<CompiledKernel> {
  const { name, constants, access } = planned;
  const code = sourceOf(planned);
  const key = `${code}\n${JSON.stringify(constants)}\n${access.join()}`;
  let known = compiled.get(device);
  if (!known) {
    known = new Map();
    compiled.set(device, known);
  }
  let kernel = known.get(key);
  if (!kernel) {
    kernel = compileKernel(device, name, code, constants, access);
    known.set(key, kernel);
  }
  return kernel;
}

async function compileKernel(
  device: GPUDevice,
  name: string,
  code: string,
  constants: PlanKernel["constants"],
  access: readonly Access[],
): Promise<CompiledKernel> {
  const entries = access.map((kind, binding): GPUBindGroupLayoutEntry => ({ binding, visibility: 4, buffer: { type: TYPES[kind] } }));
  const layout = device.createBindGroupLayout({ entries });
  const module = device.createShaderModule({ code, label: name });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main", constants: { ...constants } },
  });
  return { pipeline, layout };
}

function constantsOf({ plan, scalars }: FilledPlan): Uint32Array {
  const words = new Uint32Array(plan.constants.bytes / 4);
  const views = { f32: new Float32Array(words.buffer), i32: new Int32Array(words.buffer), u32: words } satisfies Record<DType, TypedArray>;
  for (const { offset, dtype, value } of plan.constants.entries)
    views[dtype][offset / 4] = "literal" in value ? value.literal : scalars[value.scalar]!;
  return words;
}
