/** Runs plans: makes a plan's buffers and pipelines once, binds what is given, and encodes the dispatches. */
import type { DType } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import type { BufferReference, Plan, PlanBinding } from "../plan/types.ts";
import { type Buffers, TENSOR_USAGE, USAGE } from "./buffers.ts";
import { fromGpuError, type Gpu } from "./device.ts";
import type { Pipeline, Pipelines } from "./pipelines.ts";

/** The buffers that a plan is given. */
export interface Given {
  readonly inputs: readonly GPUBuffer[];
  readonly outputs: readonly GPUBuffer[];
  readonly states: Readonly<Record<string, GPUBuffer>>;
}

/** A plan with its own memory and pipelines. */
export class Instance {
  readonly plan: Plan;
  private readonly pipelines: readonly Pipeline[];
  private readonly pools: readonly GPUBuffer[];
  private readonly constants: GPUBuffer | null;
  /** All of them, as long as they are this plan's. */
  private readonly own: GPUBuffer[];
  private readonly words: Uint32Array<ArrayBuffer>;
  private readonly gpu: Gpu;
  private readonly buffers: Buffers;

  constructor(gpu: Gpu, buffers: Buffers, plan: Plan, pipelines: readonly Pipeline[]) {
    this.gpu = gpu;
    this.buffers = buffers;
    this.plan = plan;
    this.pipelines = pipelines;
    buffers.checkSizes(plan.pools.map(({ bytes }) => bytes));
    this.pools = plan.pools.map(({ bytes, persistent }) => buffers.take(bytes, TENSOR_USAGE, persistent));
    this.constants = plan.constants.bytes > 0 ? buffers.take(plan.constants.bytes, USAGE.STORAGE | USAGE.UNIFORM | USAGE.COPY_DST) : null;
    this.own = this.constants ? [...this.pools, this.constants] : [...this.pools];
    this.words = new Uint32Array(plan.constants.bytes / 4);
  }

  get bufferCount(): number {
    return this.own.length;
  }

  /** Writes the numbers that are data. Takes effect between two submits, in order. */
  writeConstants(scalars: readonly number[]): void {
    if (!this.constants) return;
    const floats = new Float32Array(this.words.buffer);
    const integers = new Int32Array(this.words.buffer);
    const views = { f32: floats, i32: integers, u32: this.words } satisfies Record<DType, unknown>;
    for (const { offset, dtype, value } of this.plan.constants.entries)
      views[dtype][offset / 4] = "literal" in value ? value.literal : scalars[value.scalar]!;
    this.gpu.device.queue.writeBuffer(this.constants, 0, this.words);
  }

  private buffer(reference: BufferReference, given: Given): GPUBuffer {
    const found =
      reference.kind === "pool"
        ? this.pools[reference.index]
        : reference.kind === "input"
          ? given.inputs[reference.index]
          : reference.kind === "output"
            ? given.outputs[reference.index]
            : reference.kind === "state"
              ? given.states[reference.name]
              : this.constants;
    if (!found) throw new FathomError("internal", `the plan was given no buffer for ${JSON.stringify(reference)}`);
    return found;
  }

  /** Freezes the plan on the given buffers. */
  bind(given: Given): Replay {
    const { device } = this.gpu;
    const most = device.limits.maxStorageBufferBindingSize;
    const entry = ({ buffer, offset, size }: PlanBinding, binding: number): GPUBindGroupEntry => {
      if (size > most)
        throw new FathomError(
          "out-of-memory",
          `a tensor of ${size} bytes is over the ${most} that this GPU can bind (maxStorageBufferBindingSize). Use a smaller batch or model, or split the tensor`,
          { details: { bytes: size, limit: most } },
        );
      return { binding, resource: { buffer: this.buffer(buffer, given), offset, size } };
    };
    const steps = this.plan.dispatches.map(({ kernel, bindings, workgroups: [x, y, z] }): Step => {
      const { pipeline, layout } = this.pipelines[kernel]!;
      return { pipeline, group: device.createBindGroup({ layout, entries: bindings.map(entry) }), x, y, z };
    });
    return new Replay(steps);
  }

  dispose(): void {
    this.release((buffer) => this.buffers.give(buffer));
  }

  /** The same, where the buffers may be invalid. */
  discard(): void {
    this.release((buffer) => this.buffers.discard(buffer));
  }

  private release(free: (buffer: GPUBuffer) => void): void {
    for (const buffer of this.own.splice(0)) free(buffer);
  }
}

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Dispatches with everything frozen: encoding creates nothing. */
export class Replay {
  private readonly steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.steps = steps;
  }

  encode(pass: GPUComputePassEncoder): void {
    let current: GPUComputePipeline | null = null;
    for (const { pipeline, group, x, y, z } of this.steps) {
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(x, y, z);
    }
  }
}

/** Runs `make`, and turns what WebGPU reports of it into a FathomError. */
export async function checked<T>(gpu: Gpu, make: () => T): Promise<T> {
  const { device } = gpu;
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  let made: T;
  let scopes: Promise<(GPUError | null)[]>;
  try {
    made = make();
  } finally {
    scopes = Promise.all([device.popErrorScope(), device.popErrorScope()]);
    // Where `make` throws, nobody waits for them.
    scopes.catch(() => {});
  }
  const errors = await gpu.guard(scopes);
  const error = errors.find((one) => one !== null);
  if (error) {
    await gpu.explain();
    throw fromGpuError(error);
  }
  return made;
}

export async function instantiate(gpu: Gpu, buffers: Buffers, pipelines: Pipelines, plan: Plan): Promise<Instance> {
  const compiled = await pipelines.compile(plan.kernels);
  let instance: Instance | undefined;
  try {
    return await checked(gpu, () => {
      instance = new Instance(gpu, buffers, plan, compiled);
      return instance;
    });
  } catch (error) {
    instance?.discard();
    throw error;
  }
}
