/** Runs a model on graph nodes: parameters are parts of the arena, layers are numbered, and batch statistics are kept for the end of the step. */

import type { Segment } from "../autodiff/recompute.ts";
import { sizeOf } from "../core/shape.ts";
import { type Node, upcomingSerial } from "../graph/node.ts";
import type { Collected } from "../nn/collect.ts";
import { joinPath } from "../nn/collect.ts";
import type { Child, ForwardContext, Module } from "../nn/module.ts";
import { STEP } from "../ops/arena/layout.ts";
import { batchNormEvaluate, batchNormTrain } from "../ops/batchNorm.ts";
import { scalar } from "../ops/define.ts";
import { dropout } from "../ops/dropout.ts";
import { reshape, slice } from "../ops/views.ts";
import type { Tensor } from "../tensor.ts";
import { type ActivationLayer, isActivation } from "./activationLayers.ts";
import type { Arena } from "./arena.ts";
import type { Block, Mark } from "./depthFusion.ts";
import type { Fuse } from "./depthRequest.ts";
import type { Runtime, StateBuffer } from "./runtime.ts";
import type { RunningLayout } from "./statistics.ts";

/** What a model's nodes read. */
export interface ModelStates {
  readonly parameters: StateBuffer;
  readonly running: StateBuffer;
  readonly step: StateBuffer;
}

export interface TraceOptions {
  /** Whether anything is dropped in training; default true. */
  readonly random?: boolean;
  /** Is told what each leaf module has made. */
  readonly watch?: (module: Module, path: string, output: Node) => void;
  /** Left out or null, no repeat becomes a stack. */
  readonly fuse?: Fuse | null;
}

export class ModelTrace implements ForwardContext {
  readonly training: boolean;
  /** One node for each segment of the arena: what gradients are taken of. */
  readonly parameterNodes: readonly Node[];
  /** Numbers of the nodes that are tested for non-finite values, in depth order. */
  readonly layers = new Map<Node, number>();
  readonly layerNames: string[] = [];
  /** Outputs of activations, in the order in which they run. */
  readonly activations: ActivationLayer[] = [];
  /** [2, features] each: means, then biased variances; in the order of the running layout's segments. */
  readonly batchStatistics: (Node | null)[];
  /** Outputs of the auxiliary heads, in the order of their names in the collected model. */
  readonly auxiliaryOutputs: Node[] = [];
  /** Blocks of the arena that stacks read as one. */
  readonly blocks: Block[] = [];
  /** What became of each repeat, for people. */
  readonly fusionNotes: string[] = [];
  /** Parts whose values are not kept for the backward pass. */
  readonly segments: Segment[] = [];
  private recomputing = false;
  /** Into how many stacks each repeat was made, by its path. */
  readonly depthChoice: Record<string, number> = {};
  private readonly runtime: Runtime;
  private readonly collected: Collected;
  private readonly arena: Arena;
  private readonly wordNodes = new Map<Node, number>();
  private readonly userNodes = new Map<Node, number>();
  /** Of the repeat that is being run: where it begins, and where its rounds end. */
  private marks: Mark[] = [];
  private readonly states: ModelStates;
  private readonly running: RunningLayout;
  private readonly byModule = new Map<Module, Map<string, Node>>();
  private readonly auxiliaryIndex = new Map<Module, number>();
  private readonly normIndex = new Map<Module, number>();
  private readonly known = new Set<Node>();
  private readonly made: Tensor[] = [];
  private module: Module;
  private path = "";
  private randomUsers = 0;
  private readonly options: TraceOptions;

  constructor(
    runtime: Runtime,
    training: boolean,
    model: Module,
    collected: Collected,
    arena: Arena,
    running: RunningLayout,
    states: ModelStates,
    options: TraceOptions = {},
  ) {
    const { parameters, statistics, auxiliaries } = collected;
    this.collected = collected;
    this.arena = arena;
    this.options = options;
    this.runtime = runtime;
    this.training = training;
    this.module = model;
    this.running = running;
    this.states = states;
    this.parameterNodes = arena.segments.map(({ offset, shape }) => states.parameters.node({ offset, shape }));
    for (const [index, { module, own }] of parameters.entries()) {
      const nodes = this.byModule.get(module) ?? new Map<string, Node>();
      nodes.set(own, this.parameterNodes[index]!);
      this.byModule.set(module, nodes);
    }
    for (const [index, { module }] of auxiliaries.entries()) this.auxiliaryIndex.set(module, index);
    for (const [index, { module }] of statistics.entries()) this.normIndex.set(module, index);
    this.batchStatistics = new Array<Node | null>(statistics.length).fill(null);
  }

  /** The model's output for the batch `x`. */
  forward(x: Node): Node {
    this.known.add(x);
    const { module } = this;
    const output = this.through(module, this.wrap(x)).node;
    if (module.children.length === 0) this.leaf(module, output, module.description);
    return output;
  }

  /** Lets go of the handles that the trace needed. */
  dispose(): void {
    for (const tensor of this.made) tensor.dispose();
  }

  wrap(node: Node): Tensor {
    const tensor = this.runtime.wrap(node);
    this.made.push(tensor);
    return tensor;
  }

  parameter(name: string): Tensor {
    const node = this.byModule.get(this.module)!.get(name)!;
    this.known.add(node);
    return this.wrap(node);
  }

  run({ name, module }: Child, x: Tensor): Tensor {
    const outer = { module: this.module, path: this.path };
    this.module = module;
    this.path = joinPath(outer.path, name);
    const y = this.through(module, x);
    if (outer.module.type === "repeat") this.marks.push(this.mark(y.node));
    if (module.children.length === 0) this.leaf(module, y.node, `${this.path} (${module.description})`);
    if (isActivation(module)) this.activations.push({ name: this.path, type: module.type, units: unitsOf(y.node), node: y.node });
    this.module = outer.module;
    this.path = outer.path;
    return y;
  }

