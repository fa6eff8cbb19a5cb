/** The one place that joins graph, plan and GPU: tensors are evaluated, functions compiled and programs replayed here. */
import { type DType, type TypedArray, typedArray, typedArrayView } from "./core/dtype.ts";
import { FathomError } from "./core/errors.ts";
import { checkShape, describe, type Shape, sameShape, sizeOf } from "./core/shape.ts";
import { Buffers, TENSOR_USAGE } from "./gpu/buffers.ts";
import { type AdapterFacts, type Gpu, type OpenOptions, openGpu } from "./gpu/device.ts";
import { checked, Instance, instantiate } from "./gpu/executor.ts";
import { Pipelines } from "./gpu/pipelines.ts";
import { Readback } from "./gpu/readback.ts";
import { type Node, printGraph, type TensorType, topologicalOrder } from "./graph/node.ts";
import type { Target } from "./graph/op.ts";
import { Lifetimes } from "./lifetimes.ts";
import { input, inputOp, scalarOp, state as stateNode } from "./ops/define.ts";
import { lower } from "./plan/lower.ts";
import { structureKey } from "./plan/structure.ts";
import { type Plan, planBytes, printPlan } from "./plan/types.ts";
import { Tensor, type TensorLike, type TensorOwner } from "./tensor.ts";
import type { Program, ProgramRequest, Runtime, StateBuffer } from "./train/runtime.ts";
import { createTrainer, type Trainer, type TrainerOptions } from "./train/trainer.ts";

/** Plans kept for eager reading; the one unused for longest goes first. */
const MOST_CACHED_PLANS = 64;
/** Depth of pending work past which a new tensor is evaluated by itself, so that a loop that never reads stays bounded. */
const MOST_PENDING = 1000;

/** Opens an engine: `await open()`. Throws a FathomError (no-webgpu, insecure-context, no-adapter, limits-too-small) with advice. */
export async function open(options: OpenOptions = {}): Promise<Engine> {
  return new Engine(await openGpu(options));
}

export interface EngineCounters {
  /** Buffers in use now, and their bytes. */
  readonly buffers: number;
  readonly bytes: number;
  readonly buffersCreated: number;
  readonly pipelines: number;
}

/** What `compile` makes: a frozen plan, replayed with new arguments. */
export interface Compiled {
  /** Submits one replay. The results are new tensors of the caller's. */
  run(...args: readonly Tensor[]): Tensor[];
  readonly plan: Plan;
  print(): string;
  dispose(): void;
}

export class Engine implements Runtime, TensorOwner {
  private readonly gpu: Gpu;
  private readonly buffers: Buffers;
  private readonly pipelines: Pipelines;
  private readonly readback: Readback;
  private readonly lifetimes: Lifetimes;
  private readonly plans = new Map<string, Instance>();
  private readonly target: Target;
  /** Evaluations run one after another: a later one may need what an earlier one computes. */
  private turn: Promise<unknown> = Promise.resolve();
  private tracing = 0;
  private readonly scopes: Tensor[][] = [];
  private readonly companions = new WeakMap<Node, readonly Node[]>();
  private readonly stateBuffers = new Map<StateBuffer, GPUBuffer>();
  private readonly replays = new WeakMap<Program, (pass: GPUComputePassEncoder) => void>();

  constructor(gpu: Gpu) {
    this.gpu = gpu;
    this.buffers = new Buffers(gpu);
    this.pipelines = new Pipelines(gpu);
    this.readback = new Readback(gpu, this.buffers);
    this.lifetimes = new Lifetimes((buffer) => this.buffers.give(buffer));
    this.target = { adapterClass: gpu.adapter.class, subgroups: gpu.device.features.has("subgroups") };
  }

  get adapter(): AdapterFacts {
    return this.gpu.adapter;
  }

  get device(): GPUDevice {
    return this.gpu.device;
  }

