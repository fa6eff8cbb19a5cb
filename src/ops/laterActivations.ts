/** Activations of the years after relu: mish, hard forms of sigmoid and silu, softsign, celu, prelu, and LeCun's scaled tanh. */
import { FathomError } from "../core/errors.ts";
import { broadcastShapes, describe, sameShape } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { add, div, mul, sub } from "./binary.ts";
import { sumTo } from "./broadcast.ts";
import { greater, greaterEqual, less, lessEqual, where } from "./compare.ts";
import { literal, requireDtype, scalar } from "./define.ts";
import { elementwiseOp } from "./elementwise.ts";
import { abs, reciprocal, sigmoid, square } from "./unary.ts";

const positive = (x: Node): Node => greater(x, literal(0));

/** tanh(ln(1 + eˣ)) = n / (n + rest), in u = e^−|x|, so that nothing overflows or cancels. */
function gate(x: number): number {
  const u = Math.exp(-Math.abs(x));
  const n = x < 0 ? u * (u + 2) : 1 + 2 * u;
  return n / (n + (x < 0 ? 2 : 2 * u * u));
}

/** Mish's gate, tanh(softplus(x)); its derivative is (1 − y²)·σ(x). */
export const mishGateOp = elementwiseOp("mishGate", {
  wgsl: ([x]) => `math_mish_gate(${x})`,
  js: ([x]) => gate(x),
  vjp: ({ dy, y, inputs: [x] }) => [mul(dy, mul(sub(literal(1), square(y)), sigmoid(x)))],
});

export const mishOp = elementwiseOp("mish", {
  wgsl: ([x]) => `(${x} * math_mish_gate(${x}))`,
  js: ([x]) => x * gate(x),
  vjp: ({ dy, inputs: [x] }) => {
    const t = makeNode(mishGateOp, [x], undefined);
    return [mul(dy, add(t, mul(x, mul(sub(literal(1), square(t)), sigmoid(x)))))];
  },
});

/** x · tanh(softplus(x)) (Misra, 2019). */
export function mish(x: Node): Node {
  requireDtype("mish", x, "f32");
  return makeNode(mishOp, [x], undefined);
}

// x + 3 is exact near −3, where x/6 + ½ would cancel. NaN passes, forward and backward.
export const hardSigmoidOp = elementwiseOp("hardSigmoid", {
  wgsl: ([x]) => `math_keep_nan(clamp(${x} + F(3.0), F(0.0), F(6.0)) * F(${1 / 6}), ${x})`,
  js: ([x]) => Math.min(Math.max(x + 3, 0), 6) / 6,
  vjp: ({ dy, inputs: [x] }) => [
    where(lessEqual(x, literal(-3)), literal(0), where(greaterEqual(x, literal(3)), literal(0), mul(dy, literal(1 / 6)))),
  ],
});

/** x/6 + ½ between 0 and 1; its gradient is 0 at both kinks. */
export function hardSigmoid(x: Node): Node {
  requireDtype("hardSigmoid", x, "f32");
  return makeNode(hardSigmoidOp, [x], undefined);
}

export const hardSwishOp = elementwiseOp("hardSwish", {
  wgsl: ([x]) => `math_keep_nan(${x} * (clamp(${x} + F(3.0), F(0.0), F(6.0)) * F(${1 / 6})), ${x})`,
  js: ([x]) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  // At −3 the slope of the middle, x/3 + ½, and at 3 that above: what PyTorch's vector code has; its scalar code has 1½ at 3.
  vjp: ({ dy, inputs: [x] }) => [
    where(less(x, literal(-3)), literal(0), where(greaterEqual(x, literal(3)), dy, mul(dy, add(mul(x, literal(1 / 3)), literal(0.5))))),
  ],
});

/** x · hardSigmoid(x) (Howard et al., 2019). */
export function hardSwish(x: Node): Node {
  requireDtype("hardSwish", x, "f32");
  return makeNode(hardSwishOp, [x], undefined);
}

export const softsignOp = elementwiseOp("softsign", {
  wgsl: ([x]) => `(${x} / (F(1.0) + abs(${x})))`,
  js: ([x]) => x / (1 + Math.abs(x)),
  vjp: ({ dy, inputs: [x] }) => [mul(dy, square(reciprocal(add(abs(x), literal(1)))))],
});

/** x / (1 + |x|) */
export function softsign(x: Node): Node {
  requireDtype("softsign", x, "f32");
  return makeNode(softsignOp, [x], undefined);
}

/** Alpha > 0, so that the sign of y tells that of x, and e^(x/alpha) = y/alpha + 1 where it is negative. */
export const celuOp = elementwiseOp("celu", {
  wgsl: ([x, alpha]) => `select(${alpha} * math_expm1(${x} / ${alpha}), ${x}, ${x} > F(0.0))`,
  js: ([x, alpha]) => (x > 0 ? x : alpha * Math.expm1(x / alpha)),
  vjp: ({ dy, y, inputs: [, alpha] }) => [where(positive(y), dy, mul(dy, add(div(y, alpha), literal(1)))), null],
});

/** x where it is positive, alpha·(e^(x/alpha) − 1) elsewhere: smooth at 0 for every alpha (Barron, 2017). */
export function celu(x: Node, alpha = 1): Node {
  requireDtype("celu", x, "f32");
  if (!(alpha > 0) || !Number.isFinite(alpha)) throw new FathomError("argument", `celu: alpha is ${alpha}; use a finite number above 0`);
  return makeNode(celuOp, [x, scalar(alpha)], undefined);
}

export const preluOp = elementwiseOp("prelu", {
  wgsl: ([x, slope]) => `select(${x} * ${slope}, ${x}, ${x} > F(0.0))`,
  js: ([x, slope]) => (x > 0 ? x : x * slope),
  vjp: ({ dy, inputs: [x, slope], wanted }) => [
    where(positive(x), dy, mul(dy, slope)),
    wanted(1) ? sumTo(where(positive(x), literal(0), mul(dy, x)), slope.shape) : null,
  ],
});

/** x where it is positive, slope·x elsewhere; `slope` is learned and broadcasts to x (He et al., 2015). */
export function prelu(x: Node, slope: Node): Node {
  requireDtype("prelu", x, "f32");
  requireDtype("prelu", slope, "f32");
  if (!sameShape(broadcastShapes("prelu", x.shape, slope.shape), x.shape))
    throw new FathomError(
      "shape",
      `prelu: the slope is ${describe(slope)}, which does not broadcast to x ${describe(x)}; use f32[1] or f32[features]`,
    );
  return makeNode(preluOp, [x, slope], undefined);
}

/** With which outputs of variance 1 keep it (LeCun et al., 1998): f(±1) = ±1. */
const LECUN_SCALE = 1.7159;
const LECUN_SLOPE = 2 / 3;

export const lecunTanhOp = elementwiseOp("lecunTanh", {
  wgsl: ([x]) => `(F(${LECUN_SCALE}) * math_tanh(F(${LECUN_SLOPE}) * ${x}))`,
  js: ([x]) => LECUN_SCALE * Math.tanh(LECUN_SLOPE * x),
  // slope · (scale − y²/scale)
  vjp: ({ dy, y }) => [mul(dy, sub(literal(LECUN_SCALE * LECUN_SLOPE), mul(square(y), literal(LECUN_SLOPE / LECUN_SCALE))))],
});

/** 1.7159 · tanh(2x/3) */
export function lecunTanh(x: Node): Node {
  requireDtype("lecunTanh", x, "f32");
  return makeNode(lecunTanhOp, [x], undefined);
}
