/** Lion: steps of one size in every direction. */
import { checkOptions } from "../core/check.ts";
import { COMMON_KEYS, type Common, type CommonOptions, checkBeta, checkCommon } from "./common.ts";

export interface LionOptions extends CommonOptions {
  /** Of the mean that a step follows; default 0.9. */
  readonly beta1?: number;
  /** Of the mean that is kept; default 0.99. */
  readonly beta2?: number;
}

export interface Lion extends Common {
  readonly type: "lion";
  readonly beta1: number;
  readonly beta2: number;
}

/**
 * w ← w − αλw − α·sign(β₁m + (1 − β₁)g); m ← β₂m + (1 − β₂)g: weight decay is beside the gradient, 0 by default. Rates are a third to a
 * tenth of Adam's. Chen et al., NeurIPS 2023.
 */
export function lion(options: LionOptions): Lion {
  const what = "optim.lion";
  checkOptions(what, options, [...COMMON_KEYS, "beta1", "beta2"]);
  return {
    type: "lion",
    ...checkCommon(what, options, 0),
    beta1: checkBeta(what, "beta1", options.beta1 ?? 0.9),
    beta2: checkBeta(what, "beta2", options.beta2 ?? 0.99),
  };
}