  get counters(): EngineCounters {
    const { buffers, bytes, created } = this.buffers.counts;
    return { buffers, bytes, buffersCreated: created, pipelines: this.pipelines.count };
  }

  /**
   * A tensor of `values`, row-major, in `shape` (a vector if left out). Numbers become f32; an Int32Array stays i32, a Uint32Array u32.
   * Throws a FathomError (shape) where their count does not fit.
   */
  tensor(values: TensorLike, shape?: Shape, dtype?: DType): Tensor {
    const list = typeof values === "number" ? [values] : values;
    const type: DType = dtype ?? (list instanceof Int32Array ? "i32" : list instanceof Uint32Array ? "u32" : "f32");
    const dimensions = shape ?? (typeof values === "number" ? [] : [list.length]);
    checkShape("tensor", dimensions);
    if (sizeOf(dimensions) !== list.length)
      throw new FathomError(
        "shape",
        `tensor: ${list.length} values do not fill ${describe({ shape: dimensions, dtype: type })}, which has ${sizeOf(dimensions)} elements`,
      );
    const node = input(dimensions, type);
    this.gpu.throwIfFailed();
    const data = typedArray(type, list) as Float32Array<ArrayBuffer>;
    const buffer = this.buffers.take(data.byteLength, TENSOR_USAGE);
    if (data.byteLength > 0) this.gpu.device.queue.writeBuffer(buffer, 0, data);
    this.lifetimes.realize(node, buffer);
    return this.wrap(node);
  }

  wrap(node: Node): Tensor {
    const depth = this.lifetimes.retain(node);
    const tensor = new Tensor(this, node);
    this.lifetimes.watch(tensor, node);
    this.scopes.at(-1)?.push(tensor);
    if (depth > MOST_PENDING && this.tracing === 0) this.evaluateNow([node]);
    return tensor;
  }

  release(tensor: Tensor, node: Node): void {
    this.lifetimes.unwatch(tensor);
    this.lifetimes.release(node);
  }

  together(nodes: readonly Node[]): void {
    for (const node of nodes) this.companions.set(node, nodes);
  }

  /** Frees every tensor that `body` makes, but for those that it returns (a tensor, or a list or record of them). */
  scope<T>(body: () => T): T {
    const made: Tensor[] = [];
    this.scopes.push(made);
    let kept: readonly Tensor[] = [];
    try {
      const value = body();
      if (value instanceof Promise)
        throw new FathomError(
          "argument",
          "scope: its function must not be async; the tensors that it makes after the first await would not be seen. Read results after the scope",
        );
      kept = tensorsIn(value);
      return value;
    } finally {
      this.scopes.pop();
      for (const tensor of made) {
        if (kept.includes(tensor)) this.scopes.at(-1)?.push(tensor);
        else tensor.dispose();
      }
    }
  }

  /** Traces `body` without evaluating on the way. */
  trace<T>(body: () => T): T {
    this.tracing++;
    try {
      return body();
    } finally {
      this.tracing--;
    }
  }

  /** Computes nodes that have no value yet, in one submit. */
  async evaluate(nodes: readonly Node[]): Promise<void> {
    const run = async (): Promise<void> => {
      this.gpu.throwIfFailed();
      for (let attempt = 0; ; attempt++) {
        const roots = this.pendingOf(nodes);
        if (roots.length === 0) return;
        const { instance, inputs, scalars } = await this.instanceFor(roots);
        // While the pipelines were compiled, an automatic flush may have evaluated or freed some of it.
        const stale = roots.some((root) => this.lifetimes.bufferOf(root)) || inputs.some((node) => !this.lifetimes.bufferOf(node));
        if (!stale) return checked(this.gpu, () => this.runOnce(instance, roots, inputs, scalars));
        if (attempt > 8) throw new FathomError("internal", "evaluation did not settle");
      }
    };
    const result = this.turn.then(run);
    this.turn = result.catch(() => {});
    return result;
  }

