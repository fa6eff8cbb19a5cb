/** A tensor: a handle on a graph node. Every method is one line into ops; nothing is computed until a value is read. */
import type { DType, TypedArray } from "./core/dtype.ts";
import { FathomError } from "./core/errors.ts";
import { type Shape, describe, sizeOf } from "./core/shape.ts";
import type { Node } from "./graph/node.ts";

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

  // METHODS
}
