/** Arithmetic on two tensors of one dtype, with NumPy's broadcasting. Formula constants fold. */
import type { DType } from "../core/dtype.ts";
import { broadcastShapes, sameShape } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { constant, constantOf, sumTo } from "./broadcast.ts";
import { equal, greater, less, where } from "./compare.ts";
import { literal, requireDtype } from "./define.ts";
import { type ElementwiseRow, elementwiseOp } from "./elementwise.ts";

export { greater };

type BinaryName = "add" | "sub" | "mul" | "div" | "integerDivide" | "maximum" | "minimum" | "integerMaximum" | "integerMinimum";

const ROWS = {
  add: {
    wgsl: ([a, b]) => `(${a} + ${b})`,
    js: ([a, b]) => a + b,
    vjp: ({ dy, inputs: [a, b] }) => [sumTo(dy, a.shape), sumTo(dy, b.shape)],
  },
  sub: {
    wgsl: ([a, b]) => `(${a} - ${b})`,
    js: ([a, b]) => a - b,
    vjp: ({ dy, inputs: [a, b], wanted }) => [sumTo(dy, a.shape), wanted(1) ? neg(sumTo(dy, b.shape)) : null],
  },
  mul: {
    wgsl: ([a, b]) => `(${a} * ${b})`,
    js: ([a, b]) => a * b,
    vjp: ({ dy, inputs: [a, b], wanted }) => [wanted(0) ? sumTo(mul(dy, b), a.shape) : null, wanted(1) ? sumTo(mul(dy, a), b.shape) : null],
  },
  div: {
    wgsl: ([a, b]) => `(${a} / ${b})`,
    js: ([a, b]) => a / b,
    // d(a/b)/db = −a/b² = −y/b
    vjp: ({ dy, y, inputs: [a, b], wanted }) => {
      const first = div(dy, b);
      return [wanted(0) ? sumTo(first, a.shape) : null, wanted(1) ? neg(sumTo(mul(first, y), b.shape)) : null];
    },
  },
  integerDivide: {
    wgsl: ([a, b]) => `(${a} / ${b})`,
    js: ([a, b]) => Math.trunc(a / b),
    vjp: "nondifferentiable",
  },
  // A tie shares the gradient evenly, as PyTorch has it.
  maximum: {
    wgsl: ([a, b]) => `math_maximum(${a}, ${b})`,
    js: ([a, b]) => Math.max(a, b),
    vjp: ({ dy, inputs: [a, b], wanted }) => [
      wanted(0) ? sumTo(shared(dy, greater, a, b), a.shape) : null,
      wanted(1) ? sumTo(shared(dy, greater, b, a), b.shape) : null,
    ],
  },
  minimum: {
    wgsl: ([a, b]) => `math_minimum(${a}, ${b})`,
    js: ([a, b]) => Math.min(a, b),
    vjp: ({ dy, inputs: [a, b], wanted }) => [
      wanted(0) ? sumTo(shared(dy, less, a, b), a.shape) : null,
      wanted(1) ? sumTo(shared(dy, less, b, a), b.shape) : null,
    ],
  },
  integerMaximum: { wgsl: ([a, b]) => `max(${a}, ${b})`, js: ([a, b]) => Math.max(a, b), vjp: "nondifferentiable" },
  integerMinimum: { wgsl: ([a, b]) => `min(${a}, ${b})`, js: ([a, b]) => Math.min(a, b), vjp: "nondifferentiable" },
} satisfies Record<BinaryName, ElementwiseRow<undefined>>;

/** dy where `own` wins, half of it at a tie, 0 elsewhere. */
function shared(dy: Node, wins: (a: Node, b: Node) => Node, own: Node, other: Node): Node {
  return where(wins(own, other), dy, where(equal(own, other), mul(dy, literal(0.5)), literal(0)));
}

const record = (name: BinaryName): Op<undefined> => elementwiseOp(name, ROWS[name]);

export const addOp = record("add");
export const subOp = record("sub");
export const mulOp = record("mul");
export const divOp = record("div");
export const integerDivideOp = record("integerDivide");
export const maximumOp = record("maximum");
export const minimumOp = record("minimum");
export const integerMaximumOp = record("integerMaximum");
export const integerMinimumOp = record("integerMinimum");

