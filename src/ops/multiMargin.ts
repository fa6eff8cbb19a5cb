/** The multi-class hinge loss (Crammer and Singer, 2001; PyTorch's MultiMarginLoss): value and gradient in one kernel. */
import { checkNumber } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { add, mul, sub } from "./binary.ts";
import { greater } from "./compare.ts";
import { defineOp, literal, pick } from "./define.ts";
import { oneHot } from "./indices.ts";
import { lossTypes, requireClasses, rowLossKernel, rowLossReference, scaled, total } from "./lossKernel.ts";
import { sum } from "./reduce.ts";

interface MultiMargin {
  readonly power: 1 | 2;
  readonly margin: number;
}

/** Outputs: the mean loss, and its gradient by the scores, which is 0 where a class is the margin behind exactly. */
export const multiMarginOp: Op<MultiMargin> = defineOp<MultiMargin>({
  name: "multiMargin",
  infer: ([scores]) => lossTypes(scores),
  vjp: ({ dys: [dLoss, dGradient], y, inputs: [scores, labels], attributes: { power, margin } }) => {
    const first = dLoss ? scaled(dLoss, pick(y, 1)) : null;
    if (!dGradient || power === 1) return [first];
    // With a_k = 1 where k is not the class and its hinge is open, the gradient g_k = 2 a_k·m_k, g_class = −Σ g_k has the derivative
    // u_k = 2 a_k·(h_k − h_class), u_class = −Σ u_k along h.
    const [rows, classes] = scores.shape as [number, number];
    const right = oneHot(labels, classes);
    const ofClass = (x: Node): Node => sum(mul(x, right), 1, true);
    const open = mul(greater(add(sub(scores, ofClass(scores)), literal(margin)), literal(0)), sub(literal(1), right));
    const others = mul(open, sub(dGradient, ofClass(dGradient)));
    const curvature = mul(sub(others, mul(right, sum(others, 1, true))), literal(2 / (rows * classes)));
    return [total([first, curvature])];
  },
  reference: ([scores, labels], { power, margin }) =>
    rowLossReference(scores, labels, (z, label) => {
      const gradient = new Float64Array(z.length);
      let loss = 0;
      for (let k = 0; k < z.length; k++) {
        const hinge = margin - z[label]! + z[k]!;
        if (k === label || hinge <= 0) continue;
        loss += hinge ** power / z.length;
        const own = (power === 1 ? 1 : 2 * hinge) / z.length;
        gradient[k]! += own;
        gradient[label]! -= own;
      }
      return { loss, gradient };
    }),
  form: {
    kind: "kernel",
    kernel: ([scores], _outputs, { power, margin }, target) => {
      const scale = 1 / (scores.shape[0]! * scores.shape[1]!);
      return rowLossKernel(scores, target, scale, {
        shader: "multi_margin",
        defines: { SQUARED: power === 2 },
        overrides: { GRADIENT_SCALE: power * scale, MARGIN: margin },
      });
    },
  },
});

/**
 * Mean over the rows of Σ max(0, margin − z_label + z_k)^power / classes over the k that are not the label; scores f32[rows, classes], labels
 * i32[rows]. A label that is no class makes the loss NaN.
 */
export function multiMargin(scores: Node, labels: Node, power = 1, margin = 1): Node {
  const what = "multiMargin";
  requireClasses(what, scores, labels);
  checkNumber(what, "margin", margin);
  if (power !== 1 && power !== 2) throw new FathomError("argument", `${what}: power is ${power}; use 1 or 2`);
  return pick(makeNode(multiMarginOp, [scores, labels], { power, margin }), 0);
}
