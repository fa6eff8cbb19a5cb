/** Stochastic depth: in training a residual body is left out with some probability, row by row or for the whole batch. */
import { checkChoice, checkNumber, checkOptions } from "../core/check.ts";

export interface StochasticDepthOptions {
  /** Probability that a body is left out; what is kept grows by 1/(1 − rate). From 0, below 1. */
  readonly rate: number;
  /** Whether each row draws for itself ("row", default), or one draw serves all rows together ("batch"). */
  readonly mode?: "row" | "batch";
}

export interface StochasticDepth {
  readonly rate: number;
  readonly mode: "row" | "batch";
}

/** Huang et al., ECCV 2016, as torchvision.ops.StochasticDepth has it. */
export function resolveStochasticDepth(what: string, options: StochasticDepthOptions): StochasticDepth {
  checkOptions(`${what}: stochasticDepth`, options, ["rate", "mode"]);
  return {
    rate: checkNumber(`${what}: stochasticDepth`, "rate", options.rate, { least: 0, below: 1 }),
    mode: checkChoice(`${what}: stochasticDepth`, "mode", options.mode ?? "row", ["row", "batch"]),
  };
}
