/** A tensor: a handle on a graph node. Every method is one line into ops; nothing is computed until a value is read. */
import type { DType, TypedArray } from "./core/dtype.ts";
import { FathomError } from "./core/errors.ts";
import { describe, type Shape, sizeOf } from "./core/shape.ts";
import type { Node } from "./graph/node.ts";
import { elu, gelu, geluTanh, leakyRelu, selu, silu, softplus } from "./ops/activations.ts";
import { add, div, greater, mul, sub } from "./ops/binary.ts";
import { concat } from "./ops/concat.ts";
import { scalar } from "./ops/define.ts";
import { oneHot } from "./ops/indices.ts";
import { linear } from "./ops/linear.ts";
import { binaryCrossEntropyWithLogits, meanSquaredError, softmaxCrossEntropy } from "./ops/loss.ts";
import { matmul } from "./ops/matmul.ts";
import { mean, sum } from "./ops/reduce.ts";
import { logSoftmax, softmax } from "./ops/softmax.ts";
import { exp, neg, relu, sigmoid, tanh } from "./ops/unary.ts";
import { reshape, transpose } from "./ops/views.ts";

/** What an engine does for its tensors. */
export interface TensorOwner {
  wrap(node: Node): Tensor;
  release(tensor: Tensor, node: Node): void;
  /** Nodes that are best computed in one go: reading one of them computes all. */
  together(nodes: readonly Node[]): void;
  read(node: Node): Promise<TypedArray>;
  evaluate(nodes: readonly Node[]): Promise<void>;
  trace<T>(body: () => T): T;
  tensor(values: TensorLike, shape?: Shape, dtype?: DType): Tensor;
}

export type TensorLike = number | readonly number[] | TypedArray;

export class Tensor {
  readonly owner: TensorOwner;
  private readonly held: Node;
  private disposed = false;

  constructor(owner: TensorOwner, node: Node) {
    this.owner = owner;
    this.held = node;
  }

  get node(): Node {
    if (this.disposed) throw new FathomError("disposed", `${describe(this.held)} was disposed of and cannot be used`);
    return this.held;
  }

  get shape(): Shape {
    return this.held.shape;
  }

  get dtype(): DType {
    return this.held.dtype;
  }

  get size(): number {
    return sizeOf(this.held.shape);
  }

  /** The elements, row-major; computes them first where that is still to do. */
  async data(): Promise<TypedArray> {
    return this.owner.read(this.node);
  }

  /** The one element of a tensor of size 1. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new FathomError("shape", `item: ${describe(this)} has ${this.size} elements, not one; use data()`);
    return (await this.data())[0]!;
  }

  /** Computes it now, without reading it back. */
  async evaluate(): Promise<this> {
    await this.owner.evaluate([this.node]);
    return this;
  }

  /** Frees its memory, as soon as pending work has used it. Ops never dispose of their arguments. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.owner.release(this, this.held);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return `Tensor ${describe(this.held)}`;
  }

  private apply(build: (...nodes: Node[]) => Node, ...others: readonly (Tensor | number)[]): Tensor {
    return this.owner.wrap(build(this.node, ...others.map(operand)));
  }

  add(other: Tensor | number): Tensor {
    return this.apply(add, other);
  }

  sub(other: Tensor | number): Tensor {
    return this.apply(sub, other);
  }

  mul(other: Tensor | number): Tensor {
    return this.apply(mul, other);
  }

  div(other: Tensor | number): Tensor {
    return this.apply(div, other);
  }

  greater(other: Tensor | number): Tensor {
    return this.apply(greater, other);
  }

  neg(): Tensor {
    return this.apply(neg);
  }

  exp(): Tensor {
    return this.apply(exp);
  }

  tanh(): Tensor {
    return this.apply(tanh);
  }

  relu(): Tensor {
    return this.apply(relu);
  }

  sigmoid(): Tensor {
    return this.apply(sigmoid);
  }

  matmul(other: Tensor): Tensor {
    return this.apply(matmul, other);
  }

  linear(weight: Tensor, bias?: Tensor): Tensor {
    return this.owner.wrap(linear(this.node, weight.node, bias?.node));
  }

  sum(axes?: number | readonly number[], keepDims = false): Tensor {
    return this.owner.wrap(sum(this.node, axes, keepDims));
  }

  mean(axes?: number | readonly number[], keepDims = false): Tensor {
    return this.owner.wrap(mean(this.node, axes, keepDims));
  }

  reshape(shape: Shape): Tensor {
    return this.owner.wrap(reshape(this.node, shape));
  }

  transpose(axes?: readonly number[]): Tensor {
    return this.owner.wrap(transpose(this.node, axes));
  }

  leakyRelu(slope = 0.01): Tensor {
    return this.owner.wrap(leakyRelu(this.node, slope));
  }

  elu(alpha = 1): Tensor {
    return this.owner.wrap(elu(this.node, alpha));
  }

  selu(): Tensor {
    return this.apply(selu);
  }

  gelu(): Tensor {
    return this.apply(gelu);
  }

  geluTanh(): Tensor {
    return this.apply(geluTanh);
  }

  silu(): Tensor {
    return this.apply(silu);
  }

  softplus(): Tensor {
    return this.apply(softplus);
  }

  softmax(axis = -1): Tensor {
    return this.owner.wrap(softmax(this.node, axis));
  }

  logSoftmax(axis = -1): Tensor {
    return this.owner.wrap(logSoftmax(this.node, axis));
  }

  softmaxCrossEntropy(labels: Tensor): Tensor {
    return this.apply(softmaxCrossEntropy, labels);
  }

  meanSquaredError(target: Tensor): Tensor {
    return this.apply(meanSquaredError, target);
  }

  binaryCrossEntropyWithLogits(target: Tensor): Tensor {
    return this.apply(binaryCrossEntropyWithLogits, target);
  }

  /** f32[…, classes]: 1 at each label, 0 elsewhere. */
  oneHot(classes: number): Tensor {
    return this.owner.wrap(oneHot(this.node, classes));
  }

  /** This tensor and others, one after another along `axis`. */
  concat(others: readonly Tensor[], axis = 0): Tensor {
    return this.owner.wrap(concat([this.node, ...others.map((tensor) => tensor.node)], axis));
  }

  // METHODS
}

/** A number is data: it becomes a scalar whose value is no part of the plan. */
const operand = (value: Tensor | number): Node => (typeof value === "number" ? scalar(value) : value.node);
