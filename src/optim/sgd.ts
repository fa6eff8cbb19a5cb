/** Stochastic gradient descent. */
import { checkFlag, checkNumber, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { COMMON_KEYS, type Common, type CommonOptions, checkCommon, checkMomentum, type DecoupledOption } from "./common.ts";

export interface SgdOptions extends CommonOptions, DecoupledOption {
  /** μ of v ← μv + (1 − δ)g; default 0. */
  readonly momentum?: number;
  /** δ; default 0. */
  readonly dampening?: number;
  /** Steps along g + μv in place of v; default false. */
  readonly nesterov?: boolean;
}

export interface Sgd extends Common {
  readonly type: "sgd";
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  readonly decoupledWeightDecay: boolean;
}

/**
 * v ← μv + (1 − δ)g, v = g at the first update; w ← w − αv, or with Nesterov w ← w − α(g + μv). As torch.optim.SGD; Sutskever et al.,
 * ICML 2013. With `decoupledWeightDecay` it is the SGDW of Loshchilov and Hutter, ICLR 2019.
 */
export function sgd(options: SgdOptions): Sgd {
  const what = "optim.sgd";
  checkOptions(what, options, [...COMMON_KEYS, "momentum", "dampening", "nesterov", "decoupledWeightDecay"]);
  const momentum = checkMomentum(what, options.momentum ?? 0);
  const dampening = checkNumber(what, "dampening", options.dampening ?? 0, { least: 0, most: 1 });
  const nesterov = checkFlag(what, "nesterov", options.nesterov ?? false);
  if (nesterov && (momentum === 0 || dampening !== 0))
    throw new FathomError(
      "argument",
      `${what}: nesterov needs a momentum above 0 and no dampening; momentum is ${momentum}, dampening ${dampening}`,
    );
  return {
    type: "sgd",
    ...checkCommon(what, options, 0),
    momentum,
    dampening,
    nesterov,
    decoupledWeightDecay: checkFlag(what, "decoupledWeightDecay", options.decoupledWeightDecay ?? false),
  };
}