  private evaluateNow(nodes: readonly Node[]): void {
    const roots = this.pendingOf(nodes);
    if (roots.length === 0) return;
    const { key, plan, inputs, scalars } = this.planFor(roots);
    let instance = this.plans.get(key);
    if (!instance) {
      const made = plan();
      instance = this.remember(key, new Instance(this.gpu, this.buffers, made, this.pipelines.now(made.kernels)));
    }
    this.runOnce(instance, roots, inputs, scalars);
  }

  private pendingOf(nodes: readonly Node[]): Node[] {
    const all = nodes.flatMap((node) => [node, ...(this.companions.get(node) ?? [])]);
    return [...new Set(all)].filter((node) => !this.lifetimes.bufferOf(node) && (nodes.includes(node) || this.lifetimes.isHeld(node)));
  }

  private planFor(roots: readonly Node[]): { key: string; plan: () => Plan; inputs: readonly Node[]; scalars: readonly Node[] } {
    const given = (node: Node): boolean => this.lifetimes.bufferOf(node) !== undefined;
    const order = topologicalOrder(roots, given);
    const missing = order.find((node) => node.op === inputOp && !given(node));
    if (missing)
      throw new FathomError(
        "disposed",
        `${describe(missing)} was disposed of, or belongs to another engine or to a function being compiled; it cannot be read`,
      );
    const inputs = order.filter(given);
    // A scalar that has been evaluated is an input like any other.
    const scalars = order.filter((node) => node.op === scalarOp && !given(node));
    return {
      key: structureKey(order, roots, given),
      plan: () => lower({ roots, assignments: [], given, target: this.target }).plan,
      inputs,
      scalars,
    };
  }

  private async instanceFor(roots: readonly Node[]): Promise<{ instance: Instance; inputs: readonly Node[]; scalars: readonly Node[] }> {
    const { key, plan, inputs, scalars } = this.planFor(roots);
    const known = this.plans.get(key);
    if (known) {
      this.plans.delete(key);
      this.plans.set(key, known);
      return { instance: known, inputs, scalars };
    }
    const instance = await instantiate(this.gpu, this.buffers, this.pipelines, plan());
    return { instance: this.remember(key, instance), inputs, scalars };
  }

  private remember(key: string, instance: Instance): Instance {
    const twin = this.plans.get(key);
    if (twin) {
      instance.dispose();
      return twin;
    }
    this.plans.set(key, instance);
    for (const [oldest, old] of this.plans) {
      if (this.plans.size <= MOST_CACHED_PLANS) break;
      this.plans.delete(oldest);
      old.dispose();
    }
    return instance;
  }

  private runOnce(instance: Instance, roots: readonly Node[], inputs: readonly Node[], scalars: readonly Node[]): void {
    const { device } = this.gpu;
    const outputs = roots.map((root) => this.buffers.take(sizeOf(root.shape) * 4, TENSOR_USAGE));
    instance.writeConstants(scalars.map((node) => node.attributes.value));
    const replay = instance.bind({ inputs: inputs.map((node) => this.lifetimes.bufferOf(node)!), outputs, states: {} });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    replay.encode(pass);
    pass.end();
    device.queue.submit([encoder.finish()]);
    for (const [index, root] of roots.entries()) this.lifetimes.realize(root, outputs[index]!);
  }

  async read(node: Node): Promise<TypedArray> {
    await this.evaluate([node]);
    const buffer = this.lifetimes.bufferOf(node);
    if (!buffer) throw new FathomError("disposed", `${describe(node)} was disposed of while it was being read`);
    return typedArrayView(node.dtype, await this.readback.read({ buffer, offset: 0, size: sizeOf(node.shape) * 4 }));
  }

  /** The graph of what is still to be computed, and the plan for it, as text. */
  explain(...tensors: readonly Tensor[]): string {
    const roots = this.pendingOf(tensors.map((tensor) => tensor.node));
    return `${printGraph(roots)}\n\n${printPlan(this.planFor(roots).plan())}`;
  }

