/** Layer, RMS and group normalisation: statistics of each row by itself, so that a batch of one will do and training and evaluation are alike. */
import { checkFlag, checkInteger, checkNumber, checkOptions } from "../core/check.ts";
import { constant } from "../init/index.ts";
import { checkGroups } from "../ops/normalize.ts";
import type { Tensor } from "../tensor.ts";
import { defineModule, type ForwardContext, type Module, type ParameterSpec } from "./module.ts";

export interface RowNormOptions {
  /** Added to the variance, or to the mean square. Default 1e-5, rmsNorm 1e-6. */
  readonly epsilon?: number;
  /** Whether it has a scale, and a shift where the mean is taken out, to learn; default true. */
  readonly affine?: boolean;
}

interface Learned {
  readonly scale?: Tensor;
  readonly shift?: Tensor;
}

interface Kind {
  readonly type: "layerNorm" | "rmsNorm" | "groupNorm";
  readonly description: string;
  readonly epsilon: number;
  readonly shifted: boolean;
  readonly apply: (x: Tensor, options: Learned & { readonly epsilon: number }) => Tensor;
}

function rowNorm(features: number, options: RowNormOptions, { type, description, epsilon: standard, shifted, apply }: Kind): Module {
  const what = `nn.${type}`;
  checkInteger(what, "features", features, 1);
  checkOptions(what, options, ["epsilon", "affine"]);
  const epsilon = checkNumber(what, "epsilon", options.epsilon ?? standard, { above: 0 });
  const affine = checkFlag(what, "affine", options.affine ?? true);
  const weight: ParameterSpec = { name: "weight", role: "normScale", shape: [features], init: constant(1) };
  const bias: ParameterSpec = { name: "bias", role: "normShift", shape: [features], init: constant(0) };
  const parameters = affine ? (shifted ? [weight, bias] : [weight]) : [];
  const learned = (context: ForwardContext): Learned => {
    if (!affine) return {};
    return shifted ? { scale: context.parameter("weight"), shift: context.parameter("bias") } : { scale: context.parameter("weight") };
  };
  return defineModule({
    type,
    description,
    parameters,
    takes: features,
    forward: (x, context) => apply(x, { ...learned(context), epsilon }),
  });
}

/** (x − mean) / √(variance + ε) · weight + bias over the features of each row (Ba et al., 2016). */
export function layerNorm(features: number, options: RowNormOptions = {}): Module {
  return rowNorm(features, options, {
    type: "layerNorm",
    description: `layerNorm ${features}`,
    epsilon: 1e-5,
    shifted: true,
    apply: (x, given) => x.layerNorm(given),
  });
}

/** x / √(mean of x² + ε) · weight over the features of each row (Zhang and Sennrich, 2019). */
export function rmsNorm(features: number, options: RowNormOptions = {}): Module {
  return rowNorm(features, options, {
    type: "rmsNorm",
    description: `rmsNorm ${features}`,
    epsilon: 1e-6,
    shifted: false,
    apply: (x, given) => x.rmsNorm(given),
  });
}

/** Each of `groups` equal parts of a row normalised as by layerNorm; weight and bias are the features' (Wu and He, 2018). */
export function groupNorm(groups: number, features: number, options: RowNormOptions = {}): Module {
  checkInteger("nn.groupNorm", "groups", groups, 1);
  checkInteger("nn.groupNorm", "features", features, 1);
  checkGroups("nn.groupNorm", groups, features);
  return rowNorm(features, options, {
    type: "groupNorm",
    description: `groupNorm ${features} in ${groups}`,
    epsilon: 1e-5,
    shifted: true,
    apply: (x, given) => x.groupNorm(groups, given),
  });
}
