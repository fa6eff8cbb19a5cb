/** Softmax cross-entropy of classes, with smoothed labels where asked for: value and gradient in one kernel. */
import { checkNumber } from "../core/check.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { mul, sub } from "./binary.ts";
import { defineOp, literal, pick } from "./define.ts";
import { lossTypes, requireClasses, rowLossKernel, rowLossReference, scaled, total } from "./lossKernel.ts";
import { sum } from "./reduce.ts";
import { softmax } from "./softmax.ts";

interface Smoothing {
  /** ε: the class's share is 1 − ε, and ε is spread over all classes, the right one included (Szegedy et al., 2016). */
  readonly labelSmoothing: number;
}

/** Outputs: the mean loss, and its gradient by the logits. */
export const softmaxCrossEntropyOp: Op<Smoothing> = defineOp<Smoothing>({
  name: "softmaxCrossEntropy",
  infer: ([logits]) => lossTypes(logits),
  vjp: ({ dys: [dLoss, dGradient], y, inputs: [logits] }) => {
    const first = dLoss ? scaled(dLoss, pick(y, 1)) : null;
    if (!dGradient) return [first];
    // With p = softmax(z), the gradient's own derivative is (diag(p) − p·pᵀ) / rows: p · (h − Σ p·h) / rows, whatever the labels.
    const p = softmax(logits, 1);
    const curvature = mul(mul(p, sub(dGradient, sum(mul(p, dGradient), 1, true))), literal(1 / logits.shape[0]!));
    return [total([first, curvature])];
  },
  reference: ([logits, labels], { labelSmoothing }) =>
    rowLossReference(logits, labels, (z, label) => {
      const highest = z.reduce((most, value) => Math.max(most, value), -Infinity);
      const exponentials = z.map((value) => Math.exp(value - highest));
      const all = exponentials.reduce((sumSoFar, value) => sumSoFar + value, 0);
      const spread = labelSmoothing / z.length;
      const below = labelSmoothing === 0 ? 0 : spread * z.reduce((sumSoFar, value) => sumSoFar + (highest - value), 0);
      return {
        loss: Math.log(all) + (1 - labelSmoothing) * (highest - z[label]!) + below,
        gradient: exponentials.map((value, c) => value / all - (c === label ? 1 - labelSmoothing : 0) - spread),
      };
    }),
  form: {
    kind: "kernel",
    kernel: ([logits], _outputs, { labelSmoothing }, target) => {
      const rows = logits.shape[0]!;
      const smooth = labelSmoothing > 0;
      return rowLossKernel(logits, target, 1 / rows, {
        shader: "softmax_cross_entropy",
        defines: { SMOOTH: smooth },
        overrides: { GRADIENT_SCALE: 1 / rows, ...(smooth ? { SMOOTHING: labelSmoothing } : {}) },
      });
    },
  },
});

/**
 * Mean over the rows of −Σ q_k · log softmax(z)_k, q the label's one-hot vector times 1 − ε, plus ε/classes; logits f32[rows, classes],
 * labels i32[rows], ε the `labelSmoothing`. A label that is no class makes the loss NaN.
 */
export function softmaxCrossEntropy(logits: Node, labels: Node, labelSmoothing = 0): Node {
  const what = "softmaxCrossEntropy";
  requireClasses(what, logits, labels);
  checkNumber(what, "labelSmoothing", labelSmoothing, { least: 0, below: 1 });
  return pick(makeNode(softmaxCrossEntropyOp, [logits, labels], { labelSmoothing }), 0);
}
