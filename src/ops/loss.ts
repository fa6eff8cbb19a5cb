/** Losses: means over the batch, each one kernel that gives value and gradient together. */
import { FathomError } from "../core/errors.ts";
import { describe, sizeOf } from "../core/shape.ts";
import { makeNode, type Node, type TensorType } from "../graph/node.ts";
import type { KernelCall, KernelPlan, Op, Target } from "../graph/op.ts";
import { add, mul, sub } from "./binary.ts";
import { defineOp, isLiteral, literal, pick, requireDtype, requireSameShape } from "./define.ts";
import { lanesFor, workgroupSize } from "./lanes.ts";
import { sum } from "./reduce.ts";
import { softmax } from "./softmax.ts";
import { neg, sigmoid } from "./unary.ts";

/** Elements that one workgroup takes; up to here a loss is one dispatch. */
const MOST_SINGLE = 16384;
/** Partial sums that the finishing workgroup should have to add up. */
const MOST_PARTIALS = 1024;

/** The loss's own call, told where its sums go and how they are scaled, and one more where there are several partial sums. */
function lossKernel(
  groups: number,
  scale: number,
  target: Target,
  call: (loss: KernelCall["bindings"][number], scale: number) => KernelCall,
): KernelPlan {
  if (groups === 1) return { calls: [call({ output: 0 }, scale)] };
  const finish: KernelCall = {
    shader: "finish_loss",
    defines: { SIZE: workgroupSize(target) },
    overrides: { COUNT: groups, LOSS_SCALE: scale },
    workgroups: 1,
    bindings: [{ temporary: 0, access: "read" }, { output: 0 }],
  };
  return { calls: [call({ temporary: 0 }, 1), finish], temporaries: [groups] };
}

const lossTypes = (prediction: TensorType): readonly TensorType[] => [
  { shape: [], dtype: "f32" },
  { shape: prediction.shape, dtype: "f32" },
];

/** dy · gradient; nothing to multiply by where the loss is what is differentiated. */
const scaled = (dy: Node, gradient: Node): Node => (isLiteral(dy, 1) ? gradient : mul(gradient, dy));

/** The sum of those that are there. */
const total = (terms: readonly (Node | null)[]): Node | null =>
  terms.reduce((left, right) => (left && right ? add(left, right) : (left ?? right)), null);

/** Outputs: the mean loss, and its gradient by the logits. */
export const softmaxCrossEntropyOp: Op<undefined> = defineOp<undefined>({
  name: "softmaxCrossEntropy",
  infer: ([logits]) => lossTypes(logits),
  vjp: ({ dys: [dLoss, dGradient], y, inputs: [logits] }) => {
    const first = dLoss ? scaled(dLoss, pick(y, 1)) : null;
    if (!dGradient) return [first];
    // With p = softmax(z), the gradient's own derivative is (diag(p) − p·pᵀ) / rows: p · (h − Σ p·h) / rows.
    const p = softmax(logits, 1);
    const curvature = mul(mul(p, sub(dGradient, sum(mul(p, dGradient), 1, true))), literal(1 / logits.shape[0]!));
    return [total([first, curvature])];
  },
  reference: ([logits, labels]) => {
    const [rows, classes] = logits.shape as [number, number];
    const gradient = new Float64Array(rows * classes);
    let loss = 0;
    for (let row = 0; row < rows; row++) {
      const z = logits.data.subarray(row * classes, (row + 1) * classes);
      const label = labels.data[row]!;
      const highest = z.reduce((most, value) => Math.max(most, value), -Infinity);
      const exponentials = z.map((value) => Math.exp(value - highest));
      const sumOf = (list: Float64Array): number => list.reduce((all, value) => all + value, 0);
      const all = sumOf(exponentials);
      const inRange = label >= 0 && label < classes;
      loss += inRange ? Math.log(all) + highest - z[label]! : Number.NaN;
      exponentials.forEach((value, c) => {
        gradient[row * classes + c] = inRange ? (value / all - (c === label ? 1 : 0)) / rows : Number.NaN;
      });
    }
    return [
      { shape: [], data: Float64Array.of(loss / rows) },
      { shape: logits.shape, data: gradient },
    ];
  },
  form: {
    kind: "kernel",
    kernel: ([logits], _outputs, _attributes, target) => {
      const [rows, classes] = logits.shape as [number, number];
      const size = workgroupSize(target);
      const lanes = lanesFor(classes, rows, size);
      const rowsAtOnce = size / lanes;
      const turns = Math.ceil(rows / rowsAtOnce);
      const passes = Math.ceil(turns / (rows * classes <= MOST_SINGLE ? 1 : MOST_PARTIALS));
      const groups = Math.ceil(turns / passes);
      return lossKernel(groups, 1 / rows, target, (loss, scale) => ({
        shader: "softmax_cross_entropy",
        defines: { SIZE: size },
        overrides: { ROWS: rows, CLASSES: classes, LANES: lanes, PASSES: passes, LOSS_SCALE: scale, GRADIENT_SCALE: 1 / rows },
        workgroups: groups,
        bindings: [{ input: 0 }, { input: 1 }, loss, { output: 1 }],
      }));
    },
  },
});

