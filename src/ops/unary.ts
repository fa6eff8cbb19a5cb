/** Functions of one tensor, element by element. Gradients are in terms of the result where that is enough, so that `x` need not be kept. */
import type { DType } from "../core/dtype.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { add, div, mul, neg, sub } from "./binary.ts";
import { lessEqual, where } from "./compare.ts";
import { literal, requireDtype } from "./define.ts";
import { type ElementwiseRow, elementwiseOp } from "./elementwise.ts";
import { erf as erfFloat64 } from "./erf.ts";

export { floor, neg } from "./binary.ts";

type UnaryName =
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sqrt"
  | "square"
  | "reciprocal"
  | "abs"
  | "sign"
  | "erf"
  | "sigmoid"
  | "tanh"
  | "relu"
  | "softplus";

/** `dtypes`: what it takes beside f32. */
type Row = ElementwiseRow<undefined> & { readonly dtypes?: readonly DType[] };

const ROWS = {
  exp: { wgsl: ([x]) => `math_exp(${x})`, js: ([x]) => Math.exp(x), vjp: ({ dy, y }) => [mul(dy, y)] },
  expm1: { wgsl: ([x]) => `math_expm1(${x})`, js: ([x]) => Math.expm1(x), vjp: ({ dy, y }) => [mul(dy, add(y, literal(1)))] },
  log: { wgsl: ([x]) => `math_log(${x})`, js: ([x]) => Math.log(x), vjp: ({ dy, inputs: [x] }) => [div(dy, x)] },
  log1p: { wgsl: ([x]) => `math_log1p(${x})`, js: ([x]) => Math.log1p(x), vjp: ({ dy, inputs: [x] }) => [div(dy, add(x, literal(1)))] },
  sqrt: { wgsl: ([x]) => `sqrt(${x})`, js: ([x]) => Math.sqrt(x), vjp: ({ dy, y }) => [div(dy, mul(y, literal(2)))] },
  square: {
    wgsl: ([x]) => `(${x} * ${x})`,
    js: ([x]) => x * x,
    vjp: ({ dy, inputs: [x] }) => [mul(dy, mul(x, literal(2)))],
    dtypes: ["i32", "u32"],
  },
  reciprocal: { wgsl: ([x]) => `(F(1.0) / ${x})`, js: ([x]) => 1 / x, vjp: ({ dy, y }) => [neg(mul(dy, square(y)))] },
  abs: { wgsl: ([x]) => `abs(${x})`, js: ([x]) => Math.abs(x), vjp: ({ dy, inputs: [x] }) => [mul(dy, sign(x))], dtypes: ["i32", "u32"] },
  sign: { wgsl: ([x]) => `sign(${x})`, js: ([x]) => Math.sign(x), vjp: () => [null], dtypes: ["i32"] },
  // 2/√π · exp(−x²)
  erf: {
    wgsl: ([x]) => `math_erf(${x})`,
    js: ([x]) => erfFloat64(x),
    vjp: ({ dy, inputs: [x] }) => [mul(dy, mul(exp(neg(square(x))), literal(2 / Math.sqrt(Math.PI))))],
  },
  sigmoid: {
    wgsl: ([x]) => `math_sigmoid(${x})`,
    js: ([x]) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
    vjp: ({ dy, y }) => [mul(dy, mul(y, sub(literal(1), y)))],
  },
  tanh: { wgsl: ([x]) => `math_tanh(${x})`, js: ([x]) => Math.tanh(x), vjp: ({ dy, y }) => [mul(dy, sub(literal(1), square(y)))] },
  // Written so that NaN passes, forward and backward: it compares false.
  relu: {
    wgsl: ([x]) => `select(${x}, F(0.0), ${x} <= F(0.0))`,
    js: ([x]) => (x <= 0 ? 0 : x),
    vjp: ({ dy, y }) => [where(lessEqual(y, literal(0)), literal(0), dy)],
  },
  // σ(x) = 1 − e⁻ʸ
  softplus: {
    wgsl: ([x]) => `math_softplus(${x})`,
    js: ([x]) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    vjp: ({ dy, y }) => [neg(mul(dy, expm1(neg(y))))],
  },
} satisfies Record<UnaryName, Row>;

const record = (name: UnaryName): Op<undefined> => elementwiseOp(name, ROWS[name]);

export const expOp = record("exp");
export const expm1Op = record("expm1");
export const logOp = record("log");
export const log1pOp = record("log1p");
export const sqrtOp = record("sqrt");
export const squareOp = record("square");
export const reciprocalOp = record("reciprocal");
export const absOp = record("abs");
export const signOp = record("sign");
export const erfOp = record("erf");
export const sigmoidOp = record("sigmoid");
export const tanhOp = record("tanh");
export const reluOp = record("relu");
export const softplusOp = record("softplus");

function build(op: Op<undefined>, x: Node): Node {
  const { dtypes = [] }: Row = ROWS[op.name as UnaryName];
  requireDtype(op.name, x, "f32", ...dtypes);
  return makeNode(op, [x], undefined);
}

export const exp = (x: Node): Node => build(expOp, x);
/** eˣ − 1, accurate near 0. */
export const expm1 = (x: Node): Node => build(expm1Op, x);
/** The natural logarithm: −∞ at 0, NaN below. */
export const log = (x: Node): Node => build(logOp, x);
/** ln(1 + x), accurate near 0. */
export const log1p = (x: Node): Node => build(log1pOp, x);
export const sqrt = (x: Node): Node => build(sqrtOp, x);
export const square = (x: Node): Node => build(squareOp, x);
export const reciprocal = (x: Node): Node => build(reciprocalOp, x);
export const abs = (x: Node): Node => build(absOp, x);
/** −1, 0 or 1. */
export const sign = (x: Node): Node => build(signOp, x);
/** 2/√π · ∫₀ˣ exp(−t²) dt */
export const erf = (x: Node): Node => build(erfOp, x);
/** 1 / (1 + e⁻ˣ) */
export const sigmoid = (x: Node): Node => build(sigmoidOp, x);
export const tanh = (x: Node): Node => build(tanhOp, x);
/** max(x, 0); its gradient at 0 is 0. */
export const relu = (x: Node): Node => build(reluOp, x);
/** ln(1 + eˣ) */
export const softplus = (x: Node): Node => build(softplusOp, x);

/** Converts to another dtype: towards zero from float32, whose values past the integers' range become the nearest end of it. */
export const castOp = elementwiseOp<{ readonly from: DType; readonly to: DType }>(
  "cast",
  {
    wgsl: ([x], { from, to }) => (from === "f32" ? `math_to_${to}(${x})` : `${{ f32: "F", i32: "I", u32: "U" }[to]}(${x})`),
    js: ([x], { from, to }) => converted(x, from, to),
    vjp: "nondifferentiable",
  },
  { infer: ([x], { to }) => ({ shape: x.shape, dtype: to }) },
);

function converted(x: number, from: DType, to: DType): number {
  if (to === "f32") return x;
  if (from !== "f32") return to === "i32" ? x | 0 : x >>> 0;
  const [least, most] = to === "i32" ? [-(2 ** 31), 2 ** 31 - 128] : [0, 2 ** 32 - 256];
  return Math.min(Math.max(Math.trunc(x), least), most);
}

/** The values in another dtype. Between integers the bits stay; float32 loses its fraction, and what is out of range goes to the nearest end. */
export function cast(x: Node, dtype: DType): Node {
  return x.dtype === dtype ? x : makeNode(castOp, [x], { from: x.dtype, to: dtype });
}
