/** What is done to gradients that are too long. */
import { checkNumber } from "../core/check.ts";

export interface Clip {
  readonly type: "globalNorm";
  readonly max: number;
}

/** Multiplies every gradient by min(1, max / (‖g‖ + 1e-6)), ‖g‖ over all parameters together. Pascanu, Mikolov, Bengio, ICML 2013; PyTorch's 1e-6. */
export function clipGlobalNorm(max: number): Clip {
  return { type: "globalNorm", max: checkNumber("optim.clipGlobalNorm", "max", max, { above: 0 }) };
}
