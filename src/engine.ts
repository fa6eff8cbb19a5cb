/** The one place that joins graph, plan and GPU: tensors are evaluated, functions compiled and programs replayed here. */

import { checkOptions } from "./core/check.ts";
import { type DType, type TypedArray, typedArray, typedArrayView } from "./core/dtype.ts";
import { FathomError } from "./core/errors.ts";
import { checkShape, describe, type Shape, sizeOf } from "./core/shape.ts";
import { type Compiled, compileFunction, type Signature } from "./engine/compiled.ts";
import { Evaluation } from "./engine/evaluation.ts";
import { Lifetimes } from "./engine/lifetimes.ts";
import type { Machinery } from "./engine/machinery.ts";
import { Programs } from "./engine/programs.ts";
import type { TunedLayer, TuneOptions } from "./engine/tune.ts";
import { Buffers, TENSOR_USAGE } from "./gpu/buffers.ts";
import { type AdapterFacts, type OpenOptions as DeviceOptions, type Gpu, openGpu } from "./gpu/device.ts";
import { Pipelines } from "./gpu/pipelines.ts";
import { Readback } from "./gpu/readback.ts";
import type { Node } from "./graph/node.ts";
import { input } from "./ops/define.ts";
import { type TunedProduct, type Tuning, tileTable } from "./ops/tuning.ts";
import { productCandidates } from "./plan/productPlan.ts";
import { Tensor, type TensorLike, type TensorOwner } from "./tensor.ts";
import type { Program, ProgramRequest, Runtime, StateBuffer } from "./train/runtime.ts";
import type { Trainer, TrainerOptions } from "./train/trainer.ts";

/** Depth of pending work past which a new tensor is evaluated by itself, so that a loop that never reads stays bounded. */
const MOST_PENDING = 1000;

export interface OpenOptions extends DeviceOptions {
  /** What `tune()` has measured on this adapter before; on another adapter it is left unused. */
  readonly tuning?: Tuning;
}

/**
 * Opens an engine: `await open()`. Throws a FathomError (no-webgpu, insecure-context, no-adapter, limits-too-small) with advice, and
 * (argument) where an option is none or `tuning` is not what `tune()` returned.
 */
export async function open(options: OpenOptions = {}): Promise<Engine> {
  checkOptions("open", options, ["device", "adapter", "powerPreference", "signal", "gpu", "tuning"]);
  const { tuning, ...rest } = options;
  const engine = new Engine(await openGpu(rest));
  try {
    if (tuning !== undefined) engine.use(tuning);
  } catch (error) {
    engine.dispose();
    throw error;
  }
  return engine;
}

export interface EngineCounters {
  /** Buffers in use now, and their bytes. */
  readonly buffers: number;
  readonly bytes: number;
  readonly buffersCreated: number;
  readonly pipelines: number;
}

export class Engine implements Runtime, TensorOwner {
  private readonly machinery: Machinery;
  private readonly evaluation: Evaluation;
  private readonly programs: Programs;
  private readonly scopes: Tensor[][] = [];
  private tracing = 0;
  private used: Tuning | null = null;

  constructor(gpu: Gpu) {
    const buffers = new Buffers(gpu);
    this.machinery = {
      gpu,
      buffers,
      pipelines: new Pipelines(gpu),
      readback: new Readback(gpu, buffers),
      lifetimes: new Lifetimes((buffer) => buffers.give(buffer)),
      target: { adapterClass: gpu.adapter.class, subgroups: gpu.device.features.has("subgroups") },
    };
    this.evaluation = new Evaluation(this.machinery);
    this.programs = new Programs(this.machinery);
  }

  get adapter(): AdapterFacts {
    return this.machinery.gpu.adapter;
  }

  get device(): GPUDevice {
    return this.machinery.gpu.device;
  }

  get counters(): EngineCounters {
    const { buffers, bytes, created } = this.machinery.buffers.counts;
    return { buffers, bytes, buffersCreated: created, pipelines: this.machinery.pipelines.count };
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
    this.machinery.gpu.throwIfFailed();
    const data = typedArray(type, list) as Float32Array<ArrayBuffer>;
    const buffer = this.machinery.buffers.take(data.byteLength, TENSOR_USAGE);
    if (data.byteLength > 0) this.machinery.gpu.device.queue.writeBuffer(buffer, 0, data);
    this.machinery.lifetimes.realize(node, buffer);
    return this.wrap(node);
  }

  wrap(node: Node): Tensor {
    const depth = this.machinery.lifetimes.retain(node);
    const tensor = new Tensor(this, node);
    this.machinery.lifetimes.watch(tensor, node);
    this.scopes.at(-1)?.push(tensor);
    if (depth > MOST_PENDING && this.tracing === 0) this.evaluation.evaluateNow([node]);
    return tensor;
  }

  release(tensor: Tensor, node: Node): void {
    this.machinery.lifetimes.unwatch(tensor);
    this.machinery.lifetimes.release(node);
  }

  together(nodes: readonly Node[]): void {
    this.evaluation.together(nodes);
  }

  /** Frees every tensor that `body` makes, but for those that it returns (a tensor, or a list or record of them). */
  scope<T>(body: () => T): T {
    const { value, made } = this.record(body, disposeAll);
    if (value instanceof Promise)
      throw new FathomError(
        "argument",
        "scope: its function must not be async; the tensors that it makes after the first await would not be seen. Read results after the scope",
      );
    const kept = tensorsIn(value);
    for (const tensor of made) {
      if (kept.includes(tensor)) this.scopes.at(-1)?.push(tensor);
      else tensor.dispose();
    }
    return value;
  }

