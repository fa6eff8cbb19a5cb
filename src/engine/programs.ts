/** Programs: frozen plans over states, replayed by training. */
import { type DType, type TypedArray, typedArrayView } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import { describe } from "../core/shape.ts";
import { TENSOR_USAGE } from "../gpu/buffers.ts";
import { checked, instantiate, type Replay } from "../gpu/executor.ts";
import { state as stateNode } from "../ops/define.ts";
import { lower } from "../plan/lower.ts";
import { planBytes, printPlan } from "../plan/types.ts";
import type { Program, ProgramRequest, Runtime, StateBuffer, StatePart } from "../train/runtime.ts";
import type { Machinery } from "./machinery.ts";

export class Programs implements Pick<Runtime, "state" | "compileProgram" | "submit"> {
  private readonly stateBuffers = new Map<StateBuffer, GPUBuffer>();
  private readonly replays = new WeakMap<Program, Replay>();
  private readonly machinery: Machinery;

  constructor(machinery: Machinery) {
    this.machinery = machinery;
  }

  state(name: string, dtype: DType, size: number, initial?: TypedArray): StateBuffer {
    this.machinery.gpu.throwIfFailed();
    const buffer = this.machinery.buffers.take(size * 4, TENSOR_USAGE, true);
    const { queue } = this.machinery.gpu.device;
    // A buffer that was given back may be another's by now.
    const live = (): void => {
      if (!this.stateBuffers.has(made))
        throw new FathomError("disposed", `the state ${name} was disposed of, with the trainer that it belongs to`);
    };
    const made: StateBuffer = {
      name,
      dtype,
      size,
      node: ({ offset = 0, shape = [size - offset], dtype: as = dtype } = {}) => stateNode({ state: name, offset, size, shape, dtype: as }),
      write: (data, offset = 0) => {
        live();
        queue.writeBuffer(buffer, offset * 4, data as Float32Array<ArrayBuffer>);
      },
      read: async (offset = 0, length = size - offset) => {
        live();
        return typedArrayView(dtype, await this.machinery.readback.read({ buffer, offset: offset * 4, size: length * 4 }));
      },
      dispose: () => {
        if (this.stateBuffers.delete(made)) this.machinery.buffers.give(buffer);
      },
    };
    this.stateBuffers.set(made, buffer);
    if (initial && initial.length > 0) made.write(initial);
    return made;
  }

  async compileProgram(request: ProgramRequest): Promise<Program> {
    const { label, assignments, check, states } = request;
    const started = performance.now();
    const { plan, items } = lower({
      roots: [],
      assignments: assignments.map(({ state, node }) => ({ state: state.name, node })),
      ...(check ? { layers: check.layers } : {}),
      target: this.machinery.target,
    });
    if (items.inputs.length > 0)
      throw new FathomError("internal", `${label}: a program reads states only, and this one was given ${describe(items.inputs[0]!)}`);
    const instance = await instantiate(this.machinery.gpu, this.machinery.buffers, this.machinery.pipelines, plan);
    instance.writeConstants(items.scalars.map((node) => node.attributes.value));
    const buffers = Object.fromEntries(
      [...states, ...assignments.map(({ state }) => state), ...(check ? [check.flags] : [])].map((state) => [
        state.name,
        this.stateBuffers.get(state)!,
      ]),
    );
    const replay = await checked(this.machinery.gpu, () => instance.bind({ inputs: [], outputs: [], states: buffers }));
    const program: Program = {
      counters: {
        dispatches: plan.dispatches.length,
        pipelines: plan.kernels.length,
        buffers: instance.bufferCount,
        bytes: planBytes(plan),
        peakBytes: plan.peakBytes,
        compileMilliseconds: performance.now() - started,
      },
      print: () => printPlan(plan),
      dispose: () => {
        if (this.replays.delete(program)) instance.dispose();
      },
    };
    this.replays.set(program, replay);
    return program;
  }

  submit(programs: readonly Program[], reads: readonly StatePart[] = []): Promise<readonly TypedArray[]> | undefined {
    const { device } = this.machinery.gpu;
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const program of programs) {
      const replay = this.replays.get(program);
      if (!replay) throw new FathomError("disposed", "this program was disposed of, or belongs to another engine");
      replay.encode(pass);
    }
    pass.end();
    const finishes = reads.map(({ state, offset, length }) =>
      this.machinery.readback.encode(encoder, { buffer: this.stateBuffers.get(state)!, offset: offset * 4, size: length * 4 }),
    );
    device.queue.submit([encoder.finish()]);
    if (reads.length === 0) return undefined;
    return Promise.all(finishes.map(async (finish, index) => typedArrayView(reads[index]!.state.dtype, await finish())));
  }
}
