/** Lamb: Adam's direction, as long as the weights that it moves. */
import { checkOptions } from "../core/check.ts";
import { type AdamOptions, BETA_KEYS, type Betas, checkBetas } from "./adam.ts";
import { COMMON_KEYS, type Common, checkCommon } from "./common.ts";

export interface Lamb extends Common, Betas {
  readonly type: "lamb";
}

/**
 * r = m̂/(√v̂ + ε) + λw, m̂ and v̂ as Adam's; w ← w − α·φ·r, φ = ‖w‖/‖r‖ of each parameter tensor, 1 where either is 0. For large batches.
 * ε is 1e-6 and λ 0.01 by default. You et al., ICLR 2020, with the identity for its φ.
 */
export function lamb(options: AdamOptions): Lamb {
  const what = "optim.lamb";
  checkOptions(what, options, [...COMMON_KEYS, ...BETA_KEYS]);
  return { type: "lamb", ...checkCommon(what, options, 0.01), ...checkBetas(what, options, 1e-6) };
}
