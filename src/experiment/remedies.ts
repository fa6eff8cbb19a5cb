/** The experiment's regulariser, noise, clip and constraint. */
import {
  type Clip,
  type Constraint,
  clipAdaptive,
  clipGlobalNorm,
  clipParameterNorm,
  clipValue,
  elasticNet,
  type GradientNoise,
  gradientNoise,
  l1,
  l2,
  lasso,
  maxNorm,
  normalize,
  type Regularizer,
  rescale,
  ridge,
} from "../optim/index.ts";
import type { ClipSpec, ConstraintSpec, GradientNoiseSpec, RegularizerSpec } from "./schema/index.ts";

export function regularizerOf(spec: RegularizerSpec): Regularizer {
  const { divideBy } = spec;
  switch (spec.type) {
    case "l1":
      return l1(spec.lambda, { divideBy });
    case "lasso":
      return lasso(spec.lambda, { divideBy });
    case "l2":
      return l2(spec.lambda, { divideBy });
    case "ridge":
      return ridge(spec.lambda, { divideBy });
    case "elasticNet":
      return elasticNet({ l1: spec.l1, l2: spec.l2, divideBy });
  }
}

export const noiseOf = ({ eta, gamma }: GradientNoiseSpec): GradientNoise => gradientNoise({ eta, gamma });

export const constraintOf = ({ max }: ConstraintSpec): Constraint => maxNorm(max);

export function clipOf(spec: ClipSpec): Clip {
  switch (spec.type) {
    case "globalNorm":
      return clipGlobalNorm(spec.max);
    case "parameterNorm":
      return clipParameterNorm(spec.max);
    case "value":
      return clipValue(spec.max);
    case "rescale":
      return rescale(spec.threshold);
    case "normalize":
      return normalize();
    case "adaptive":
      return clipAdaptive({ ratio: spec.ratio, epsilon: spec.epsilon });
  }
}
