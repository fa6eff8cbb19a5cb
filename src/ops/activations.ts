/** Activations beyond the plain functions of unary.ts: those with a parameter, and those that gate their own input. */
import { makeNode, type Node } from "../graph/node.ts";
import { add, mul, sub } from "./binary.ts";
import { sumTo } from "./broadcast.ts";
import { greater, where } from "./compare.ts";
import { literal, requireDtype, scalar } from "./define.ts";
import { elementwiseOp } from "./elementwise.ts";
import { erfc } from "./erf.ts";
import { exp, expm1, sigmoid, square } from "./unary.ts";

export { relu, sigmoid, softplus, tanh } from "./unary.ts";

const positive = (x: Node): Node => greater(x, literal(0));

/** Slope ≥ 0, so that the sign of y tells that of x. */
export const leakyReluOp = elementwiseOp("leakyRelu", {
  wgsl: ([x, slope]) => `select(${x} * ${slope}, ${x}, ${x} > F(0.0))`,
  js: ([x, slope]) => (x > 0 ? x : x * slope),
  vjp: ({ dy, y, inputs: [x, slope], wanted }) => [
    where(positive(y), dy, mul(dy, slope)),
    wanted(1) ? sumTo(where(positive(y), literal(0), mul(dy, x)), slope.shape) : null,
  ],
});

/** x where it is positive, slope·x elsewhere (Maas et al., 2013). */
export function leakyRelu(x: Node, slope = 0.01): Node {
  requireDtype("leakyRelu", x, "f32");
  if (slope < 0) return where(positive(x), x, mul(x, scalar(slope)));
  return makeNode(leakyReluOp, [x, scalar(slope)], undefined);
}

/** Alpha ≥ 0, so that the sign of y tells that of x, and alpha·eˣ = y + alpha where it is negative. */
export const eluOp = elementwiseOp("elu", {
  wgsl: ([x, alpha]) => `select(${alpha} * math_expm1(${x}), ${x}, ${x} > F(0.0))`,
  js: ([x, alpha]) => (x > 0 ? x : alpha * Math.expm1(x)),
  vjp: ({ dy, y, inputs: [x, alpha], wanted }) => [
    where(positive(y), dy, mul(dy, add(y, alpha))),
    wanted(1) ? sumTo(where(positive(y), literal(0), mul(dy, expm1(x))), alpha.shape) : null,
  ],
});

/** x where it is positive, alpha·(eˣ − 1) elsewhere (Clevert et al., 2016). */
export function elu(x: Node, alpha = 1): Node {
  requireDtype("elu", x, "f32");
  if (alpha < 0) return where(positive(x), x, mul(expm1(x), scalar(alpha)));
  return makeNode(eluOp, [x, scalar(alpha)], undefined);
}

/** With which mean 0 and variance 1 reproduce themselves through layers (Klambauer et al., 2017). */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

export const seluOp = elementwiseOp("selu", {
  wgsl: ([x]) => `select(F(${SELU_SCALE * SELU_ALPHA}) * math_expm1(${x}), F(${SELU_SCALE}) * ${x}, ${x} > F(0.0))`,
  js: ([x]) => (x > 0 ? SELU_SCALE * x : SELU_SCALE * SELU_ALPHA * Math.expm1(x)),
  vjp: ({ dy, y }) => [mul(dy, where(positive(y), literal(SELU_SCALE), add(y, literal(SELU_SCALE * SELU_ALPHA))))],
});

/** scale·elu(x, alpha), with fixed numbers. */
export function selu(x: Node): Node {
  requireDtype("selu", x, "f32");
  return makeNode(seluOp, [x], undefined);
}

// With s = σ(x): d(x·s) = s + x·s·(1 − s) = s + y·(1 − s)
export const siluOp = elementwiseOp("silu", {
  wgsl: ([x]) => `(${x} * math_sigmoid(${x}))`,
  js: ([x]) => (x < 0 ? (x * Math.exp(x)) / (1 + Math.exp(x)) : x / (1 + Math.exp(-x))),
  vjp: ({ dy, y, inputs: [x] }) => {
    const s = sigmoid(x);
    return [mul(dy, add(s, mul(y, sub(literal(1), s))))];
  },
});

/** x·σ(x) */
export function silu(x: Node): Node {
  requireDtype("silu", x, "f32");
  return makeNode(siluOp, [x], undefined);
}

/** Φ, the distribution function of the normal distribution; its derivative is the density φ. */
export const normalCdfOp = elementwiseOp("normalCdf", {
  wgsl: ([x]) => `math_normal_cdf(${x})`,
  js: ([x]) => 0.5 * erfc(-x * Math.SQRT1_2),
  vjp: ({ dy, inputs: [x] }) => [mul(dy, normalDensity(x))],
});

const normalCdf = (x: Node): Node => makeNode(normalCdfOp, [x], undefined);

/** φ(x) = e^(−x²/2) / √(2π) */
const normalDensity = (x: Node): Node => mul(exp(mul(square(x), literal(-0.5))), literal(1 / Math.sqrt(2 * Math.PI)));

export const geluOp = elementwiseOp("gelu", {
  wgsl: ([x]) => `(${x} * math_normal_cdf(${x}))`,
  js: ([x]) => x * 0.5 * erfc(-x * Math.SQRT1_2),
  vjp: ({ dy, inputs: [x] }) => [mul(dy, add(normalCdf(x), mul(x, normalDensity(x))))],
});

/** x·Φ(x) (Hendrycks and Gimpel, 2016). */
export function gelu(x: Node): Node {
  requireDtype("gelu", x, "f32");
  return makeNode(geluOp, [x], undefined);
}

/** ½·(1 + tanh u) = σ(2u), which does not cancel where tanh u is near −1; 2u = slope·(x + cube·x³). */
const GELU_SLOPE = 2 * Math.sqrt(2 / Math.PI);
const GELU_CUBE = 0.044715;
const geluGate = (x: Node): Node => sigmoid(mul(x, add(mul(square(x), literal(GELU_SLOPE * GELU_CUBE)), literal(GELU_SLOPE))));

export const geluTanhOp = elementwiseOp("geluTanh", {
  wgsl: ([x]) => `(${x} * math_sigmoid(${x} * (F(${GELU_SLOPE}) + F(${GELU_SLOPE * GELU_CUBE}) * ${x} * ${x})))`,
  js: ([x]) => x / (1 + Math.exp(-GELU_SLOPE * (x + GELU_CUBE * x ** 3))),
  // With s = σ(2u): s + y·(1 − s)·d2u/dx
  vjp: ({ dy, y, inputs: [x] }) => {
    const s = geluGate(x);
    const slope = add(mul(square(x), literal(3 * GELU_SLOPE * GELU_CUBE)), literal(GELU_SLOPE));
    return [mul(dy, add(s, mul(mul(y, sub(literal(1), s)), slope)))];
  },
});

/** ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), an approximation of gelu. */
export function geluTanh(x: Node): Node {
  requireDtype("geluTanh", x, "f32");
  return makeNode(geluTanhOp, [x], undefined);
}
