/** A tensor: a handle on a graph node. Every method is one line into ops; nothing is computed until a value is read. */
import { checkOptions } from "./core/check.ts";
import type { DType, TypedArray } from "./core/dtype.ts";
import { FathomError } from "./core/errors.ts";
import { describe, type Shape, sizeOf } from "./core/shape.ts";
import type { Node } from "./graph/node.ts";
import * as activations from "./ops/activations.ts";
import { argmax, argmin } from "./ops/argReduce.ts";
import * as binary from "./ops/binary.ts";
import * as compare from "./ops/compare.ts";
import { concat } from "./ops/concat.ts";
import { scalar } from "./ops/define.ts";
import * as gated from "./ops/gated.ts";
import { embedding, gather } from "./ops/gather.ts";
import { oneHot } from "./ops/indices.ts";
import * as later from "./ops/laterActivations.ts";
import { linear } from "./ops/linear.ts";
import { matmul } from "./ops/matmul.ts";
import { multiMargin } from "./ops/multiMargin.ts";
import { norm } from "./ops/norm.ts";
import * as normalize from "./ops/normalize.ts";
import { binaryCrossEntropyWithLogits, huber, meanAbsoluteError, meanSquaredError } from "./ops/pointwiseLoss.ts";
import { clamp, pow, powNumber } from "./ops/power.ts";
import * as reduce from "./ops/reduce.ts";
import { pad, type Range } from "./ops/slice.ts";
import { logSoftmax, softmax } from "./ops/softmax.ts";
import { softmaxCrossEntropy } from "./ops/softmaxCrossEntropy.ts";
import * as unary from "./ops/unary.ts";
import * as views from "./ops/views.ts";

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

