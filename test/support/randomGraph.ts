/** Random graphs: a list of small numbers is read as a program on a growing list of tensors, so that any list is valid and fast-check can shrink it. */
import * as fc from "fast-check";
import { backward } from "../../src/autodiff/backward.ts";
import type { DType, TypedArray } from "../../src/core/dtype.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import { type Node, topologicalOrder } from "../../src/graph/node.ts";
import { silu } from "../../src/ops/activations.ts";
import { batchNormOp, batchNormTrain } from "../../src/ops/batchNorm.ts";
import { add, maximum, minimum, mul, sub } from "../../src/ops/binary.ts";
import { greater, where } from "../../src/ops/compare.ts";
import { concat } from "../../src/ops/concat.ts";
import { input, literal, literalOp, scalar, scalarOp } from "../../src/ops/define.ts";
import { gather } from "../../src/ops/gather.ts";
import { linear, linearOp } from "../../src/ops/linear.ts";
import { matmul, matmulOp } from "../../src/ops/matmul.ts";
import { amax, mean, sum, variance } from "../../src/ops/reduce.ts";
import { pad, slice } from "../../src/ops/slice.ts";
import { softmax, softmaxOp } from "../../src/ops/softmax.ts";
import { softmaxCrossEntropy, softmaxCrossEntropyOp } from "../../src/ops/softmaxCrossEntropy.ts";
import { abs, neg, relu, sigmoid, softplus, square, tanh } from "../../src/ops/unary.ts";
import { broadcastTo, reshape, transpose, unsqueeze } from "../../src/ops/views.ts";
import { computeFloat64, spread } from "./float64.ts";
import { OPS } from "./opTable.ts";
import { SAMPLE_STEPS, sampleStep } from "./sampleSteps.ts";

export interface Recipe {
  readonly shapes: readonly Shape[];
  readonly steps: readonly (readonly [op: number, a: number, b: number, p: number, q: number])[];
  readonly roots: readonly number[];
}

/** Sizes that divide by four and that do not, one, and some past a workgroup's tile. */
const dimension = fc.constantFrom(1, 2, 3, 4, 5, 8, 12);
const natural = fc.nat({ max: 999 });
/** Steps below it are those written here, the others the samples of the op table. */
const HALF = 500;

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  shapes: fc.array(fc.array(dimension, { maxLength: 3 }), { minLength: 2, maxLength: 5 }),
  steps: fc.array(fc.tuple(natural, natural, natural, natural, natural), { minLength: 15, maxLength: 24 }),
  roots: fc.array(natural, { minLength: 1, maxLength: 3 }),
});

/** Has every op of the table once, so that none is left to chance. */
export const COVERING: readonly Recipe[] = Array.from({ length: Math.ceil(SAMPLE_STEPS.length / 15) }, (_, part) => ({
  shapes: [[8, 4], [5], [3, 1, 4]],
  steps: Array.from({ length: 15 }, (__, index) => [HALF + ((15 * part + index) % SAMPLE_STEPS.length), index, 3 * part, 0, 0]),
  // Every node: `pick` takes a third of them as places in the list.
  roots: Array.from({ length: 18 }, (__, place) => 3 * place),
}));

export interface RandomGraph {
  readonly inputs: readonly Node[];
  /** Values of `inputs`, and of leaves that are no variables: indices and labels. */
  readonly values: Map<Node, ArrayLike<number>>;
  /** Nodes to be computed: some of the graph's own, then the gradient of each input that has one. */
  readonly roots: readonly Node[];
  readonly gradients: ReadonlyMap<Node, Node>;
  /** The graph's own among the roots. */
  readonly chosen: readonly Node[];
}

/** Values are kept below this, so that nothing overflows and errors stay small beside them. */
const MOST = 4;
const MOST_ELEMENTS = 1000;

/** Makes a leaf that holds these values. */
export type MakeLeaf = (shape: Shape, dtype: DType, values: TypedArray) => Node;