/** −log softmax(logits)[label], its mean over the rows; logits f32[rows, classes], labels i32[rows]. A label that is no class makes the loss NaN. */
export function softmaxCrossEntropy(logits: Node, labels: Node): Node {
  const what = "softmaxCrossEntropy";
  requireDtype(what, logits, "f32");
  requireDtype(what, labels, "i32");
  const [rows, classes] = logits.shape;
  if (logits.shape.length !== 2 || labels.shape.length !== 1 || labels.shape[0] !== rows)
    throw new FathomError(
      "shape",
      `${what}: logits ${describe(logits)} and labels ${describe(labels)}; they must be f32[rows, classes] and i32[rows]`,
    );
  if (rows === 0 || classes === 0)
    throw new FathomError("shape", `${what}: logits ${describe(logits)} are empty; a mean needs at least one row and one class`);
  return pick(makeNode(softmaxCrossEntropyOp, [logits, labels], undefined), 0);
}

/** A loss that is the mean of a function of one prediction and one target. */
interface Pointwise {
  readonly name: string;
  /** WGSL of the loss and of its derivative by the prediction, for scalars `p` and `t`. */
  readonly wgsl: { readonly value: string; readonly gradient: string };
  readonly value: (p: number, t: number) => number;
  readonly gradient: (p: number, t: number) => number;
  /** The loss's derivative by the target, and those of its gradient by prediction and target: factors, per element. */
  readonly byTarget: (p: Node, t: Node, gradient: Node, count: number) => Node;
  readonly gradientByPrediction: (p: Node) => Node;
  readonly gradientByTarget: number;
}

function pointwiseLoss({ name, wgsl, value, gradient, byTarget, gradientByPrediction, gradientByTarget }: Pointwise): Op<undefined> {
  return defineOp<undefined>({
    name,
    infer: ([prediction]) => lossTypes(prediction),
    vjp: ({ dys: [dLoss, dGradient], y, inputs: [p, t], wanted }) => {
      const count = sizeOf(p.shape);
      const own = pick(y, 1);
      const h = dGradient ? mul(dGradient, literal(1 / count)) : null;
      return [
        wanted(0) ? total([dLoss ? scaled(dLoss, own) : null, h ? mul(h, gradientByPrediction(p)) : null]) : null,
        wanted(1) ? total([dLoss ? scaled(dLoss, byTarget(p, t, own, count)) : null, h ? mul(h, literal(gradientByTarget)) : null]) : null,
      ];
    },
    reference: ([p, t]) => {
      const count = p.data.length;
      let loss = 0;
      for (let index = 0; index < count; index++) loss += value(p.data[index]!, t.data[index]!);
      return [
        { shape: [], data: Float64Array.of(loss / count) },
        { shape: p.shape, data: p.data.map((at, index) => gradient(at, t.data[index]!) / count) },
      ];
    },
    form: {
      kind: "kernel",
      kernel: ([p], _outputs, _attributes, target) => {
        const count = sizeOf(p.shape);
        const span = Math.max(MOST_SINGLE, Math.ceil(count / MOST_PARTIALS));
        const groups = Math.ceil(count / span);
        return lossKernel(groups, 1 / count, target, (loss, scale) => ({
          shader: "pointwise_loss",
          defines: { SIZE: workgroupSize(target), VALUE: wgsl.value, GRADIENT: wgsl.gradient },
          overrides: { COUNT: count, SPAN: span, LOSS_SCALE: scale, GRADIENT_SCALE: 1 / count },
          workgroups: groups,
          bindings: [{ input: 0 }, { input: 1 }, loss, { output: 1 }],
        }));
      },
    },
  });
}

export const meanSquaredErrorOp = pointwiseLoss({
  name: "meanSquaredError",
  wgsl: { value: "(p - t) * (p - t)", gradient: "2.0 * (p - t)" },
  value: (p, t) => (p - t) ** 2,
  gradient: (p, t) => 2 * (p - t),
  byTarget: (_p, _t, gradient) => neg(gradient),
  gradientByPrediction: () => literal(2),
  gradientByTarget: -2,
});

/** −t·log σ(p) − (1 − t)·log(1 − σ(p)) = max(p, 0) − p·t + log1p(exp(−|p|)), whose derivative is σ(p) − t. */
export const binaryCrossEntropyWithLogitsOp = pointwiseLoss({
  name: "binaryCrossEntropyWithLogits",
  wgsl: { value: "(max(p, 0.0) - p * t) + math_log1p(math_exp(-abs(p)))", gradient: "select(tail(p) - t, (1.0 - t) - tail(p), p >= 0.0)" },
  value: (p, t) => Math.max(p, 0) - p * t + Math.log1p(Math.exp(-Math.abs(p))),
  gradient: (p, t) => 1 / (1 + Math.exp(-p)) - t,
  byTarget: (p, _t, _gradient, count) => mul(p, literal(-1 / count)),
  gradientByPrediction: (p) => {
    const s = sigmoid(p);
    return mul(s, sub(literal(1), s));
  },
  gradientByTarget: -1,
});

function pointwise(op: Op<undefined>, prediction: Node, target: Node): Node {
  requireDtype(op.name, prediction, "f32");
  requireDtype(op.name, target, "f32");
  requireSameShape(op.name, prediction, target);
  if (sizeOf(prediction.shape) === 0)
    throw new FathomError("shape", `${op.name}: ${describe(prediction)} is empty; a mean needs at least one element`);
  return pick(makeNode(op, [prediction, target], undefined), 0);
}

/** (prediction − target)², its mean over all elements. */
export function meanSquaredError(prediction: Node, target: Node): Node {
  return pointwise(meanSquaredErrorOp, prediction, target);
}

/** Binary cross-entropy of targets in 0..1 and the logits of their probabilities, its mean over all elements. Large logits stay finite. */
export function binaryCrossEntropyWithLogits(logits: Node, target: Node): Node {
  return pointwise(binaryCrossEntropyWithLogitsOp, logits, target);
}
