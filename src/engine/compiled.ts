/** Compiled functions: traced once, frozen, and replayed with new arguments. */
import { FathomError } from "../core/errors.ts";
import { describe, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { TENSOR_USAGE } from "../gpu/buffers.ts";
import { checked, type Instance, instantiate, type Replay } from "../gpu/executor.ts";
import { type Node, type TensorType, topologicalOrder } from "../graph/node.ts";
import { input } from "../ops/define.ts";
import { lower } from "../plan/lower.ts";
import { type Plan, printPlan } from "../plan/types.ts";
import type { Tensor } from "../tensor.ts";
import type { Machinery } from "./machinery.ts";

/** What `compile` makes: a frozen plan, replayed with new arguments. */
export interface Compiled {
  /** Submits one replay. The results are new tensors of the caller's. Throws a FathomError (argument, shape) where an argument does not fit. */
  run(...args: readonly Tensor[]): Tensor[];
  readonly plan: Plan;
  print(): string;
  dispose(): void;
}

export type Signature = readonly (Partial<TensorType> & { readonly shape: Shape })[];

/** What compiling asks of its engine. */
export interface CompileHost {
  wrap(node: Node): Tensor;
  /** Values of pending arguments, submitted at once. */
  evaluateNow(nodes: readonly Node[]): void;
  /** Runs `body`, and gives what it returns and every tensor that it made. */
  record<T>(body: () => T): { readonly value: T; readonly made: readonly Tensor[] };
}

const bytesOf = (node: Node): number => sizeOf(node.shape) * 4;

export async function compileFunction(
  machinery: Machinery,
  host: CompileHost,
  body: (...args: Tensor[]) => Tensor | readonly Tensor[],
  signature: Signature,
): Promise<Compiled> {
  const { gpu, buffers, lifetimes } = machinery;
  const holders = signature.map(({ shape, dtype = "f32" }) => input(shape, dtype));
  const { value: roots, made } = host.record(() => {
    const result = body(...holders.map((node) => host.wrap(node)));
    return (Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor]).map((tensor) => tensor.node);
  });
  const given = (node: Node): boolean => lifetimes.bufferOf(node) !== undefined;
  // Tensors from outside keep their values for as long as the function lives.
  const captured = topologicalOrder(roots, given).filter(given);
  for (const node of captured) lifetimes.retain(node);
  for (const tensor of made) tensor.dispose();
  const releaseAll = (): void => {
    for (const node of captured) lifetimes.release(node);
  };
  const frozen = await freeze(machinery, holders, roots).catch((error: unknown) => {
    releaseAll();
    throw error;
  });
  const { plan, instance, own, outputs, replay } = frozen;
  let disposed = false;

  const check = (args: readonly Tensor[]): void => {
    gpu.throwIfFailed();
    if (disposed) throw new FathomError("disposed", "this compiled function was disposed of; compile it again");
    if (args.length !== holders.length)
      throw new FathomError("argument", `compiled function: takes ${holders.length} tensors, got ${args.length}`);
    for (const [index, holder] of holders.entries()) {
      const { node } = args[index]!;
      if (!sameShape(node.shape, holder.shape) || node.dtype !== holder.dtype)
        throw new FathomError(
          "shape",
          `compiled function: argument ${index} is ${describe(node)}, and it was compiled for ${describe(holder)}`,
        );
    }
  };

  const run = (...args: readonly Tensor[]): Tensor[] => {
    check(args);
    for (const { node } of args) host.evaluateNow([node]);
    const encoder = gpu.device.createCommandEncoder();
    const copy = (from: GPUBuffer, to: GPUBuffer, node: Node): void => {
      if (bytesOf(node) > 0) encoder.copyBufferToBuffer(from, 0, to, 0, bytesOf(node));
    };
    for (const [index, holder] of holders.entries()) copy(lifetimes.bufferOf(args[index]!.node)!, own.get(holder)!, holder);
    const pass = encoder.beginComputePass();
    replay.encode(pass);
    pass.end();
    const results = roots.map((root, index) => {
      const node = input(root.shape, root.dtype);
      const buffer = buffers.take(bytesOf(root), TENSOR_USAGE);
      copy(outputs[index]!, buffer, root);
      lifetimes.realize(node, buffer);
      return host.wrap(node);
    });
    gpu.device.queue.submit([encoder.finish()]);
    return results;
  };

  const dispose = (): void => {
    if (disposed) return;
    disposed = true;
    instance.dispose();
    for (const buffer of [...own.values(), ...outputs]) buffers.give(buffer);
    releaseAll();
  };
  return { run, plan, print: () => printPlan(plan), dispose };
}

/** A plan with memory of its own for arguments and results, so that its bindings never change. */
interface Frozen {
  readonly plan: Plan;
  readonly instance: Instance;
  readonly own: ReadonlyMap<Node, GPUBuffer>;
  readonly outputs: readonly GPUBuffer[];
  readonly replay: Replay;
}

async function freeze(machinery: Machinery, holders: readonly Node[], roots: readonly Node[]): Promise<Frozen> {
  const { gpu, buffers, pipelines, lifetimes, target } = machinery;
  const { plan, items } = lower({ roots, assignments: [], given: (node) => lifetimes.bufferOf(node) !== undefined, target });
  const foreign = items.inputs.find((node) => !holders.includes(node) && !lifetimes.bufferOf(node));
  if (foreign)
    throw new FathomError(
      "disposed",
      `compile: the function uses ${describe(foreign)}, which was disposed of, or belongs to another engine`,
    );
  const instance = await instantiate(gpu, buffers, pipelines, plan);
  let memory: GPUBuffer[] = [];
  try {
    instance.writeConstants(items.scalars.map((node) => node.attributes.value));
    return await checked(gpu, () => {
      memory = buffers.takeAll([...holders, ...roots].map(bytesOf));
      const own = new Map(holders.map((node, index) => [node, memory[index]!]));
      const outputs = memory.slice(holders.length);
      const inputs = items.inputs.map((node) => own.get(node) ?? lifetimes.bufferOf(node)!);
      return { plan, instance, own, outputs, replay: instance.bind({ inputs, outputs, states: {} }) };
    });
  } catch (error) {
    instance.dispose();
    for (const buffer of memory) buffers.discard(buffer);
    throw error;
  }
}