  private mark(node: Node): Mark {
    return { node, layers: this.layerNames.length, users: this.randomUsers };
  }

  /** The module's output; a repeat may become a stack. */
  private through(module: Module, x: Tensor): Tensor {
    const { fuse } = this.options;
    if (module.type !== "repeat" || !fuse || module.children.length === 0) return module.forward(x, this);
    const outer = this.marks;
    this.marks = [this.mark(x.node)];
    const segments = this.segments.length;
    const y = module.forward(x, this);
    // A stack keeps what its layers make.
    const isRecomputed = this.recomputing || this.segments.length > segments;
    const fused = isRecomputed
      ? "its activations are computed again"
      : fuse({
          path: this.path,
          module,
          marks: this.marks,
          training: this.training,
          parameters: this.collected.parameters,
          segments: this.arena.segments,
          parameterNodes: this.parameterNodes,
          state: this.states.parameters,
          words: this.states.step.node(),
          wordNodes: this.wordNodes,
          userNodes: this.userNodes,
          layers: this.layers,
        });
    this.marks = outer;
    const name = `${this.path === "" ? "the model" : this.path} (${module.description})`;
    this.depthChoice[this.path] = typeof fused === "string" ? 0 : fused.stacks.length;
    if (typeof fused === "string") {
      this.fusionNotes.push(`${name} is not fused: ${fused}`);
      return y;
    }
    this.fusionNotes.push(`${name} is fused into ${fused.stacks.length === 1 ? "one stack" : `${fused.stacks.length} stacks`}`);
    for (const { node, layer } of fused.stacks) {
      this.layers.set(node, layer);
      this.known.add(node);
    }
    this.known.add(fused.y);
    this.blocks.push(...fused.blocks);
    return this.wrap(fused.y);
  }

  /** What is trained: parameters, and blocks of them that stacks read as one, with where each lies in the arena. */
  trained(frozen: (segment: number) => boolean): { readonly node: Node; readonly offset: number }[] {
    const inBlock = new Set(
      this.blocks.flatMap(({ firstSegment, segments }) => Array.from({ length: segments }, (_, own) => firstSegment + own)),
    );
    const single = this.parameterNodes.flatMap((node, index) =>
      frozen(index) || inBlock.has(index) ? [] : [{ node, offset: this.arena.segments[index]!.offset }],
    );
    const blocks = this.blocks.filter(({ firstSegment }) => !frozen(firstSegment)).map(({ node, offset }) => ({ node, offset }));
    return [...single, ...blocks];
  }

  batchNorm(x: Tensor, scale: Tensor | null, shift: Tensor | null, epsilon: number): Tensor {
    const index = this.normIndex.get(this.module)!;
    if (!this.training) {
      const { mean, variance, features } = this.running.segments[index]!;
      const part = (offset: number): Node => this.states.running.node({ offset, shape: [features] });
      return this.wrap(batchNormEvaluate(x.node, part(mean), part(variance), scale?.node ?? null, shift?.node ?? null, epsilon));
    }
    const { y, statistics } = batchNormTrain(x.node, scale?.node ?? null, shift?.node ?? null, epsilon);
    this.batchStatistics[index] = statistics;
    return this.wrap(y);
  }

  recomputed(body: (x: Tensor) => Tensor, x: Tensor): Tensor {
    if (!this.training || this.recomputing) return body(x);
    const from = upcomingSerial();
    this.recomputing = true;
    const y = body(x);
    this.recomputing = false;
    this.segments.push({ from, to: upcomingSerial() });
    return y;
  }

  auxiliary(output: Tensor): void {
    this.auxiliaryOutputs[this.auxiliaryIndex.get(this.module)!] = output.node;
  }

  dropout(x: Tensor, rate: number): Tensor {
    return this.drop(x, rate, 1);
  }

  stochasticDepth(x: Tensor, rate: number, mode: "row" | "batch"): Tensor {
    return this.drop(x, rate, Math.max(1, mode === "row" ? x.size / x.shape[0]! : x.size));
  }

  /** `together` elements, one after another, share a fate. */
  private drop(x: Tensor, rate: number, together: number): Tensor {
    if (this.options.random === false) return x;
    // Two looks at one leaf are one binding; two leaves would be two, of the eight that a kernel with its epilogue has.
    const words = this.states.step.node();
    const word = (at: number): Node => {
      const node = reshape(slice(words, [{ start: at, end: at + 1 }]), []);
      this.wordNodes.set(node, at);
      return node;
    };
    const user = scalar(this.randomUsers, "u32");
    this.userNodes.set(user, this.randomUsers++);
    return this.wrap(dropout(x.node, scalar(rate), word(STEP.seed), word(STEP.attemptedStep), user, together));
  }

  private leaf(module: Module, output: Node, name: string): void {
    this.number(output, name);
    this.options.watch?.(module, this.path, output);
  }

  /** Gives the checked nodes that a leaf module has made its layer's number. */
  private number(output: Node, name: string): void {
    const fresh: Node[] = [];
    const stack = [output];
    for (let node = stack.pop(); node; node = stack.pop()) {
      if (this.known.has(node)) continue;
      this.known.add(node);
      fresh.push(node);
      stack.push(...node.inputs);
    }
    const checked = fresh.filter(({ op: { form } }) => form.kind === "kernel" && form.checked);
    if (checked.length === 0) return;
    for (const node of checked) this.layers.set(node, this.layerNames.length);
    this.layerNames.push(name);
  }
}

const unitsOf = ({ shape }: Node): number => sizeOf(shape) / Math.max(1, shape[0] ?? 1);
