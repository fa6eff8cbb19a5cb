/** Losses: what a batch's outputs and targets come to. Training takes the mean over the batch; evaluation wants it row by row. */
import { checkFlag, checkNumber, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import type { Tensor } from "../tensor.ts";

export type LossName =
  | "softmaxCrossEntropy"
  | "meanSquaredError"
  | "meanAbsoluteError"
  | "huber"
  | "binaryCrossEntropyWithLogits"
  | "multiMargin";

export interface Loss {
  readonly name: LossName;
  /** Classes as whole numbers, or float targets shaped like the output. */
  readonly targets: "classes" | "values";
  /** The mean over the batch, as docs/experiment.md defines it: a scalar. */
  mean(output: Tensor, target: Tensor): Tensor;
  /** Each row's own loss, f32[rows], whose mean over rows is the same. */
  perRow(output: Tensor, target: Tensor): Tensor;
}

export interface SoftmaxCrossEntropyOptions {
  /** ε: the right class has the share 1 − ε, and ε is spread over all classes; from 0 (default), below 1. */
  readonly labelSmoothing?: number;
}

/** Classes from logits: log Σ exp(z) − z[class]; labels may be smoothed (Szegedy et al., 2016). */
export function softmaxCrossEntropy(options: SoftmaxCrossEntropyOptions = {}): Loss {
  const what = "nn.softmaxCrossEntropy";
  checkOptions(what, options, ["labelSmoothing"]);
  const labelSmoothing = checkNumber(what, "labelSmoothing", options.labelSmoothing ?? 0, { least: 0, below: 1 });
  return {
    name: "softmaxCrossEntropy",
    targets: "classes",
    mean: (output, target) => output.softmaxCrossEntropy(target, { labelSmoothing }),
    perRow: (output, target) => {
      const classes = output.shape[1]!;
      const right = target.oneHot(classes);
      const share = labelSmoothing === 0 ? right : right.mul(1 - labelSmoothing).add(labelSmoothing / classes);
      return output.logSoftmax(1).mul(share).sum(1).neg();
    },
  };
}

export interface MultiMarginOptions {
  /** 1 (default) or 2. */
  readonly power?: 1 | 2;
  /** By how much the right class should be ahead; default 1. */
  readonly margin?: number;
}

/** Classes from scores: Σ max(0, margin − z[class] + z_k)^power / classes over the other classes k, as PyTorch's MultiMarginLoss. */
export function multiMargin(options: MultiMarginOptions = {}): Loss {
  const what = "nn.multiMargin";
  checkOptions(what, options, ["power", "margin"]);
  const power = options.power ?? 1;
  if (power !== 1 && power !== 2) throw new FathomError("argument", `${what}: power is ${power}; use 1 or 2`);
  const margin = checkNumber(what, "margin", options.margin ?? 1);
  return {
    name: "multiMargin",
    targets: "classes",
    mean: (output, target) => output.multiMargin(target, { power, margin }),
    perRow: (output, target) => {
      const right = target.oneHot(output.shape[1]!);
      const ofClass = output.mul(right).sum(1, true);
      const hinge = output.sub(ofClass).add(margin).relu().mul(right.neg().add(1));
      return (power === 1 ? hinge : hinge.square()).mean(1);
    },
  };
}

/** A loss of float targets: the mean over all elements of `each`. */
function elementwise(name: LossName, mean: Loss["mean"], each: (output: Tensor, target: Tensor) => Tensor): Loss {
  const rows = (x: Tensor): Tensor => x.reshape([x.shape[0]!, x.size / Math.max(1, x.shape[0]!)]);
  return { name, targets: "values", mean, perRow: (output, target) => rows(each(output, target)).mean(1) };
}

export interface MeanSquaredErrorOptions {
  /** Whether it is ½(z − y)²; default false. */
  readonly half?: boolean;
}

/** (z − y)², its mean over all elements. */
export function meanSquaredError(options: MeanSquaredErrorOptions = {}): Loss {
  checkOptions("nn.meanSquaredError", options, ["half"]);
  const half = checkFlag("nn.meanSquaredError", "half", options.half ?? false);
  return elementwise(
    "meanSquaredError",
    (output, target) => output.meanSquaredError(target, { half }),
    (output, target) => (half ? output.sub(target).square().mul(0.5) : output.sub(target).square()),
  );
}

/** |z − y|, its mean over all elements; its gradient at 0 is 0. */
export function meanAbsoluteError(): Loss {
  return elementwise(
    "meanAbsoluteError",
    (output, target) => output.meanAbsoluteError(target),
    (output, target) => output.sub(target).abs(),
  );
}

export interface HuberOptions {
  /** δ: up to this difference the loss is a parabola, and a line beyond; default 1. */
  readonly delta?: number;
}

/** ½d² where |d| ≤ δ, else δ(|d| − ½δ), d = z − y: its mean over all elements (Huber, 1964). */
export function huber(options: HuberOptions = {}): Loss {
  checkOptions("nn.huber", options, ["delta"]);
  const delta = checkNumber("nn.huber", "delta", options.delta ?? 1, { above: 0 });
  return elementwise(
    "huber",
    (output, target) => output.huber(target, { delta }),
    (output, target) => {
      const distance = output.sub(target).abs();
      // NaN compares false, and goes on in the parabola.
      return distance.greater(delta).where(distance.sub(delta / 2).mul(delta), distance.square().mul(0.5));
    },
  );
}

/** −y·log σ(z) − (1 − y)·log(1 − σ(z)) = softplus(z) − y·z, its mean over all elements. */
export function binaryCrossEntropyWithLogits(): Loss {
  return elementwise(
    "binaryCrossEntropyWithLogits",
    (output, target) => output.binaryCrossEntropyWithLogits(target),
    (output, target) => output.softplus().sub(target.mul(output)),
  );
}
