/** Adam and its relatives, which keep means of the gradient and of its square: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g². */
import { checkFlag, checkNumber, checkOptions } from "../core/check.ts";
import { COMMON_KEYS, type Common, type CommonOptions, checkBeta, checkCommon, checkEpsilon, type DecoupledOption } from "./common.ts";

export interface AdamOptions extends CommonOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Outside the root; default 1e-8. */
  readonly epsilon?: number;
}

/** β₁, β₂ and ε, checked. */
export interface Betas {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export interface Adam extends Common, Betas {
  readonly type: "adam" | "adamW";
}

export const BETA_KEYS = ["beta1", "beta2", "epsilon"] as const;

export function checkBetas(what: string, { beta1, beta2, epsilon }: Partial<Betas>, standardEpsilon = 1e-8): Betas {
  return {
    beta1: checkBeta(what, "beta1", beta1 ?? 0.9),
    beta2: checkBeta(what, "beta2", beta2 ?? 0.999),
    epsilon: checkEpsilon(what, epsilon ?? standardEpsilon),
  };
}

function adamLike(type: "adam" | "adamW", options: AdamOptions, standardDecay: number): Adam {
  const what = `optim.${type}`;
  checkOptions(what, options, [...COMMON_KEYS, ...BETA_KEYS]);
  return { type, ...checkCommon(what, options, standardDecay), ...checkBetas(what, options) };
}

/** w ← w − α · m̂/(√v̂ + ε), m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ). Kingma and Ba, ICLR 2015, as torch.optim.Adam: weight decay joins the gradient. */
export function adam(options: AdamOptions): Adam {
  return adamLike("adam", options, 0);
}

/** Adam with the weight decay beside the gradient, 0.01 by default. Loshchilov and Hutter, ICLR 2019, as torch.optim.AdamW. */
export function adamW(options: AdamOptions): Adam {
  return adamLike("adamW", options, 0.01);
}

export interface NadamOptions extends AdamOptions, DecoupledOption {
  /** ψ of μₜ = β₁(1 − ½·0.96^(tψ)); default 0.004. */
  readonly momentumDecay?: number;
}

export interface Nadam extends Common, Betas {
  readonly type: "nadam";
  readonly momentumDecay: number;
  readonly decoupledWeightDecay: boolean;
}

/**
 * Adam with Nesterov momentum: w ← w − α·((1 − μₜ)/(1 − Π μ) · g + μₜ₊₁/(1 − Π μ·μₜ₊₁) · m)/(√v̂ + ε), Π μ the product of μ₁ … μₜ.
 * Dozat, ICLR workshop 2016, as torch.optim.NAdam.
 */
export function nadam(options: NadamOptions): Nadam {
  const what = "optim.nadam";
  checkOptions(what, options, [...COMMON_KEYS, ...BETA_KEYS, "momentumDecay", "decoupledWeightDecay"]);
  return {
    type: "nadam",
    ...checkCommon(what, options, 0),
    ...checkBetas(what, options),
    momentumDecay: checkNumber(what, "momentumDecay", options.momentumDecay ?? 0.004, { least: 0 }),
    decoupledWeightDecay: checkFlag(what, "decoupledWeightDecay", options.decoupledWeightDecay ?? false),
  };
}

export interface RadamOptions extends AdamOptions, DecoupledOption {}

export interface Radam extends Common, Betas {
  readonly type: "radam";
  readonly decoupledWeightDecay: boolean;
}

/**
 * Adam that steps along m̂ alone until v is the mean of enough gradients to divide by, ρ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ) > 5 with ρ∞ = 2/(1 − β₂) − 1,
 * and then w ← w − α·m̂·r·√(1 − β₂ᵗ)/(√v + ε), r = √((ρ − 4)(ρ − 2)ρ∞/((ρ∞ − 4)(ρ∞ − 2)ρ)): no warm-up is needed.
 * Liu et al., ICLR 2020, as torch.optim.RAdam.
 */
export function radam(options: RadamOptions): Radam {
  const what = "optim.radam";
  checkOptions(what, options, [...COMMON_KEYS, ...BETA_KEYS, "decoupledWeightDecay"]);
  return {
    type: "radam",
    ...checkCommon(what, options, 0),
    ...checkBetas(what, options),
    decoupledWeightDecay: checkFlag(what, "decoupledWeightDecay", options.decoupledWeightDecay ?? false),
  };
}
