/** Optimizers that divide by the root of past squared gradients, and keep no mean of the gradient to step along: RMSprop, Adagrad. */
import { checkFlag, checkNumber, checkOptions } from "../core/check.ts";
import {
  COMMON_KEYS,
  type Common,
  type CommonOptions,
  checkBeta,
  checkCommon,
  checkEpsilon,
  checkMomentum,
  type DecoupledOption,
} from "./common.ts";

export interface RmspropOptions extends CommonOptions, DecoupledOption {
  /** ρ of s ← ρs + (1 − ρ)g²; default 0.99. */
  readonly alpha?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Divides by the root of the variance, s less the squared mean of g; default false. */
  readonly centered?: boolean;
}

export interface Rmsprop extends Common {
  readonly type: "rmsprop";
  readonly alpha: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly centered: boolean;
  readonly decoupledWeightDecay: boolean;
}

/**
 * s ← ρs + (1 − ρ)g²; w ← w − α·g/(√s + ε). `centered` takes s − a² for s, a ← ρa + (1 − ρ)g; with a momentum steps go along v ← μv + that
 * quotient. As torch.optim.RMSprop; Tieleman and Hinton, 2012; centered: Graves, 2013.
 */
export function rmsprop(options: RmspropOptions): Rmsprop {
  const what = "optim.rmsprop";
  checkOptions(what, options, [...COMMON_KEYS, "alpha", "epsilon", "momentum", "centered", "decoupledWeightDecay"]);
  return {
    type: "rmsprop",
    ...checkCommon(what, options, 0),
    alpha: checkBeta(what, "alpha", options.alpha ?? 0.99),
    epsilon: checkEpsilon(what, options.epsilon ?? 1e-8),
    momentum: checkMomentum(what, options.momentum ?? 0),
    centered: checkFlag(what, "centered", options.centered ?? false),
    decoupledWeightDecay: checkFlag(what, "decoupledWeightDecay", options.decoupledWeightDecay ?? false),
  };
}

export interface AdagradOptions extends CommonOptions, DecoupledOption {
  /** η: the t-th update has the rate α/(1 + (t − 1)η); default 0. */
  readonly learningRateDecay?: number;
  /** What the sum of squares begins with; default 0. */
  readonly initialAccumulator?: number;
  /** Default 1e-10. */
  readonly epsilon?: number;
}

export interface Adagrad extends Common {
  readonly type: "adagrad";
  readonly learningRateDecay: number;
  readonly initialAccumulator: number;
  readonly epsilon: number;
  readonly decoupledWeightDecay: boolean;
}

/** s ← s + g²; w ← w − α/(1 + (t − 1)η) · g/(√s + ε). As torch.optim.Adagrad; Duchi, Hazan, Singer, JMLR 2011. */
export function adagrad(options: AdagradOptions): Adagrad {
  const what = "optim.adagrad";
  checkOptions(what, options, [...COMMON_KEYS, "learningRateDecay", "initialAccumulator", "epsilon", "decoupledWeightDecay"]);
  return {
    type: "adagrad",
    ...checkCommon(what, options, 0),
    learningRateDecay: checkNumber(what, "learningRateDecay", options.learningRateDecay ?? 0, { least: 0 }),
    initialAccumulator: checkNumber(what, "initialAccumulator", options.initialAccumulator ?? 0, { least: 0 }),
    epsilon: checkEpsilon(what, options.epsilon ?? 1e-10),
    decoupledWeightDecay: checkFlag(what, "decoupledWeightDecay", options.decoupledWeightDecay ?? false),
  };
}