  /**
   * Traces `body` once on placeholders of the given types and freezes its plan. `run` replays it: it creates no pipeline and no bind group.
   * `body` may use other tensors; their present values are built in.
   */
  async compile(
    body: (...args: Tensor[]) => Tensor | readonly Tensor[],
    signature: readonly (Partial<TensorType> & { shape: Shape })[],
  ): Promise<Compiled> {
    const types = signature.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
    const holders = types.map(({ shape, dtype }) => input(shape, dtype));
    const roots = this.trace(() => {
      const made = body(...holders.map((node) => new Tensor(this, node)));
      return (Array.isArray(made) ? (made as readonly Tensor[]) : [made as Tensor]).map((tensor) => tensor.node);
    });
    const captured = this.capturedBy(roots, new Set(holders));
    await this.evaluate(captured.filter((node) => !this.lifetimes.bufferOf(node)));
    for (const node of captured) this.lifetimes.retain(node);
    const given = (node: Node): boolean => this.lifetimes.bufferOf(node) !== undefined;
    const { plan, items } = lower({ roots, assignments: [], given, target: this.target });
    const instance = await instantiate(this.gpu, this.buffers, this.pipelines, plan);
    instance.writeConstants(items.scalars.map((node) => node.attributes.value));
    const own = new Map(holders.map((node) => [node, this.buffers.take(sizeOf(node.shape) * 4, TENSOR_USAGE)]));
    const outputs = roots.map((root) => this.buffers.take(sizeOf(root.shape) * 4, TENSOR_USAGE));
    const replay = await checked(this.gpu, () =>
      instance.bind({ inputs: items.inputs.map((node) => own.get(node) ?? this.lifetimes.bufferOf(node)!), outputs, states: {} }),
    );
    const run = (...args: readonly Tensor[]): Tensor[] => {
      this.gpu.throwIfFailed();
      if (args.length !== types.length)
        throw new FathomError("argument", `compiled function: takes ${types.length} tensors, got ${args.length}`);
      const encoder = this.gpu.device.createCommandEncoder();
      for (const [index, holder] of holders.entries()) {
        const { node } = args[index]!;
        if (!sameShape(node.shape, holder.shape) || node.dtype !== holder.dtype)
          throw new FathomError(
            "shape",
            `compiled function: argument ${index} is ${describe(node)}, and it was compiled for ${describe(holder)}`,
          );
        this.evaluateNow([node]);
        const size = sizeOf(node.shape) * 4;
        if (size > 0) encoder.copyBufferToBuffer(this.lifetimes.bufferOf(node)!, 0, own.get(holder)!, 0, size);
      }
      const pass = encoder.beginComputePass();
      replay.encode(pass);
      pass.end();
      const results = roots.map((root, index) => {
        const node = input(root.shape, root.dtype);
        const size = sizeOf(root.shape) * 4;
        const buffer = this.buffers.take(size, TENSOR_USAGE);
        if (size > 0) encoder.copyBufferToBuffer(outputs[index]!, 0, buffer, 0, size);
        this.lifetimes.realize(node, buffer);
        return this.wrap(node);
      });
      this.gpu.device.queue.submit([encoder.finish()]);
      return results;
    };
    const dispose = (): void => {
      instance.dispose();
      for (const buffer of [...own.values(), ...outputs]) this.buffers.give(buffer);
      for (const node of captured) this.lifetimes.release(node);
    };
    return { run, plan, print: () => printPlan(plan), dispose };
  }

  /** Tensors from outside that a traced function reads: the outermost nodes that no placeholder reaches. */
  private capturedBy(roots: readonly Node[], holders: ReadonlySet<Node>): Node[] {
    return topologicalOrder(roots, (node) => this.lifetimes.bufferOf(node) !== undefined).filter(
      (node) => this.lifetimes.bufferOf(node) !== undefined && !holders.has(node),
    );
  }

