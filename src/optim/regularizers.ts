/** Penalties on the weights, added to the loss: l1 · Σ|w| + l2/2 · Σ w² over parameters of role weight. */
import { checkChoice, checkNumber, checkOptions } from "../core/check.ts";

export interface RegularizerOptions {
  /** "samples" divides the λ's by the number of training samples; default "none". */
  readonly divideBy?: "none" | "samples";
}

export interface ElasticNetOptions extends RegularizerOptions {
  readonly l1: number;
  readonly l2: number;
}

export interface Regularizer {
  readonly l1: number;
  readonly l2: number;
  readonly divideBy: "none" | "samples";
}

function regularizer(name: string, l1: number, l2: number, options: RegularizerOptions): Regularizer {
  const divideBy = checkChoice(`optim.${name}`, "divideBy", options.divideBy ?? "none", ["none", "samples"]);
  return { l1, l2, divideBy };
}

const checkLambda = (name: string, key: string, value: unknown): number => checkNumber(`optim.${name}`, key, value, { least: 0 });

function single(name: string, power: "l1" | "l2", lambda: number, options: RegularizerOptions): Regularizer {
  checkLambda(name, "lambda", lambda);
  checkOptions(`optim.${name}`, options, ["divideBy"]);
  return regularizer(name, power === "l1" ? lambda : 0, power === "l2" ? lambda : 0, options);
}

/** λ/2 · Σ w² over parameters of role weight. */
export const l2 = (lambda: number, options: RegularizerOptions = {}): Regularizer => single("l2", "l2", lambda, options);

/** λ · Σ|w| over parameters of role weight; the gradient of |w| at 0 is 0. */
export const l1 = (lambda: number, options: RegularizerOptions = {}): Regularizer => single("l1", "l1", lambda, options);

/** Another name of `l2`, that of linear regression: Hoerl and Kennard, 1970. */
export const ridge = (lambda: number, options: RegularizerOptions = {}): Regularizer => single("ridge", "l2", lambda, options);

/** Another name of `l1`, that of linear regression: Tibshirani, 1996. */
export const lasso = (lambda: number, options: RegularizerOptions = {}): Regularizer => single("lasso", "l1", lambda, options);

/** l1 · Σ|w| + l2/2 · Σ w² over parameters of role weight: Zou and Hastie, 2005. */
export function elasticNet(options: ElasticNetOptions): Regularizer {
  checkOptions("optim.elasticNet", options, ["l1", "l2", "divideBy"]);
  return regularizer("elasticNet", checkLambda("elasticNet", "l1", options.l1), checkLambda("elasticNet", "l2", options.l2), options);
}

/** The λ's as they enter the loss, for a training set of `samples`. */
export function effectiveLambdas({ l1, l2, divideBy }: Regularizer, samples: number): { readonly l1: number; readonly l2: number } {
  const by = divideBy === "samples" ? samples : 1;
  return { l1: l1 / by, l2: l2 / by };
}

/** Whether there is anything to add. */
export const isActive = (regularizer: Regularizer | null): boolean => regularizer !== null && (regularizer.l1 > 0 || regularizer.l2 > 0);
