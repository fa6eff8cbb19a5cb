/** Eager evaluation: pending nodes become plans, plans are kept by structure, and values land in buffers. */
import { FathomError } from "../core/errors.ts";
import { describe, sizeOf } from "../core/shape.ts";
import { checked, Instance, instantiate } from "../gpu/executor.ts";
import { type Node, printGraph, topologicalOrder } from "../graph/node.ts";
import { inputOp, scalarOp } from "../ops/define.ts";
import { lower } from "../plan/lower.ts";
import { structureKey } from "../plan/structure.ts";
import { type Plan, printPlan } from "../plan/types.ts";
import type { Machinery } from "./machinery.ts";

/** Plans kept; the one unused for longest goes first. */
const MOST_CACHED_PLANS = 64;

export class Evaluation {
  private readonly plans = new Map<string, Instance>();
  private readonly companions = new WeakMap<Node, readonly Node[]>();
  /** Evaluations run one after another: a later one may need what an earlier one computes. */
  private turn: Promise<unknown> = Promise.resolve();
  private readonly machinery: Machinery;

  constructor(machinery: Machinery) {
    this.machinery = machinery;
  }

  /** Nodes that are best computed in one go: reading one of them computes all. */
  together(nodes: readonly Node[]): void {
    for (const node of nodes) this.companions.set(node, nodes);
  }

  /** Computes nodes that have no value yet, in one submit. They are kept until that is done, whatever is disposed of meanwhile. */
  async evaluate(nodes: readonly Node[]): Promise<void> {
    const { lifetimes } = this.machinery;
    for (const node of nodes) lifetimes.retain(node);
    const run = async (): Promise<void> => {
      this.machinery.gpu.throwIfFailed();
      for (let attempt = 0; ; attempt++) {
        const roots = this.pendingOf(nodes);
        if (roots.length === 0) return;
        const { instance, inputs, scalars } = await this.instanceFor(roots);
        // While the pipelines were compiled, an automatic flush may have evaluated or freed some of it.
        const stale =
          roots.some((root) => this.machinery.lifetimes.bufferOf(root)) || inputs.some((node) => !this.machinery.lifetimes.bufferOf(node));
        if (!stale) return this.runChecked(instance, roots, inputs, scalars);
        if (attempt > 8) throw new FathomError("internal", "evaluation did not settle");
      }
    };
    const result = this.turn.then(run).finally(() => {
      for (const node of nodes) lifetimes.release(node);
    });
    this.turn = result.catch(() => {});
    return result;
  }

  /** The same, submitted before it returns. */
  evaluateNow(nodes: readonly Node[]): void {
    const roots = this.pendingOf(nodes);
    if (roots.length === 0) return;
    const { key, plan, inputs, scalars } = this.planFor(roots);
    let instance = this.recall(key);
    if (!instance) {
      const made = plan();
      instance = this.remember(
        key,
        new Instance(this.machinery.gpu, this.machinery.buffers, made, this.machinery.pipelines.now(made.kernels)),
      );
    }
    this.keep(roots, this.submit(instance, roots, inputs, scalars));
  }

  private pendingOf(nodes: readonly Node[]): Node[] {
    const all = nodes.flatMap((node) => [node, ...(this.companions.get(node) ?? [])]);
    return [...new Set(all)].filter(
      (node) => !this.machinery.lifetimes.bufferOf(node) && (nodes.includes(node) || this.machinery.lifetimes.isHeld(node)),
    );
  }

  private planFor(roots: readonly Node[]): { key: string; plan: () => Plan; inputs: readonly Node[]; scalars: readonly Node[] } {
    const given = (node: Node): boolean => this.machinery.lifetimes.bufferOf(node) !== undefined;
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
      plan: () => lower({ roots, assignments: [], given, target: this.machinery.target }).plan,
      inputs,
      scalars,
    };
  }

  private async instanceFor(roots: readonly Node[]): Promise<{ instance: Instance; inputs: readonly Node[]; scalars: readonly Node[] }> {
    const { key, plan, inputs, scalars } = this.planFor(roots);
    const known = this.recall(key);
    if (known) return { instance: known, inputs, scalars };
    const instance = await instantiate(this.machinery.gpu, this.machinery.buffers, this.machinery.pipelines, plan());
    return { instance: this.remember(key, instance), inputs, scalars };
  }

  /** A plan that is kept, which has now been used last. */
  private recall(key: string): Instance | undefined {
    const known = this.plans.get(key);
    if (known) {
      this.plans.delete(key);
      this.plans.set(key, known);
    }
    return known;
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

  /** Nodes get their values only if the GPU had nothing to object, so that a failed evaluation can be tried again. */
  private async runChecked(instance: Instance, roots: readonly Node[], inputs: readonly Node[], scalars: readonly Node[]): Promise<void> {
    let outputs: readonly GPUBuffer[] = [];
    try {
      await checked(this.machinery.gpu, () => {
        outputs = this.submit(instance, roots, inputs, scalars);
      });
    } catch (error) {
      for (const output of outputs) this.machinery.buffers.discard(output);
      throw error;
    }
    this.keep(roots, outputs);
  }

  private keep(roots: readonly Node[], outputs: readonly GPUBuffer[]): void {
    const { lifetimes, buffers } = this.machinery;
    for (const [index, root] of roots.entries()) {
      // Meanwhile it may have been evaluated by an automatic flush, or nobody may need it any more.
      if (lifetimes.knows(root) && !lifetimes.bufferOf(root)) lifetimes.realize(root, outputs[index]!);
      else buffers.give(outputs[index]!);
    }
  }

  private submit(instance: Instance, roots: readonly Node[], inputs: readonly Node[], scalars: readonly Node[]): GPUBuffer[] {
    const { device } = this.machinery.gpu;
    const outputs = this.machinery.buffers.takeAll(roots.map((root) => sizeOf(root.shape) * 4));
    instance.writeConstants(scalars.map((node) => node.attributes.value));
    const replay = instance.bind({ inputs: inputs.map((node) => this.machinery.lifetimes.bufferOf(node)!), outputs, states: {} });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    replay.encode(pass);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return outputs;
  }

  /** The graph of what is still to be computed, and the plan for it, as text. */
  explain(nodes: readonly Node[]): string {
    const roots = this.pendingOf(nodes);
    return `${printGraph(roots)}\n\n${printPlan(this.planFor(roots).plan())}`;
  }

  dispose(): void {
    for (const instance of this.plans.values()) instance.dispose();
    this.plans.clear();
  }
}
