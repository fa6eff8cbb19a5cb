/** Unary functions. (First slice.) */
import type { Node } from "../graph/node.ts";
import type { Op, Vjp } from "../graph/op.ts";
import { add, div, greater, mul, neg, sub } from "./binary.ts";
import { literal } from "./define.ts";
import { apply, elementwiseOp } from "./elementwise.ts";

const unary = (name: string, wgsl: (x: string) => string, js: (x: number) => number, vjp: Vjp<undefined>): Op<undefined> =>
  elementwiseOp(name, { wgsl: ([x]) => wgsl(x), js: ([x]) => js(x), vjp });

export const expOp = unary("exp", (x) => `exp(${x})`, Math.exp, ({ dy, y }) => [mul(dy, y)]);
export const logOp = unary("log", (x) => `log(${x})`, Math.log, ({ dy, inputs: [x] }) => [div(dy, x)]);
export const sqrtOp = unary("sqrt", (x) => `sqrt(${x})`, Math.sqrt, ({ dy, y }) => [div(dy, mul(literal(2), y))]);
export const tanhOp = unary("tanh", (x) => `math_tanh(${x})`, Math.tanh, ({ dy, y }) => [mul(dy, sub(literal(1), mul(y, y)))]);
export const sigmoidOp = unary("sigmoid", (x) => `math_sigmoid(${x})`, (x) => 1 / (1 + Math.exp(-x)), ({ dy, y }) => [mul(dy, mul(y, sub(literal(1), y)))]);
export const reluOp = unary("relu", (x) => `select(${x}, F(0.0), ${x} < F(0.0))`, (x) => Math.max(x, 0), ({ dy, y }) => [mul(dy, greater(y, literal(0)))]);

export const exp = (x: Node): Node => apply(expOp, [x]);
export const log = (x: Node): Node => apply(logOp, [x]);
export const sqrt = (x: Node): Node => apply(sqrtOp, [x]);
export const tanh = (x: Node): Node => apply(tanhOp, [x]);
export const sigmoid = (x: Node): Node => apply(sigmoidOp, [x]);
export const relu = (x: Node): Node => apply(reluOp, [x]);
export { neg };
void add;
