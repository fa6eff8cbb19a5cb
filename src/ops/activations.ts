/** Activations, each with its gradient in terms of what is stored anyway. (First slice.) */
import type { Node } from "../graph/node.ts";
import { elementwiseOp, apply } from "./elementwise.ts";
import { add, greater, mul, sub } from "./binary.ts";
import { literal, scalar } from "./define.ts";
import { exp, sigmoid, tanh } from "./unary.ts";

const one = (): Node => literal(1);
const whenPositive = (test: Node, yes: Node, no: Node): Node => apply(selectOp, [test, yes, no]);

/** `yes` where `test` is positive, `no` elsewhere; the branch not taken does not leak its infinities. */
const selectOp = elementwiseOp("selectPositive", {
  wgsl: ([test, yes, no]) => `select(${no}, ${yes}, ${test} > F(0.0))`,
  js: ([test, yes, no]) => (test > 0 ? yes : no),
  vjp: ({ dy, inputs: [test] }) => [null, whenPositive(test, dy, literal(0)), whenPositive(test, literal(0), dy)],
});

const expm1Op = elementwiseOp("expm1", { wgsl: ([x]) => `math_expm1(${x})`, js: ([x]) => Math.expm1(x), vjp: ({ dy, y }) => [mul(dy, add(y, one()))] });
const expm1 = (x: Node): Node => apply(expm1Op, [x]);

/** x, or slope·x where x is negative. */
export const leakyRelu = (x: Node, slope = 0.01): Node => whenPositive(x, x, mul(x, scalar(slope)));
/** x, or alpha·(eˣ − 1) where x is negative (Clevert et al., 2016). */
export const elu = (x: Node, alpha = 1): Node => whenPositive(x, x, mul(expm1(x), scalar(alpha)));
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
/** scale·elu(x, alpha) with the constants of Klambauer et al., 2017. */
export const selu = (x: Node): Node => mul(whenPositive(x, x, mul(expm1(x), literal(SELU_ALPHA))), literal(SELU_SCALE));

/** x·sigmoid(x) */
export const silu = (x: Node): Node => mul(x, sigmoid(x));

const softplusOp = elementwiseOp("softplus", {
  wgsl: ([x]) => `math_softplus(${x})`,
  js: ([x]) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  vjp: ({ dy, inputs: [x] }) => [mul(dy, sigmoid(x))],
});
/** ln(1 + eˣ) */
export const softplus = (x: Node): Node => apply(softplusOp, [x]);

/** Φ(x), the normal distribution function: erfc(−x/√2)/2; its derivative is the density. */
const normalCdfOp = elementwiseOp("normalCdf", {
  wgsl: ([x]) => `(F(0.5) * math_erfc(${x} * F(-0.7071067811865476)))`,
  js: ([x]) => 0.5 * erfc(-x * Math.SQRT1_2),
  vjp: ({ dy, inputs: [x] }) => [mul(dy, mul(literal(0.3989422804014327), exp(mul(literal(-0.5), mul(x, x)))))],
});

/** x·Φ(x) (Hendrycks and Gimpel, 2016). */
export const gelu = (x: Node): Node => mul(x, apply(normalCdfOp, [x]));
/** Its approximation ½x(1 + tanh(√(2/π)(x + 0.044715x³))). */
export const geluTanh = (x: Node): Node => mul(mul(literal(0.5), x), add(one(), tanh(mul(literal(0.7978845608028654), add(x, mul(literal(0.044715), mul(x, mul(x, x))))))));

/** The complementary error function in float64: series up to 2, Lentz's continued fraction beyond. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = x;
  for (let k = 120; k > 0; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}
void sub;
void greater;
