/** Binary arithmetic, NumPy broadcasting. (First slice.) */
import type { Node } from "../graph/node.ts";
import { isLiteral, literal } from "./define.ts";
import { apply, elementwiseOp } from "./elementwise.ts";
import { sumTo } from "./reduce.ts";

export const addOp = elementwiseOp("add", { wgsl: ([a, b]) => `(${a} + ${b})`, js: ([a, b]) => a + b, vjp: ({ dy, inputs: [a, b] }) => [sumTo(dy, a.shape), sumTo(dy, b.shape)] });
export const subOp = elementwiseOp("sub", { wgsl: ([a, b]) => `(${a} - ${b})`, js: ([a, b]) => a - b, vjp: ({ dy, inputs: [a, b] }) => [sumTo(dy, a.shape), sumTo(neg(dy), b.shape)] });
export const mulOp = elementwiseOp("mul", { wgsl: ([a, b]) => `(${a} * ${b})`, js: ([a, b]) => a * b, vjp: ({ dy, inputs: [a, b] }) => [sumTo(mul(dy, b), a.shape), sumTo(mul(dy, a), b.shape)] });
export const divOp = elementwiseOp("div", { wgsl: ([a, b]) => `(${a} / ${b})`, js: ([a, b]) => a / b, vjp: ({ dy, y, inputs: [a, b] }) => [sumTo(div(dy, b), a.shape), sumTo(neg(div(mul(dy, y), b)), b.shape)] });
export const negOp = elementwiseOp("neg", { wgsl: ([x]) => `(-${x})`, js: ([x]) => -x, vjp: ({ dy }) => [neg(dy)] });
export const greaterOp = elementwiseOp("greater", { wgsl: ([a, b]) => `select(F(0.0), F(1.0), ${a} > ${b})`, js: ([a, b]) => (a > b ? 1 : 0), vjp: "nondifferentiable" });

export const add = (a: Node, b: Node): Node => apply(addOp, [a, b]);
export const sub = (a: Node, b: Node): Node => apply(subOp, [a, b]);
export const mul = (a: Node, b: Node): Node => (isLiteral(b, 1) ? a : isLiteral(a, 1) ? b : apply(mulOp, [a, b]));
export const div = (a: Node, b: Node): Node => apply(divOp, [a, b]);
export const neg = (x: Node): Node => apply(negOp, [x]);
export const greater = (a: Node, b: Node): Node => apply(greaterOp, [a, b]);
void literal;
