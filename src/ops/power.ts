/** Powers, and the restriction of values to a range. */
import { makeNode, type Node } from "../graph/node.ts";
import { mul, sub } from "./binary.ts";
import { constant, constantOf, sumTo } from "./broadcast.ts";
import { equal, lessEqual, where } from "./compare.ts";
import { literal, requireDtype, scalar } from "./define.ts";
import { elementwiseOp } from "./elementwise.ts";
import { log, reciprocal, sqrt, square } from "./unary.ts";

/** A negative base has a power where the exponent is a whole number; x⁰ is 1 for every x. */
export const powOp = elementwiseOp("pow", {
  wgsl: ([x, exponent]) => `math_pow(${x}, ${exponent})`,
  js: ([x, exponent]) => x ** exponent,
  vjp: ({ dy, y, inputs: [x, exponent], wanted }) => [
    // p·x^(p−1); 0 where p is 0, also at x = 0, where the power is infinite
    wanted(0)
      ? sumTo(where(equal(exponent, literal(0)), literal(0), mul(dy, mul(exponent, pow(x, sub(exponent, literal(1)))))), x.shape)
      : null,
    // x^p·ln x; 0 at x = 0, where the power is 0 for every p > 0
    wanted(1) ? sumTo(where(equal(y, literal(0)), literal(0), mul(dy, mul(y, log(x)))), exponent.shape) : null,
  ],
});

/** x to the power of `exponent`. Simple powers that are part of a formula are computed exactly. */
export function pow(x: Node, exponent: Node): Node {
  requireDtype("pow", x, "f32");
  requireDtype("pow", exponent, "f32");
  const value = exponent.shape.length === 0 ? constantOf(exponent) : null;
  switch (value) {
    case 0:
      return constant(1, x);
    case 1:
      return x;
    case 2:
      return square(x);
    case 3:
      return mul(square(x), x);
    case 0.5:
      return sqrt(x);
    case -1:
      return reciprocal(x);
    default:
      return makeNode(powOp, [x, exponent], undefined);
  }
}

const SIMPLE: readonly number[] = [0, 1, 2, 3, 0.5, -1];

/** x to a power that is a number: one with a formula of its own becomes part of the plan, any other is data. */
export const powNumber = (x: Node, exponent: number): Node => pow(x, SIMPLE.includes(exponent) ? literal(exponent) : scalar(exponent));

/** The edges pass the gradient, as PyTorch has it. */
export const clampOp = elementwiseOp("clamp", {
  wgsl: ([x, least, most]) => `math_minimum(math_maximum(${x}, ${least}), ${most})`,
  js: ([x, least, most]) => Math.min(Math.max(x, least), most),
  vjp: ({ dy, inputs: [x, least, most] }) => [
    where(lessEqual(least, x), where(lessEqual(x, most), dy, literal(0)), literal(0)),
    null,
    null,
  ],
});

/** x, but not below `least` and not above `most`. Numbers of the user's are data. */
export function clamp(x: Node, least = -Infinity, most = Infinity): Node {
  requireDtype("clamp", x, "f32");
  return makeNode(clampOp, [x, scalar(least), scalar(most)], undefined);
}