export function buildGraph({ shapes, steps, roots }: Recipe, makeLeaf: MakeLeaf = input): RandomGraph {
  const builder = new Builder(makeLeaf);
  const inputs = shapes.map((shape, index) => builder.leaf(shape, index));
  for (const step of steps) builder.step(...step);
  const chosen = enriched([...new Set([builder.list.at(-1)!, ...roots.map((root) => builder.pick(root))])], builder);
  const objective = chosen.map((node) => sum(mul(node, constantLike(node, builder)))).reduce(add);
  const found = backward([{ node: objective }], inputs);
  const gradients = new Map(inputs.flatMap((node, index): [Node, Node][] => (found[index] ? [[node, found[index]]] : [])));
  return { inputs, values: builder.values, roots: [...chosen, objective, ...gradients.values()], chosen, gradients };
}

/** What a graph has at the least, beside its gradients. */
export interface Facts {
  /** Nodes that are computed. */
  readonly nodes: number;
  /** The most readers of one node. */
  readonly fanOut: number;
  readonly broadcasts: number;
  readonly reductions: number;
}

export const LEAST: Facts = { nodes: 15, fanOut: 2, broadcasts: 1, reductions: 1 };

const REDUCTIONS = new Set(["sum", "amax", "amin", "max", "min", "norm", "variance"]);

export function factsOf(roots: readonly Node[]): Facts {
  const order = topologicalOrder(roots, () => false).filter(({ inputs }) => inputs.length > 0);
  const readers = new Map<Node, number>();
  for (const node of order) for (const one of new Set(node.inputs)) readers.set(one, (readers.get(one) ?? 0) + 1);
  const broadcasts = ({ op, inputs, shape }: Node): boolean =>
    op.name === "broadcastTo" ||
    (op.form.kind === "elementwise" &&
      inputs.some((one) => one.op !== literalOp && one.op !== scalarOp && sizeOf(one.shape) < sizeOf(shape)));
  return {
    nodes: order.length,
    fanOut: Math.max(0, ...readers.values()),
    broadcasts: order.filter(broadcasts).length,
    reductions: order.filter(({ op }) => REDUCTIONS.has(op.name)).length,
  };
}

/** Adds to the first root until there is what there must be at the least. */
function enriched([first, ...others]: readonly Node[], builder: Builder): readonly Node[] {
  let last = first!;
  const poor = (): boolean => {
    const facts = factsOf([last, ...others]);
    return (Object.keys(LEAST) as (keyof Facts)[]).some((fact) => facts[fact] < LEAST[fact]);
  };
  for (let round = 0; poor(); round++) {
    const table = last.shape.length < 2 ? mul(reshape(last, [sizeOf(last.shape), 1]), builder.leaf([1, 3], 100)) : last;
    const part = table.shape.at(-1) === 1 ? mul(table, builder.leaf([3], 100)) : table;
    last = sum(sub(part, mean(part, part.shape.length - 1, true)), part.shape.length - 1);
    last = add(mul(tanh(last), literal(0.5)), mean(builder.pick(3 * round)));
  }
  return [last, ...others];
}

/** How often each op is computed: forward, and in the gradients alone. */
export function countOps({ chosen, roots }: RandomGraph): { readonly forward: readonly string[]; readonly backward: readonly string[] } {
  const forward = new Set(topologicalOrder(chosen, () => false));
  const names = (nodes: readonly Node[]): string[] =>
    nodes.filter(({ inputs, op }) => inputs.length > 0 || op.name === "axisIndex").map(({ op }) => op.name);
  return { forward: names([...forward]), backward: names(topologicalOrder(roots, () => false).filter((node) => !forward.has(node))) };
}

/** What must be reached: all that the table of ops has, and what the steps here make. */
export const DRAWN: readonly string[] = [
  ...SAMPLE_STEPS.map(({ name }) => OPS[name].name),
  ...[matmulOp, linearOp, batchNormOp, softmaxOp, softmaxCrossEntropyOp].map(({ name }) => name),
];

const constantLike = (node: Node, builder: Builder): Node => builder.leaf(node.shape, 100);

class Builder {
  readonly list: Node[] = [];
  readonly values = new Map<Node, ArrayLike<number>>();
  private readonly makeLeaf: MakeLeaf;

