/** Activations that gate one half of the features by the other: glu and swiglu. */
import { FathomError } from "../core/errors.ts";
import { describe } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { silu } from "./activations.ts";
import { add, mul, sub } from "./binary.ts";
import { defineOp, literal, referenceOf, requireDtype } from "./define.ts";
import { elementwiseOp } from "./elementwise.ts";
import { reshape } from "./layout.ts";
import { sigmoid } from "./unary.ts";

interface Half {
  readonly index: 0 | 1;
}

interface HalfOf extends Half {
  /** Elements of a half. */
  readonly half: number;
}

/** The first or second half of the last axis: a view. */
export const halfOp: Op<Half> = defineOp<Half>({
  name: "half",
  infer: ([x]) => ({ shape: [...x.shape.slice(0, -1), x.shape.at(-1)! / 2], dtype: x.dtype }),
  vjp: ({ dy, inputs: [x], attributes }) => {
    const half = dy.shape.at(-1)!;
    const whole = makeNode(ofHalfOp, [reshape(dy, [...dy.shape.slice(0, -1), 1, half])], { ...attributes, half });
    return [reshape(whole, x.shape)];
  },
  reference: ({ 0: { shape, data } }, { index }) => {
    const half = shape.at(-1)! / 2;
    return referenceOf([...shape.slice(0, -1), half], data.length / 2, (at) => data[at + (Math.floor(at / half) + index) * half]!);
  },
  form: {
    kind: "view",
    view: ({ strides, offset }, { index }, { shape }) => ({ shape, strides, offset: offset + index * shape.at(-1)! * strides.at(-1)! }),
  },
});

/** [..., 1, half] as one half of [..., 2, half], the other 0: elementwise, so that the gradients of both halves become one dispatch. */
export const ofHalfOp: Op<HalfOf> = defineOp<HalfOf>({
  name: "ofHalf",
  infer: ([x]) => ({ shape: [...x.shape.slice(0, -2), 2, x.shape.at(-1)!], dtype: x.dtype }),
  vjp: ({ dy, inputs: [x], attributes: { index } }) => {
    const flat = reshape(dy, [...x.shape.slice(0, -2), 2 * x.shape.at(-1)!]);
    return [reshape(makeNode(halfOp, [flat], { index }), x.shape)];
  },
  reference: ([{ shape, data }], { index, half }) => {
    return referenceOf([...shape.slice(0, -2), 2, half], 2 * data.length, (at) => {
      const row = Math.floor(at / half);
      return row % 2 === index ? data[Math.floor(row / 2) * half + (at % half)]! : 0;
    });
  },
  form: {
    kind: "elementwise",
    usesIndex: true,
    wgsl: ([x], { index, half }, at) => `select(F(0.0), ${x}, ${at} / U(${half}u) % U(2u) == U(${index}u))`,
  },
});

function halves(what: string, x: Node): readonly [Node, Node] {
  requireDtype(what, x, "f32");
  const features = x.shape.at(-1);
  if (features === undefined || features % 2 !== 0)
    throw new FathomError("shape", `${what}: x is ${describe(x)}; its last axis is halved, so it must be an even number of features`);
  return [makeNode(halfOp, [x], { index: 0 }), makeNode(halfOp, [x], { index: 1 })];
}

/** a · σ(b), a and b the halves of the last axis (Dauphin et al., 2017). */
export function glu(x: Node): Node {
  const [a, b] = halves("glu", x);
  return mul(a, sigmoid(b));
}

/** d silu(x)/dx = s·(1 + x·(1 − s)), s = σ(x): one op, so that what reads dy may take it along. */
export const siluSlopeOp = elementwiseOp("siluSlope", {
  wgsl: ([x]) => `(math_sigmoid(${x}) * (F(1.0) + ${x} * (F(1.0) - math_sigmoid(${x}))))`,
  js: ([x]) => {
    const s = 1 / (1 + Math.exp(-x));
    return s * (1 + x * (1 - s));
  },
  // s·(1 − s)·(2 + x·(1 − 2s))
  vjp: ({ dy, inputs: [x] }) => {
    const s = sigmoid(x);
    const bend = add(literal(2), mul(x, sub(literal(1), mul(s, literal(2)))));
    return [mul(dy, mul(mul(s, sub(literal(1), s)), bend))];
  },
});

export const swigluOp = elementwiseOp("swiglu", {
  wgsl: ([a, b]) => `(${a} * (${b} * math_sigmoid(${b})))`,
  js: ([a, b]) => (a * b) / (1 + Math.exp(-b)),
  vjp: ({ dy, inputs: [a, b] }) => [mul(dy, silu(b)), mul(mul(dy, a), makeNode(siluSlopeOp, [b], undefined))],
});

/** a · silu(b), a and b the halves of the last axis (Shazeer, 2020). */
export function swiglu(x: Node): Node {
  return makeNode(swigluOp, halves("swiglu", x), undefined);
}
