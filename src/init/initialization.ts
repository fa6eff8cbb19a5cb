/** What is done to the weights of a whole model once they are drawn. These are descriptions; a trainer carries them out before its first step. */
import { checkInteger, checkNumber, checkOptions } from "../core/check.ts";

export type Initialization =
  | { readonly type: "zeroLast" }
  | { readonly type: "fixup" }
  | {
      readonly type: "lsuv";
      readonly tolerance: number;
      readonly iterations: number;
    };

/**
 * Every residual block begins by handing its input on: the last parameters of its body are 0, a norm's scale, or a linear layer's weight and
 * bias (Goyal et al., 2017).
 */
export function zeroLast(): Initialization {
  return { type: "zeroLast" };
}

/**
 * Residual nets without normalisation: in each of the L bodies, of m linear layers, the first m − 1 weights are multiplied by
 * L^(−1/(2m − 2)), the last is 0, and so is the model's last linear layer; all their biases are 0 (Zhang, Dauphin, Ma, ICLR 2019).
 */
export function fixup(): Initialization {
  return { type: "fixup" };
}

export interface LsuvOptions {
  /** How far a layer's standard deviation may be from 1; above 0, below 1; default 0.1. */
  readonly tolerance?: number;
  /** How often a weight is divided at most; default 10. */
  readonly iterations?: number;
}

/**
 * Layer-sequential unit variance (Mishkin and Matas, ICLR 2016): linear layer by linear layer, in depth order, the weight is divided by the
 * standard deviation of the layer's outputs over the first batch, until that is within the tolerance of 1. Draw with `init.orthogonal()`.
 *
 * It happens on the GPU, when a trainer is prepared for a data set before its first step: the batch is that of step 0, batch-norms use its
 * statistics, nothing is dropped. Where `load` or `restore` gave the weights it does not happen.
 */
export function lsuv(options: LsuvOptions = {}): Initialization {
  checkOptions("init.lsuv", options, ["tolerance", "iterations"]);
  return {
    type: "lsuv",
    tolerance: checkNumber("init.lsuv", "tolerance", options.tolerance ?? 0.1, { above: 0, below: 1 }),
    iterations: checkInteger("init.lsuv", "iterations", options.iterations ?? 10, 1),
  };
}