  constructor(makeLeaf: MakeLeaf) {
    this.makeLeaf = makeLeaf;
  }

  leaf(shape: Shape, seed: number): Node {
    const node = this.hold(
      shape,
      "f32",
      spread(sizeOf(shape), seed + 1).map((value) => value * 1.5),
    );
    if (seed < 100) this.list.push(node);
    return node;
  }

  private indices(count: number, below: number, seed: number): Node {
    return this.hold(
      [count],
      "i32",
      Int32Array.from({ length: count }, (_, index) => (index * 7 + seed) % below),
    );
  }

  private hold(shape: Shape, dtype: DType, values: TypedArray): Node {
    const node = this.makeLeaf(shape, dtype, values);
    this.values.set(node, values);
    return node;
  }

  pick(at: number): Node {
    // The newest are likelier, so that graphs grow deep; any may be read again, so that they fan out.
    const { list } = this;
    return at % 3 === 0
      ? list[Math.floor(at / 3) % list.length]!
      : list[list.length - 1 - (Math.floor(at / 3) % Math.min(4, list.length))]!;
  }

  step(op: number, a: number, b: number, p: number, q: number): void {
    const [x, y] = [this.pick(a), this.pick(b)];
    const made =
      op < HALF
        ? STEPS[op % STEPS.length]!({ x, y, p, q, indices: (count, below) => this.indices(count, below, q) })
        : sampleStep(op - HALF, [x, y], p, (shape, dtype, values) => this.hold(shape, dtype, values));
    if (made) this.list.push(this.tame(made));
  }

  /** Not too many elements, and none too large. */
  private tame(node: Node): Node {
    const small = sizeOf(node.shape) > MOST_ELEMENTS ? mean(node, 0) : node;
    const most = computeFloat64([small], this.values)[0]!.reduce((all, value) => Math.max(all, Math.abs(value)), 0);
    return most > MOST ? mul(small, literal(2 ** -Math.ceil(Math.log2(most / MOST)))) : small;
  }
}

interface Operands {
  readonly x: Node;
  readonly y: Node;
  readonly p: number;
  readonly q: number;
  readonly indices: (count: number, below: number) => Node;
}

type Step = (operands: Operands) => Node | null;

/** `y` in a shape that broadcasts with `x`. */
function fitting(x: Node, y: Node): Node {
  const rank = Math.max(x.shape.length, y.shape.length);
  const at = (shape: Shape, axis: number): number => shape[axis - rank + shape.length] ?? 1;
  for (let axis = 0; axis < rank; axis++) {
    const [own, other] = [at(x.shape, axis), at(y.shape, axis)];
    if (own !== other && own !== 1 && other !== 1) return mean(y);
  }
  return y;
}

