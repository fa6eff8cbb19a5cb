/** What an initialiser is, and those that do not look at the shape. */
import { checkNumber, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { checkShape, type Shape, sizeOf } from "../core/shape.ts";

/** Makes the first values of a parameter, row-major, in float64. The same `random` gives the same values. */
export interface Initializer {
  readonly name: string;
  generate(shape: Shape, random: Random): Float64Array;
}

/** An initialiser that draws every element alike; `draw` is told the shape once. */
export function elementwise(name: string, prepare: (shape: Shape) => (random: Random) => number): Initializer {
  return {
    name,
    generate(shape, random) {
      checkShape(`init.${name}`, shape);
      const draw = prepare(shape);
      const values = new Float64Array(sizeOf(shape));
      for (let index = 0; index < values.length; index++) values[index] = draw(random);
      return values;
    },
  };
}

export function constant(value: number): Initializer {
  checkNumber("init.constant", "value", value);
  return elementwise("constant", () => () => value);
}

export function zeros(): Initializer {
  return elementwise("zeros", () => () => 0);
}

export interface UniformOptions {
  /** Default 0, as in PyTorch. */
  readonly low?: number;
  /** Default 1. */
  readonly high?: number;
}

/** Uniform from low up to high. */
export function uniform(options: UniformOptions = {}): Initializer {
  checkOptions("init.uniform", options, ["low", "high"]);
  const low = checkNumber("init.uniform", "low", options.low ?? 0);
  const high = checkNumber("init.uniform", "high", options.high ?? 1);
  if (high < low) throw new FathomError("argument", `init.uniform: low ${low} is above high ${high}; swap them`);
  return elementwise("uniform", () => (random) => random.uniform(low, high));
}

export interface NormalOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Default 1. */
  readonly standardDeviation?: number;
}

export function normal(options: NormalOptions = {}): Initializer {
  checkOptions("init.normal", options, ["mean", "standardDeviation"]);
  const mean = checkNumber("init.normal", "mean", options.mean ?? 0);
  const standardDeviation = checkNumber("init.normal", "standardDeviation", options.standardDeviation ?? 1, { least: 0 });
  return elementwise("normal", () => (random) => random.normal(mean, standardDeviation));
}
