/** Noise on the gradients, which helps very deep nets begin to learn. */
import { checkNumber, checkOptions } from "../core/check.ts";

export interface GradientNoiseOptions {
  /** η, the variance at step 0. */
  readonly eta: number;
  /** γ, how fast the variance falls; default 0.55. */
  readonly gamma?: number;
}

export interface GradientNoise {
  readonly eta: number;
  readonly gamma: number;
}

/** Adds normal noise of variance η/(1 + t)^γ to each element of the gradients at step t = 0, 1, …: Neelakantan et al., 2015. */
export function gradientNoise(options: GradientNoiseOptions): GradientNoise {
  const what = "optim.gradientNoise";
  checkOptions(what, options, ["eta", "gamma"]);
  return {
    eta: checkNumber(what, "eta", options.eta, { least: 0 }),
    gamma: checkNumber(what, "gamma", options.gamma ?? 0.55, { least: 0 }),
  };
}

/** σₜ of step t; 0 where there is no noise. */
export const noiseDeviation = (noise: GradientNoise | null, step: number): number =>
  noise === null ? 0 : Math.sqrt(noise.eta / (1 + step) ** noise.gamma);
