/** Optimizers, and what is done to gradients and weights around an update. */
import * as v from "valibot";
import { choice, flag, integer, named, number, object, text } from "./checks.ts";
import { kind, namesOf, none } from "./kinds.ts";

const MOST_BETA = 0.99999;
const beta = (standard: number) => v.optional(number({ least: 0, most: MOST_BETA }), standard);
const least0 = (standard: number) => v.optional(number({ least: 0 }), standard);
const decay = (standard: number) => ({ weightDecay: least0(standard) });
const coupledOrNot = { decoupledWeightDecay: v.optional(flag(), false) };
const adamKeys = { beta1: beta(0.9), beta2: beta(0.999), epsilon: least0(1e-8) };
const momentum = (standard: number) => v.optional(number({ least: 0, below: 1 }), standard);

const optimizers = [
  kind("sgd", {
    momentum: momentum(0),
    dampening: v.optional(number({ least: 0, most: 1 }), 0),
    nesterov: v.optional(flag(), false),
    ...decay(0),
    ...coupledOrNot,
  }),
  kind("rmsprop", {
    alpha: beta(0.99),
    epsilon: least0(1e-8),
    momentum: momentum(0),
    centered: v.optional(flag(), false),
    ...decay(0),
    ...coupledOrNot,
  }),
  kind("adagrad", { learningRateDecay: least0(0), initialAccumulator: least0(0), epsilon: least0(1e-10), ...decay(0), ...coupledOrNot }),
  kind("adam", { ...adamKeys, ...decay(0) }),
  kind("adamW", { ...adamKeys, ...decay(0.01) }),
  kind("nadam", { ...adamKeys, momentumDecay: least0(0.004), ...decay(0), ...coupledOrNot }),
  kind("radam", { ...adamKeys, ...decay(0), ...coupledOrNot }),
  kind("lion", { beta1: beta(0.9), beta2: beta(0.99), ...decay(0) }),
  kind("lamb", { beta1: beta(0.9), beta2: beta(0.999), epsilon: least0(1e-6), ...decay(0.01) }),
  kind("muon", {
    momentum: momentum(0.95),
    nesterov: v.optional(flag(), true),
    iterations: v.optional(integer(1, 20), 5),
    adjust: v.optional(choice(["original", "matchRmsAdamW"]), "original"),
    ...adamKeys,
    ...decay(0.1),
  }),
] as const;
export type OptimizerSpec = v.InferOutput<(typeof optimizers)[number]>;
export const optimizer = named(namesOf(optimizers), optimizers);

/** Of a parameter group; the first group that a parameter matches is its own. */
export const group = object({
  parameters: text(),
  role: v.optional(choice(["weight", "bias", "normScale", "normShift", "activation", "residualScale"])),
  learningRateFactor: v.optional(number({ least: 0 }), 1),
  weightDecayFactor: v.optional(number({ least: 0 }), 1),
});
export type GroupSpec = v.InferOutput<typeof group>;

const lambda = number({ least: 0 });
const divideBy = v.optional(choice(["none", "samples"]), "none");
const regularizers = [
  kind("l1", { lambda, divideBy }),
  kind("lasso", { lambda, divideBy }),
  kind("l2", { lambda, divideBy }),
  kind("ridge", { lambda, divideBy }),
  kind("elasticNet", { l1: lambda, l2: lambda, divideBy }),
] as const;
export type RegularizerSpec = v.InferOutput<(typeof regularizers)[number]>;
export const regularizer = named(namesOf(regularizers), regularizers);

const above0 = number({ above: 0 });
const clips = [
  kind("globalNorm", { max: above0 }),
  kind("parameterNorm", { max: above0 }),
  kind("value", { max: above0 }),
  kind("rescale", { threshold: above0 }),
  kind("normalize", none),
  kind("adaptive", { ratio: v.optional(above0, 0.01), epsilon: v.optional(above0, 1e-3) }),
] as const;
export type ClipSpec = v.InferOutput<(typeof clips)[number]>;
export const clip = named(namesOf(clips), clips);

export const gradientNoise = object({ eta: number({ least: 0 }), gamma: v.optional(number({ least: 0 }), 0.55) });
export type GradientNoiseSpec = v.InferOutput<typeof gradientNoise>;

const constraints = [kind("maxNorm", { max: above0 })] as const;
export type ConstraintSpec = v.InferOutput<(typeof constraints)[number]>;
export const constraint = named(namesOf(constraints), constraints);
