/** Penalties on the weights, added to the loss. */
import { checkChoice, checkNumber, checkOptions } from "../core/check.ts";

export interface RegularizerOptions {
  /** "samples" divides λ by the number of training samples; default "none". */
  readonly divideBy?: "none" | "samples";
}

export interface Regularizer {
  readonly type: "l1" | "l2";
  readonly lambda: number;
  readonly divideBy: "none" | "samples";
}

function regularizer(type: "l1" | "l2", lambda: number, options: RegularizerOptions): Regularizer {
  checkNumber(`optim.${type}`, "lambda", lambda, { least: 0 });
  checkOptions(`optim.${type}`, options, ["divideBy"]);
  return { type, lambda, divideBy: checkChoice(`optim.${type}`, "divideBy", options.divideBy ?? "none", ["none", "samples"]) };
}

/** Ridge: λ/2 · Σ w² over parameters of role weight. */
export function l2(lambda: number, options: RegularizerOptions = {}): Regularizer {
  return regularizer("l2", lambda, options);
}

/** Lasso: λ · Σ|w| over parameters of role weight. */
export function l1(lambda: number, options: RegularizerOptions = {}): Regularizer {
  return regularizer("l1", lambda, options);
}

/** λ as it enters the loss, for a training set of `samples`. */
export function effectiveLambda({ lambda, divideBy }: Regularizer, samples: number): number {
  return divideBy === "samples" ? lambda / samples : lambda;
}