  /** A trainer: see `createTrainer`. */
  train(options: TrainerOptions): Promise<Trainer> {
    return createTrainer(this, options);
  }

  state(name: string, dtype: DType, size: number, initial?: TypedArray): StateBuffer {
    this.gpu.throwIfFailed();
    const buffer = this.buffers.take(size * 4, TENSOR_USAGE, true);
    const { queue } = this.gpu.device;
    const write = (data: TypedArray, offset = 0): void => queue.writeBuffer(buffer, offset * 4, data as Float32Array<ArrayBuffer>);
    if (initial && initial.length > 0) write(initial);
    const made: StateBuffer = {
      name,
      dtype,
      size,
      node: ({ offset = 0, shape = [size - offset], dtype: as = dtype } = {}) => stateNode({ state: name, offset, size, shape, dtype: as }),
      write,
      read: async (offset = 0, length = size - offset) =>
        typedArrayView(dtype, await this.readback.read({ buffer, offset: offset * 4, size: length * 4 })),
      dispose: () => {
        if (this.stateBuffers.delete(made)) this.buffers.give(buffer);
      },
    };
    this.stateBuffers.set(made, buffer);
    return made;
  }

  async compileProgram(request: ProgramRequest): Promise<Program> {
    const { label, assignments, check, states } = request;
    const started = performance.now();
    const { plan, items } = lower({
      roots: [],
      assignments: assignments.map(({ state, node }) => ({ state: state.name, node })),
      ...(check ? { layers: check.layers } : {}),
      target: this.target,
    });
    if (items.inputs.length > 0)
      throw new FathomError("internal", `${label}: a program reads states only, and this one was given ${describe(items.inputs[0]!)}`);
    const instance = await instantiate(this.gpu, this.buffers, this.pipelines, plan);
    instance.writeConstants(items.scalars.map((node) => node.attributes.value));
    const buffers = Object.fromEntries(
      [...states, ...assignments.map(({ state }) => state), ...(check ? [check.flags] : [])].map((state) => [
        state.name,
        this.stateBuffers.get(state)!,
      ]),
    );
    const replay = await checked(this.gpu, () => instance.bind({ inputs: [], outputs: [], states: buffers }));
    const program: Program = {
      counters: {
        dispatches: plan.dispatches.length,
        pipelines: plan.kernels.length,
        buffers: instance.bufferCount,
        bytes: planBytes(plan),
        compileMilliseconds: performance.now() - started,
      },
      print: () => printPlan(plan),
      dispose: () => {
        if (this.replays.delete(program)) instance.dispose();
      },
    };
    this.replays.set(program, (pass) => replay.encode(pass));
    return program;
  }

  submit(
    programs: readonly Program[],
    read?: { readonly state: StateBuffer; readonly offset: number; readonly length: number },
  ): Promise<TypedArray> | undefined {
    const { device } = this.gpu;
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const program of programs) {
      const encode = this.replays.get(program);
      if (!encode) throw new FathomError("disposed", "this program was disposed of, or belongs to another engine");
      encode(pass);
    }
    pass.end();
    const finish =
      read && this.readback.encode(encoder, { buffer: this.stateBuffers.get(read.state)!, offset: read.offset * 4, size: read.length * 4 });
    device.queue.submit([encoder.finish()]);
    return finish?.().then((bytes) => typedArrayView(read!.state.dtype, bytes));
  }

  async settled(): Promise<void> {
    await this.gpu.guard(this.gpu.device.queue.onSubmittedWorkDone());
  }

  throwIfFailed(): void {
    this.gpu.throwIfFailed();
  }

  /** Ends the engine: frees what it holds, and destroys the device unless it was given. */
  dispose(): void {
    for (const instance of this.plans.values()) instance.dispose();
    this.plans.clear();
    this.buffers.clear();
    this.gpu.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  return value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype
    ? Object.values(value).flatMap(tensorsIn)
    : [];
}