/** What a normalisation has learned, f32[features] each, and what is added to the variance. */
export interface NormOptions {
  readonly scale?: Tensor;
  readonly shift?: Tensor;
  readonly epsilon?: number;
}

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

  private made(node: Node): Tensor {
    return this.owner.wrap(node);
  }

  private with(build: (a: Node, b: Node) => Node, other: Tensor | number): Tensor {
    return this.made(build(this.node, operand(other, this.dtype)));
  }

  // Arithmetic and comparison, broadcasting by NumPy's rules; a number is data, and its value is no part of a plan.

  add(other: Tensor | number): Tensor {
    return this.with(binary.add, other);
  }

  sub(other: Tensor | number): Tensor {
    return this.with(binary.sub, other);
  }

  mul(other: Tensor | number): Tensor {
    return this.with(binary.mul, other);
  }

  div(other: Tensor | number): Tensor {
    return this.with(binary.div, other);
  }

  /** The remainder with the sign of the divisor, as Python's % and torch.remainder. */
  remainder(other: Tensor | number): Tensor {
    return this.with(binary.remainder, other);
  }

  /** The larger; equal values share the gradient, as in PyTorch. */
  maximum(other: Tensor | number): Tensor {
    return this.with(binary.maximum, other);
  }

  /** The smaller; equal values share the gradient, as in PyTorch. */
  minimum(other: Tensor | number): Tensor {
    return this.with(binary.minimum, other);
  }

  /** Comparisons give f32: 1 where they hold, 0 elsewhere. */
  equal(other: Tensor | number): Tensor {
    return this.with(compare.equal, other);
  }

  notEqual(other: Tensor | number): Tensor {
    return this.with(compare.notEqual, other);
  }

  less(other: Tensor | number): Tensor {
    return this.with(compare.less, other);
  }

  lessEqual(other: Tensor | number): Tensor {
    return this.with(compare.lessEqual, other);
  }

  greater(other: Tensor | number): Tensor {
    return this.with(compare.greater, other);
  }

  greaterEqual(other: Tensor | number): Tensor {
    return this.with(compare.greaterEqual, other);
  }

  logicalAnd(other: Tensor | number): Tensor {
    return this.with(compare.logicalAnd, other);
  }

  logicalOr(other: Tensor | number): Tensor {
    return this.with(compare.logicalOr, other);
  }

  pow(exponent: Tensor | number): Tensor {
    return this.made(typeof exponent === "number" ? powNumber(this.node, exponent) : pow(this.node, exponent.node));
  }

  /** `yes` where this is not 0, `no` elsewhere. */
  where(yes: Tensor | number, no: Tensor | number): Tensor {
    const dtype = typeof yes === "number" ? (typeof no === "number" ? "f32" : no.dtype) : yes.dtype;
    return this.made(compare.where(this.node, operand(yes, dtype), operand(no, dtype)));
  }

  /** Held between two numbers; its gradient is 1 at the edges, as in PyTorch. */
  clamp(least: number, most: number): Tensor {
    return this.made(clamp(this.node, least, most));
  }

  // Functions of one element

  neg(): Tensor {
    return this.made(binary.neg(this.node));
  }

  exp(): Tensor {
    return this.made(unary.exp(this.node));
  }

  log(): Tensor {
    return this.made(unary.log(this.node));
  }

  sqrt(): Tensor {
    return this.made(unary.sqrt(this.node));
  }

  square(): Tensor {
    return this.made(unary.square(this.node));
  }

  reciprocal(): Tensor {
    return this.made(unary.reciprocal(this.node));
  }

  abs(): Tensor {
    return this.made(unary.abs(this.node));
  }

  sign(): Tensor {
    return this.made(unary.sign(this.node));
  }

  floor(): Tensor {
    return this.made(unary.floor(this.node));
  }

  erf(): Tensor {
    return this.made(unary.erf(this.node));
  }

  logicalNot(): Tensor {
    return this.made(compare.logicalNot(this.node));
  }

  /** 1 / (1 + e⁻ˣ) */
  sigmoid(): Tensor {
    return this.made(unary.sigmoid(this.node));
  }

  tanh(): Tensor {
    return this.made(unary.tanh(this.node));
  }

  /** max(x, 0); its gradient at 0 is 0. */
  relu(): Tensor {
    return this.made(unary.relu(this.node));
  }

  /** ln(1 + eˣ) */
  softplus(): Tensor {
    return this.made(unary.softplus(this.node));
  }

  /** Klambauer et al., 2017. */
  selu(): Tensor {
    return this.made(activations.selu(this.node));
  }

  /** x · sigmoid(x) */
  silu(): Tensor {
    return this.made(activations.silu(this.node));
  }

  /** x · Φ(x), Φ the normal distribution function (Hendrycks and Gimpel, 2016). */
  gelu(): Tensor {
    return this.made(activations.gelu(this.node));
  }

  /** The approximation of gelu by tanh. */
  geluTanh(): Tensor {
    return this.made(activations.geluTanh(this.node));
  }

  /** x, or slope · x where x is negative. */
  leakyRelu(slope = 0.01): Tensor {
    return this.made(activations.leakyRelu(this.node, slope));
  }

  /** x, or alpha · (eˣ − 1) where x is negative (Clevert et al., 2016). */
  elu(alpha = 1): Tensor {
    return this.made(activations.elu(this.node, alpha));
  }

  /** x · tanh(softplus(x)) (Misra, 2019). */
  mish(): Tensor {
    return this.made(later.mish(this.node));
  }

  /** x/6 + ½, between 0 and 1. */
  hardSigmoid(): Tensor {
    return this.made(later.hardSigmoid(this.node));
  }

  /** x · hardSigmoid(x) */
  hardSwish(): Tensor {
    return this.made(later.hardSwish(this.node));
  }

  /** x / (1 + |x|) */
  softsign(): Tensor {
    return this.made(later.softsign(this.node));
  }

  /** x, or alpha · (e^(x/alpha) − 1) where x is negative; alpha above 0. */
  celu(alpha = 1): Tensor {
    return this.made(later.celu(this.node, alpha));
  }

  /** x, or slope · x where x is negative; a slope to learn, f32[1] or f32[features]. */
  prelu(slope: Tensor): Tensor {
    return this.made(later.prelu(this.node, slope.node));
  }

  /** 1.7159 · tanh(2x/3) (LeCun et al., 1998). */
  lecunTanh(): Tensor {
    return this.made(later.lecunTanh(this.node));
  }

  /** a · sigmoid(b), a and b the halves of the last axis. */
  glu(): Tensor {
    return this.made(gated.glu(this.node));
  }

  /** a · silu(b), a and b the halves of the last axis. */
  swiglu(): Tensor {
    return this.made(gated.swiglu(this.node));
  }

  cast(dtype: DType): Tensor {
    return this.made(unary.cast(this.node, dtype));
  }

  // Reductions, over all axes if none are named

  sum(axes?: number | readonly number[], keepDims = false): Tensor {
    return this.made(reduce.sum(this.node, axes, keepDims));
  }

  mean(axes?: number | readonly number[], keepDims = false): Tensor {
    return this.made(reduce.mean(this.node, axes, keepDims));
  }

  /** The largest; equal values share the gradient, as torch.amax. */
  amax(axes?: number | readonly number[], keepDims = false): Tensor {
    return this.made(reduce.amax(this.node, axes, keepDims));
  }

  /** The smallest; equal values share the gradient, as torch.amin. */
  amin(axes?: number | readonly number[], keepDims = false): Tensor {
    return this.made(reduce.amin(this.node, axes, keepDims));
  }

  /** The largest along one axis, or of all; the first of equal values takes the gradient, as torch.max. */
  max(axis?: number, keepDims = false): Tensor {
    return this.made(reduce.max(this.node, axis, keepDims));
  }

  /** The smallest along one axis, or of all; the first of equal values takes the gradient, as torch.min. */
  min(axis?: number, keepDims = false): Tensor {
    return this.made(reduce.min(this.node, axis, keepDims));
  }

  /** Σ (x − mean)² / (n − correction), correction 1 if left out, as torch.var. */
  variance(axes?: number | readonly number[], options: { readonly correction?: number; readonly keepDims?: boolean } = {}): Tensor {
    return this.made(reduce.variance(this.node, axes, options));
  }

  /** √Σ x², scaled so that neither huge nor tiny elements are lost; its gradient at 0 is 0. */
  norm(axes?: number | readonly number[], keepDims = false): Tensor {
    return this.made(norm(this.node, axes, keepDims));
  }

  /** i32 position of the largest, the first of equal ones. */
  argmax(axis?: number, keepDims = false): Tensor {
    return this.made(argmax(this.node, axis, keepDims));
  }

  /** i32 position of the smallest, the first of equal ones. */
  argmin(axis?: number, keepDims = false): Tensor {
    return this.made(argmin(this.node, axis, keepDims));
  }

  // Shape

  reshape(shape: Shape): Tensor {
    return this.made(views.reshape(this.node, shape));
  }

  /** Axis i of the result is axis `axes[i]` of this; all of them reversed if none are named. */
  transpose(axes?: readonly number[]): Tensor {
    return this.made(views.transpose(this.node, axes));
  }

  /** Leaves out axes of size 1: the named ones, or all of them. */
  squeeze(axes?: number | readonly number[]): Tensor {
    return this.made(views.squeeze(this.node, axes));
  }

  /** A new axis of size 1. */
  unsqueeze(axis: number): Tensor {
    return this.made(views.unsqueeze(this.node, axis));
  }

  broadcastTo(shape: Shape): Tensor {
    return this.made(views.broadcastTo(this.node, shape));
  }

  /** NumPy's x[start:end:step] for each axis; null for all of an axis. */
  slice(ranges: readonly (Range | null)[]): Tensor {
    return this.made(views.slice(this.node, ranges));
  }

  /** [before, after] elements of `value` on each axis. */
  pad(amounts: readonly (readonly [before: number, after: number])[], value = 0): Tensor {
    return this.made(pad(this.node, amounts, value));
  }

  /** This tensor and others, one after another along `axis`. */
  concat(others: readonly Tensor[], axis = 0): Tensor {
    return this.made(concat([this.node, ...others.map((tensor) => tensor.node)], axis));
  }

  /** Slices at the given positions along `axis`. */
  gather(index: Tensor, axis = 0): Tensor {
    return this.made(gather(this.node, index.node, axis));
  }

  /** Rows of this table [rows, features] at the given positions. */
  embedding(index: Tensor): Tensor {
    return this.made(embedding(this.node, index.node));
  }

  /** f32[…, classes]: 1 at each class, 0 elsewhere. */
  oneHot(classes: number): Tensor {
    return this.made(oneHot(this.node, classes));
  }

  /** The same values, through which no gradient flows. */
  detach(): Tensor {
    return this.made(views.detach(this.node));
  }

  // Products and layers

  /** As torch.matmul: the last two axes are matrices, the others broadcast. */
  matmul(other: Tensor): Tensor {
    return this.made(matmul(this.node, other.node));
  }

  /** x · Wᵀ + b over the last axis; `weight` is [out, in], `bias` [out]. */
  linear(weight: Tensor, bias?: Tensor): Tensor {
    return this.made(linear(this.node, weight.node, bias?.node));
  }

  /** (x − mean) / √(variance + epsilon) · scale + shift, by the statistics of each row along the last axis; f32[features] each. Epsilon 1e-5. */
  layerNorm({ scale, shift, epsilon = 1e-5 }: NormOptions = {}): Tensor {
    return this.made(normalize.layerNorm(this.node, scale?.node ?? null, shift?.node ?? null, epsilon));
  }

  /** x / √(mean of x² + epsilon) · scale along the last axis. Epsilon 1e-6. */
  rmsNorm({ scale, epsilon = 1e-6 }: Omit<NormOptions, "shift"> = {}): Tensor {
    return this.made(normalize.rmsNorm(this.node, scale?.node ?? null, epsilon));
  }

  /** Each of `groups` equal parts of the rows of [rows, features] normalised as by layerNorm. Epsilon 1e-5. */
  groupNorm(groups: number, { scale, shift, epsilon = 1e-5 }: NormOptions = {}): Tensor {
    return this.made(normalize.groupNorm(this.node, groups, scale?.node ?? null, shift?.node ?? null, epsilon));
  }

  /** g · v / ‖v‖ for each row of this v [out, in], g f32[out, 1]; rows of zeros stay zeros. */
  weightNorm(g: Tensor): Tensor {
    return this.made(normalize.weightNorm(this.node, g.node));
  }

  /** (V − mean) / √(variance + 1e-5) for each row of this V [out, in]. */
  weightStandardization(): Tensor {
    return this.made(normalize.weightStandardization(this.node));
  }

  softmax(axis = -1): Tensor {
    return this.made(softmax(this.node, axis));
  }

  logSoftmax(axis = -1): Tensor {
    return this.made(logSoftmax(this.node, axis));
  }

  /**
   * Mean over the rows of log Σ exp(z) − z[label]; logits [rows, classes], labels i32[rows]. With `labelSmoothing` ε that is the share 1 − ε,
   * and the mean over all classes the share ε.
   */
  softmaxCrossEntropy(labels: Tensor, options: { readonly labelSmoothing?: number } = {}): Tensor {
    checkOptions("softmaxCrossEntropy", options, ["labelSmoothing"]);
    return this.made(softmaxCrossEntropy(this.node, labels.node, options.labelSmoothing));
  }

  /** Mean over the rows of Σ max(0, margin − z[label] + z_k)^power / classes over the other classes k, as torch's MultiMarginLoss. */
  multiMargin(labels: Tensor, options: { readonly power?: 1 | 2; readonly margin?: number } = {}): Tensor {
    checkOptions("multiMargin", options, ["power", "margin"]);
    return this.made(multiMargin(this.node, labels.node, options.power, options.margin));
  }

  /** Mean of (x − target)², with `half` of ½(x − target)². */
  meanSquaredError(target: Tensor, options: { readonly half?: boolean } = {}): Tensor {
    checkOptions("meanSquaredError", options, ["half"]);
    return this.made(meanSquaredError(this.node, target.node, options.half));
  }

  /** Mean of |x − target|; its gradient at 0 is 0. */
  meanAbsoluteError(target: Tensor): Tensor {
    return this.made(meanAbsoluteError(this.node, target.node));
  }

  /** Mean of ½d² where |d| ≤ delta (1), else delta · (|d| − ½ delta), d = x − target. */
  huber(target: Tensor, options: { readonly delta?: number } = {}): Tensor {
    checkOptions("huber", options, ["delta"]);
    return this.made(huber(this.node, target.node, options.delta));
  }

  /** Mean of softplus(z) − target · z. */
  binaryCrossEntropyWithLogits(target: Tensor): Tensor {
    return this.made(binaryCrossEntropyWithLogits(this.node, target.node));
  }
}

/** A number becomes a scalar of the tensor's dtype. */
const operand = (value: Tensor | number, dtype: DType): Node => (typeof value === "number" ? scalar(value, dtype) : value.node);
