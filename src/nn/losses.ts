/** Losses: what a batch's outputs and targets come to. Training takes the mean over the batch; evaluation wants it row by row. */
import type { Tensor } from "../tensor.ts";

export type LossName = "softmaxCrossEntropy" | "meanSquaredError" | "binaryCrossEntropyWithLogits";

export interface Loss {
  readonly name: LossName;
  /** Classes as whole numbers, or float targets shaped like the output. */
  readonly targets: "classes" | "values";
  /** The mean over the batch, as docs/experiment.md defines it: a scalar. */
  mean(output: Tensor, target: Tensor): Tensor;
  /** Each row's own loss, f32[rows], whose mean over rows is the same. */
  perRow(output: Tensor, target: Tensor): Tensor;
}

/** Classes from logits: log Σ exp(z) − z[class]. */
export function softmaxCrossEntropy(): Loss {
  return {
    name: "softmaxCrossEntropy",
    targets: "classes",
    mean: (output, target) => output.softmaxCrossEntropy(target),
    perRow: (output, target) => output.logSoftmax(1).mul(target.oneHot(output.shape[1]!)).sum(1).neg(),
  };
}

const rows = (x: Tensor): Tensor => x.reshape([x.shape[0]!, x.size / Math.max(1, x.shape[0]!)]);

/** (z − y)², its mean over all elements. */
export function meanSquaredError(): Loss {
  return {
    name: "meanSquaredError",
    targets: "values",
    mean: (output, target) => output.meanSquaredError(target),
    perRow: (output, target) => {
      const difference = rows(output.sub(target));
      return difference.mul(difference).mean(1);
    },
  };
}

/** −y·log σ(z) − (1 − y)·log(1 − σ(z)) = softplus(z) − y·z, its mean over all elements. */
export function binaryCrossEntropyWithLogits(): Loss {
  return {
    name: "binaryCrossEntropyWithLogits",
    targets: "values",
    mean: (output, target) => output.binaryCrossEntropyWithLogits(target),
    perRow: (output, target) => rows(output.softplus().sub(target.mul(output))).mean(1),
  };
}
