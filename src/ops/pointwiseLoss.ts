/** Losses that are the mean of a function of one prediction and one target: value and gradient in one kernel. */
import { checkNumber } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { describe, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { mul, sub } from "./binary.ts";
import { less } from "./compare.ts";
import { defineOp, literal, pick, requireDtype, requireSameShape } from "./define.ts";
import { workgroupSize } from "./lanes.ts";
import { lossKernel, lossTypes, MOST_PARTIALS, MOST_SINGLE, scaled, total } from "./lossKernel.ts";
import { abs, neg, sigmoid } from "./unary.ts";

/** What a loss is told beside its two tensors; `parameter` is the shader's PARAMETER. */
interface Parameter {
  readonly parameter: number;
}

interface Pointwise {
  readonly name: string;
  /** WGSL of the loss and of its derivative by the prediction, for scalars `p` and `t`, with PARAMETER where it has one. */
  readonly wgsl: { readonly value: string; readonly gradient: string };
  readonly value: (p: number, t: number, parameter: number) => number;
  readonly gradient: (p: number, t: number, parameter: number) => number;
  /** The loss's derivative by the target; left out where it is that by the prediction, negated. */
  readonly byTarget?: (p: Node, count: number) => Node;
  /** The derivative of the gradient by the prediction; null where it is 0. */
  readonly curvature: (p: Node, t: Node, parameter: number) => Node | null;
  /** That by the target, where it is not the same, negated. */
  readonly mixedCurvature?: number;
}

function pointwiseLoss(rules: Pointwise): Op<Parameter> {
  const { name, wgsl, value, gradient, byTarget, curvature, mixedCurvature } = rules;
  return defineOp<Parameter>({
    name,
    infer: ([prediction]) => lossTypes(prediction),
    vjp: ({ dys: [dLoss, dGradient], y, inputs: [p, t], attributes: { parameter }, wanted }) => {
      const count = sizeOf(p.shape);
      const own = pick(y, 1);
      const h = dGradient ? mul(dGradient, literal(1 / count)) : null;
      const curved = h ? curvature(p, t, parameter) : null;
      const along = h && curved ? mul(h, curved) : null;
      const across = h && mixedCurvature !== undefined ? mul(h, literal(mixedCurvature)) : along && neg(along);
      return [
        wanted(0) ? total([dLoss ? scaled(dLoss, own) : null, along]) : null,
        wanted(1) ? total([dLoss ? scaled(dLoss, byTarget ? byTarget(p, count) : neg(own)) : null, across]) : null,
      ];
    },
    reference: ([p, t], { parameter }) => {
      const count = p.data.length;
      let loss = 0;
      for (let index = 0; index < count; index++) loss += value(p.data[index]!, t.data[index]!, parameter);
      return [
        { shape: [], data: Float64Array.of(loss / count) },
        { shape: p.shape, data: p.data.map((at, index) => gradient(at, t.data[index]!, parameter) / count) },
      ];
    },
    form: {
      kind: "kernel",
      kernel: ([p], _outputs, { parameter }, target) => {
        const count = sizeOf(p.shape);
        const span = Math.max(MOST_SINGLE, Math.ceil(count / MOST_PARTIALS));
        const groups = Math.ceil(count / span);
        return lossKernel(groups, 1 / count, target, (loss, scale) => ({
          shader: "pointwise_loss",
          defines: { SIZE: workgroupSize(target), VALUE: wgsl.value, GRADIENT: wgsl.gradient },
          overrides: { COUNT: count, SPAN: span, LOSS_SCALE: scale, GRADIENT_SCALE: 1 / count, PARAMETER: parameter },
          workgroups: groups,
          bindings: [{ input: 0 }, { input: 1 }, loss, { output: 1 }],
        }));
      },
    },
  });
}

/** The parameter is a factor: 1, or ½. */
export const meanSquaredErrorOp = pointwiseLoss({
  name: "meanSquaredError",
  wgsl: { value: "PARAMETER * ((p - t) * (p - t))", gradient: "2.0 * PARAMETER * (p - t)" },
  value: (p, t, factor) => factor * (p - t) ** 2,
  gradient: (p, t, factor) => 2 * factor * (p - t),
  curvature: (_p, _t, factor) => literal(2 * factor),
});

export const meanAbsoluteErrorOp = pointwiseLoss({
  name: "meanAbsoluteError",
  wgsl: { value: "PARAMETER * abs(p - t)", gradient: "PARAMETER * sign(p - t)" },
  value: (p, t, factor) => factor * Math.abs(p - t),
  gradient: (p, t, factor) => factor * Math.sign(p - t),
  curvature: () => null,
});

/** The parameter is δ, up to which the loss is a parabola. NaN compares false, and is the parabola's. */
export const huberOp = pointwiseLoss({
  name: "huber",
  wgsl: {
    value: "select(0.5 * (p - t) * (p - t), PARAMETER * (abs(p - t) - 0.5 * PARAMETER), abs(p - t) > PARAMETER)",
    gradient: "select(p - t, PARAMETER * sign(p - t), abs(p - t) > PARAMETER)",
  },
  value: (p, t, delta) => (Math.abs(p - t) > delta ? delta * (Math.abs(p - t) - delta / 2) : (p - t) ** 2 / 2),
  gradient: (p, t, delta) => (Math.abs(p - t) > delta ? delta * Math.sign(p - t) : p - t),
  curvature: (p, t, delta) => less(abs(sub(p, t)), literal(delta)),
});

/** −t·log σ(p) − (1 − t)·log(1 − σ(p)) = max(p, 0) − p·t + log1p(exp(−|p|)), whose derivative is σ(p) − t. */
export const binaryCrossEntropyWithLogitsOp = pointwiseLoss({
  name: "binaryCrossEntropyWithLogits",
  wgsl: {
    value: "PARAMETER * ((max(p, 0.0) - p * t) + math_log1p(math_exp(-abs(p))))",
    gradient: "PARAMETER * select(tail(p) - t, (1.0 - t) - tail(p), p >= 0.0)",
  },
  value: (p, t, factor) => factor * (Math.max(p, 0) - p * t + Math.log1p(Math.exp(-Math.abs(p)))),
  gradient: (p, t, factor) => factor * (1 / (1 + Math.exp(-p)) - t),
  byTarget: (p, count) => mul(p, literal(-1 / count)),
  curvature: (p) => {
    const s = sigmoid(p);
    return mul(s, sub(literal(1), s));
  },
  mixedCurvature: -1,
});

function pointwise(op: Op<Parameter>, prediction: Node, target: Node, parameter = 1): Node {
  requireDtype(op.name, prediction, "f32");
  requireDtype(op.name, target, "f32");
  requireSameShape(op.name, prediction, target);
  if (sizeOf(prediction.shape) === 0)
    throw new FathomError("shape", `${op.name}: ${describe(prediction)} is empty; a mean needs at least one element`);
  return pick(makeNode(op, [prediction, target], { parameter }), 0);
}

/** (prediction − target)², or with `half` ½ of that; its mean over all elements. */
export function meanSquaredError(prediction: Node, target: Node, half = false): Node {
  return pointwise(meanSquaredErrorOp, prediction, target, half ? 0.5 : 1);
}

/** |prediction − target|, its mean over all elements; its gradient at 0 is 0. */
export function meanAbsoluteError(prediction: Node, target: Node): Node {
  return pointwise(meanAbsoluteErrorOp, prediction, target);
}

/** ½d² where |d| ≤ δ, else δ(|d| − ½δ), d = prediction − target: its mean over all elements (Huber, 1964). */
export function huber(prediction: Node, target: Node, delta = 1): Node {
  return pointwise(huberOp, prediction, target, checkNumber("huber", "delta", delta, { above: 0 }));
}

/** Binary cross-entropy of targets in 0..1 and the logits of their probabilities, its mean over all elements. Large logits stay finite. */
export function binaryCrossEntropyWithLogits(logits: Node, target: Node): Node {
  return pointwise(binaryCrossEntropyWithLogitsOp, logits, target);
}
