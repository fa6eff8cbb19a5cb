/** Batch normalisation: y = (x − mean) / √(variance + ε) · weight + bias, by the batch's statistics in training and by running estimates afterwards. */
import { checkFlag, checkInteger, checkNumber, checkOptions } from "../core/check.ts";
import { constant } from "../init/index.ts";
import { defineModule, type Module, type ParameterSpec } from "./module.ts";

export interface BatchNormOptions {
  /** Default 1e-5. */
  readonly epsilon?: number;
  /** Weight of the newest batch in the running estimates; default 0.1. */
  readonly momentum?: number;
  /** Whether it has a scale and a shift to learn; default true. */
  readonly affine?: boolean;
}

/** Ioffe and Szegedy, ICML 2015, with PyTorch's conventions: biased variance to normalise, unbiased for the running estimate. */
export function batchNorm(features: number, options: BatchNormOptions = {}): Module {
  checkInteger("nn.batchNorm", "features", features, 1);
  checkOptions("nn.batchNorm", options, ["epsilon", "momentum", "affine"]);
  const epsilon = checkNumber("nn.batchNorm", "epsilon", options.epsilon ?? 1e-5, { above: 0 });
  const momentum = checkNumber("nn.batchNorm", "momentum", options.momentum ?? 0.1, { least: 0, most: 1 });
  const affine = checkFlag("nn.batchNorm", "affine", options.affine ?? true);
  const parameters: ParameterSpec[] = [
    { name: "weight", role: "normScale", shape: [features], init: constant(1) },
    { name: "bias", role: "normShift", shape: [features], init: constant(0) },
  ];
  return defineModule({
    type: "batchNorm",
    description: `batchNorm ${features}`,
    parameters: affine ? parameters : [],
    statistics: { features, momentum },
    takes: features,
    forward: (x, context) => {
      const scale = affine ? context.parameter("weight") : null;
      const shift = affine ? context.parameter("bias") : null;
      return context.batchNorm(x, scale, shift, epsilon);
    },
  });
}