const axisOf = ({ shape }: Node, p: number): number => p % shape.length;
const matrixOf = (x: Node): Node => reshape(x, x.shape.length === 0 ? [1, 1] : [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);

const STEPS: readonly Step[] = [
  ({ x }) => tanh(x),
  ({ x }) => sigmoid(x),
  ({ x }) => relu(x),
  ({ x }) => softplus(x),
  ({ x }) => silu(x),
  ({ x, p }) => (p % 3 === 0 ? neg(x) : p % 3 === 1 ? abs(x) : square(x)),
  ({ x, y }) => add(x, fitting(x, y)),
  ({ x, y }) => sub(x, fitting(x, y)),
  ({ x, y }) => mul(x, fitting(x, y)),
  ({ x, y }) => add(x, fitting(x, y)),
  ({ x, y }) => mul(fitting(y, x), y),
  ({ x, y, p }) => (p % 2 ? maximum : minimum)(x, fitting(x, y)),
  ({ x, y }) => where(greater(x, fitting(x, y)), x, mul(x, literal(0.5))),
  ({ x, p }) => add(mul(x, scalar((p % 7) / 4 - 0.6)), literal(0.25)),
  ({ x, p, q }) => (x.shape.length === 0 ? null : (p % 2 ? sum : mean)(x, axisOf(x, q), p % 3 === 0)),
  ({ x, p }) =>
    sum(
      x,
      x.shape.map((_, axis) => axis).filter((axis) => (p >> axis) % 2 === 0),
    ),
  ({ x, p }) => (x.shape.length === 0 ? null : amax(x, axisOf(x, p), p % 3 === 0)),
  ({ x, p }) => (x.shape.length === 0 || x.shape[axisOf(x, p)]! < 2 ? null : variance(x, axisOf(x, p), { correction: 0 })),
  ({ x, p }) => (x.shape.length === 0 ? null : softmax(x, axisOf(x, p))),
  ({ x, p }) =>
    x.shape.length < 2
      ? null
      : transpose(
          x,
          x.shape.map((_, axis) => (axis + 1 + (p % (x.shape.length - 1))) % x.shape.length),
        ),
  ({ x }) => (x.shape.length < 2 ? null : transpose(x)),
  ({ x, p }) => reshape(x, p % 2 ? [sizeOf(x.shape)] : sizeOf(x.shape) % 2 ? [1, sizeOf(x.shape)] : [2, sizeOf(x.shape) / 2]),
  ({ x, p, q }) =>
    x.shape.length === 0
      ? null
      : slice(
          x,
          x.shape.map((size, axis) => (axis === axisOf(x, q) && size > 1 ? { start: p % size, step: 1 + (p % 2) } : null)),
        ),
  ({ x, p, q }) =>
    x.shape.length === 0
      ? null
      : slice(
          x,
          x.shape.map((size, axis) => (axis === axisOf(x, q) && size > 1 ? { end: 1 + (p % (size - 1)) } : null)),
        ),
  ({ x, p, q }) =>
    x.shape.length === 0
      ? null
      : pad(
          x,
          x.shape.map((_, axis) => (axis === axisOf(x, q) ? [p % 3, q % 4] : [0, 0])),
          p % 2,
        ),
  ({ x, y, p }) =>
    x.shape.length === 0 ? null : concat([x, x.shape.join() === y.shape.join() ? y : tanh(x), ...(p % 2 ? [x] : [])], axisOf(x, p)),
  ({ x, p }) =>
    x.shape.length > 3
      ? null
      : broadcastTo(unsqueeze(x, p % (x.shape.length + 1)), x.shape.toSpliced(p % (x.shape.length + 1), 0, 1 + (p % 5))),
  ({ x, indices, p }) => (x.shape.length === 0 ? null : gather(x, indices(1 + (p % 6), x.shape[axisOf(x, p)]!), axisOf(x, p))),
  ({ x }) =>
    x.shape.length < 2 ? null : matmul(x, transpose(x, [...x.shape.keys()].slice(0, -2).concat(x.shape.length - 1, x.shape.length - 2))),
  ({ x, y }) => {
    const [a, b] = [matrixOf(x), matrixOf(y)];
    if (a.shape[1] === b.shape[0]) return matmul(a, b);
    if (a.shape[1] === b.shape[1]) return matmul(a, transpose(b));
    return a.shape[0] === b.shape[0] ? matmul(transpose(a), b) : null;
  },
  ({ x, y, p }) => {
    const [a, w] = [matrixOf(x), matrixOf(y)];
    const weight = a.shape[1] === w.shape[1] ? w : tanh(a);
    return linear(a, weight, p % 2 ? mean(weight, 1) : undefined);
  },
  // Rows that are nearly alike would make a batch-norm lose all digits.
  ({ x }) => {
    const rows = matrixOf(x);
    return rows.shape[0]! < 4 ? null : batchNormTrain(rows, null, null, 0.5).y;
  },
  ({ x, y, p }) => {
    const rows = matrixOf(x);
    if (rows.shape[0]! < 4 || p % 2) return null;
    const channels = rows.shape[1]!;
    const scale = broadcastTo(mean(y), [channels]);
    return batchNormTrain(rows, scale, reshape(slice(rows, [{ end: 1 }]), [channels]), 0.5).y;
  },
  ({ x, indices }) => {
    const rows = matrixOf(x);
    return softmaxCrossEntropy(rows, indices(rows.shape[0]!, rows.shape[1]!));
  },
];