  /** Runs `body`, and gives what it returns and every tensor that it made; `failed` has those where it throws. */
  private record<T>(body: () => T, failed: (made: readonly Tensor[]) => void = () => {}): { value: T; made: readonly Tensor[] } {
    const made: Tensor[] = [];
    this.scopes.push(made);
    try {
      return { value: body(), made };
    } catch (error) {
      failed(made);
      throw error;
    } finally {
      this.scopes.pop();
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
  evaluate(nodes: readonly Node[]): Promise<void> {
    return this.evaluation.evaluate(nodes);
  }

  async read(node: Node): Promise<TypedArray> {
    const { lifetimes, readback } = this.machinery;
    // Until it has been read, disposing of it takes no effect.
    lifetimes.retain(node);
    try {
      await this.evaluate([node]);
      const buffer = lifetimes.bufferOf(node);
      if (!buffer) throw new FathomError("internal", `${describe(node)} was evaluated and has no value`);
      return typedArrayView(node.dtype, await readback.read({ buffer, offset: 0, size: sizeOf(node.shape) * 4 }));
    } finally {
      lifetimes.release(node);
    }
  }

  /** The graph of what is still to be computed, and the plan for it, as text. */
  explain(...tensors: readonly Tensor[]): string {
    return this.evaluation.explain(tensors.map((tensor) => tensor.node));
  }

  /**
   * Traces `body` once on placeholders of the given types and freezes its plan. `run` replays it: it creates no pipeline and no bind group.
   * `body` may use other tensors; their present values are built in.
   */
  compile(body: (...args: Tensor[]) => Tensor | readonly Tensor[], signature: Signature): Promise<Compiled> {
    return compileFunction(
      this.machinery,
      {
        wrap: (node) => this.wrap(node),
        evaluateNow: (nodes) => this.evaluation.evaluateNow(nodes),
        record: (traced) => this.trace(() => this.record(traced, disposeAll)),
      },
      body,
      signature,
    );
  }

  /** The measured tiles that this engine's plans are made with; null where it goes by its table. */
  get tuning(): Tuning | null {
    return this.used;
  }

  /** @internal */
  use(tuning: Tuning): void {
    const { target, gpu } = this.machinery;
    const tiles = tileTable(tuning, gpu.adapter.description, target);
    if (!tiles) return;
    this.used = tuning;
    this.machinery.target = { ...target, tiles };
  }

  /**
   * Measures how this adapter multiplies the matrices of linear layers fastest, forward and backward, and uses it for what is planned from
   * now on; what was planned before (a prepared trainer, a compiled function, an eager product of the same sizes) stays. Takes seconds: each
   * of a few kernels is compiled, and timed `rounds` times (7) for each product. Returns what is known now, plain JSON to keep and to give
   * to `open({ tuning })`. Results agree within rounding whatever the tile; a checkpoint records the tiles, because only equal ones give
   * equal bits: tune before a trainer is made.
   *
   *     localStorage.setItem("tuning", JSON.stringify(await gpu.tune([{ rows: 64, inFeatures: 128, outFeatures: 128 }])));
   *
   * Throws a FathomError (argument, aborted).
   */
  async tune(layers: readonly TunedLayer[], options: TuneOptions = {}): Promise<Tuning> {
    const { tuneProducts } = await import("./engine/tune.ts");
    const found = await tuneProducts(this.machinery, layers, options, productCandidates);
    const name = ({ m, n, k, layout }: TunedProduct): string => [m, n, k, layout].join();
    const merged = new Map([...(this.used?.products ?? []), ...found].map((product) => [name(product), product]));
    const tuning: Tuning = { format: "fathom-tuning/1", adapter: this.adapter.description, products: [...merged.values()] };
    this.use(tuning);
    return tuning;
  }

  /** A trainer: see `createTrainer`. Training is a module of its own, fetched when first asked for. */
  async train(options: TrainerOptions): Promise<Trainer> {
    const { createTrainer } = await import("./train/trainer.ts");
    this.throwIfFailed();
    return createTrainer(this, options);
  }

  state(name: string, dtype: DType, size: number, initial?: TypedArray): StateBuffer {
    return this.programs.state(name, dtype, size, initial);
  }

  compileProgram(request: ProgramRequest): Promise<Program> {
    return this.programs.compileProgram(request);
  }

  submit(programs: readonly Program[], reads?: Parameters<Runtime["submit"]>[1]): Promise<readonly TypedArray[]> | undefined {
    return this.programs.submit(programs, reads);
  }

  async settled(): Promise<void> {
    await this.machinery.gpu.guard(this.machinery.gpu.device.queue.onSubmittedWorkDone());
  }

  throwIfFailed(): void {
    this.machinery.gpu.throwIfFailed();
  }

  /** Ends the engine: frees what it holds, and destroys the device unless it was given. */
  dispose(): void {
    this.evaluation.dispose();
    this.machinery.gpu.dispose();
    this.machinery.buffers.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function disposeAll(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  return value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype
    ? Object.values(value).flatMap(tensorsIn)
    : [];
}