/** a − b·⌊a/b⌋; the dtype is an attribute, because each has a formula of its own. */
export const remainderOp = elementwiseOp<{ readonly dtype: DType }>("remainder", {
  wgsl: ([a, b], { dtype }) => (dtype === "u32" ? `(${a} % ${b})` : `math_remainder_${dtype}(${a}, ${b})`),
  js: ([a, b]) => a - b * Math.floor(a / b),
  vjp: ({ dy, inputs: [a, b], wanted }) => [sumTo(dy, a.shape), wanted(1) ? neg(sumTo(mul(dy, floor(div(a, b))), b.shape)) : null],
});

/** Rounds down. */
export const floorOp = elementwiseOp("floor", { wgsl: ([x]) => `floor(${x})`, js: ([x]) => Math.floor(x), vjp: () => [null] });

export const negOp = elementwiseOp("neg", { wgsl: ([x]) => `(-${x})`, js: ([x]) => -x, vjp: ({ dy }) => [neg(dy)] });

const build = (op: Op<undefined>, a: Node, b: Node): Node => makeNode(op, [a, b], undefined);

/** A number made of a formula's numbers, in float64: rounded once, when it is written into a shader. Null where float32 has no such number. */
function folded(a: Node, b: Node, compute: (a: number, b: number) => number): number | null {
  const x = constantOf(a);
  const y = constantOf(b);
  if (x === null || y === null || a.dtype !== "f32" || b.dtype !== "f32") return null;
  const value = compute(x, y);
  return Number.isFinite(Math.fround(value)) ? value : null;
}

/** The node itself where `other`, a formula's number, changes nothing about it. */
function unchanged(node: Node, other: Node, neutral: number): boolean {
  return constantOf(other) === neutral && node.dtype === other.dtype && sameShape(broadcastShapes("", node.shape, other.shape), node.shape);
}

function arithmetic(op: Op<undefined>, a: Node, b: Node, compute: (a: number, b: number) => number): Node {
  const node = build(op, a, b);
  const value = folded(a, b, compute);
  return value === null ? node : constant(value, node);
}

export function add(a: Node, b: Node): Node {
  if (unchanged(a, b, 0)) return a;
  if (unchanged(b, a, 0)) return b;
  return arithmetic(addOp, a, b, (x, y) => x + y);
}

export function sub(a: Node, b: Node): Node {
  return unchanged(a, b, 0) ? a : arithmetic(subOp, a, b, (x, y) => x - y);
}

export function mul(a: Node, b: Node): Node {
  if (unchanged(a, b, 1)) return a;
  if (unchanged(b, a, 1)) return b;
  return arithmetic(mulOp, a, b, (x, y) => x * y);
}

/** a / b; of integers the quotient without its fraction. */
export function div(a: Node, b: Node): Node {
  if (unchanged(a, b, 1)) return a;
  return a.dtype === "f32" ? arithmetic(divOp, a, b, (x, y) => x / y) : build(integerDivideOp, a, b);
}

/** What is left of `a` when whole multiples of `b` are taken from it; it has the sign of `b`, as in PyTorch. */
export const remainder = (a: Node, b: Node): Node => makeNode(remainderOp, [a, b], { dtype: a.dtype });

export function floor(x: Node): Node {
  requireDtype("floor", x, "f32");
  return makeNode(floorOp, [x], undefined);
}

/** The larger of the two; NaN where one is. */
export const maximum = (a: Node, b: Node): Node => build(a.dtype === "f32" ? maximumOp : integerMaximumOp, a, b);

/** The smaller of the two; NaN where one is. */
export const minimum = (a: Node, b: Node): Node => build(a.dtype === "f32" ? minimumOp : integerMinimumOp, a, b);

export function neg(x: Node): Node {
  requireDtype("neg", x, "f32", "i32");
  if (x.op === negOp) return x.inputs[0]!;
  const value = constantOf(x);
  return value !== null ? constant(-value, x) : makeNode(negOp, [x], undefined);
}
