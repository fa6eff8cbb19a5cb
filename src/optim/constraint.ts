/** What weights are held to after each update. */
import { checkNumber } from "../core/check.ts";

export interface Constraint {
  readonly type: "maxNorm";
  readonly max: number;
}

/**
 * Every row of every weight that is longer than `max` is multiplied by max/(‖w‖ + 1e-7) after each update, as torch.renorm does:
 * Srivastava et al., JMLR 2014.
 */
export function maxNorm(max: number): Constraint {
  return { type: "maxNorm", max: checkNumber("optim.maxNorm", "max", max, { above: 0 }) };
}
