/** Schedules without an end: rates that drop now and then, and rates that fall ever more slowly. */
import { checkInteger, checkNumber, checkOptions, show } from "../../core/check.ts";
import { FathomError } from "../../core/errors.ts";
import { checkRate, type DescribedSchedule, described } from "./described.ts";

export interface StepOptions {
  /** k: steps between two drops. */
  readonly every: number;
  /** Factor at each drop; default 0.1. */
  readonly gamma?: number;
}

/** α(t) = α₀·γ^⌊t/k⌋ */
export function step(initial: number, options: StepOptions): DescribedSchedule {
  checkRate("schedule.step", "initial", initial);
  checkOptions("schedule.step", options, ["every", "gamma"]);
  const every = checkInteger("schedule.step", "every", options.every, 1);
  const gamma = checkNumber("schedule.step", "gamma", options.gamma ?? 0.1, { above: 0 });
  return described(`step(${initial} × ${gamma} every ${every} steps)`, (at) => initial * gamma ** Math.floor(at / every));
}

export interface MultiStepOptions {
  /** The steps at which the rate drops, rising. */
  readonly milestones: readonly number[];
  /** Factor at each; default 0.1. */
  readonly gamma?: number;
}

/** α(t) = α₀·γ^n, n the number of milestones ≤ t. */
export function multiStep(initial: number, options: MultiStepOptions): DescribedSchedule {
  const what = "schedule.multiStep";
  checkRate(what, "initial", initial);
  checkOptions(what, options, ["milestones", "gamma"]);
  const milestones = checkRising(what, "milestones", options.milestones);
  const gamma = checkNumber(what, "gamma", options.gamma ?? 0.1, { above: 0 });
  return described(`multiStep(${initial} × ${gamma} at ${milestones.join(", ")})`, (at) => initial * gamma ** reached(milestones, at));
}

export interface PiecewiseOptions {
  /** The steps at which the next value takes over, rising. */
  readonly boundaries: readonly number[];
  /** Rates, one more than there are boundaries. */
  readonly values: readonly number[];
}

/** α(t) = values[n], n the number of boundaries ≤ t. */
export function piecewise(options: PiecewiseOptions): DescribedSchedule {
  const what = "schedule.piecewise";
  checkOptions(what, options, ["boundaries", "values"]);
  const boundaries = checkRising(what, "boundaries", options.boundaries);
  const { values } = options;
  if (!Array.isArray(values) || values.length !== boundaries.length + 1)
    throw new FathomError(
      "argument",
      `${what}: values are ${Array.isArray(values) ? `${values.length} rates` : show(values)}; use ${boundaries.length + 1} rates, one more than there are boundaries`,
    );
  for (const [index, value] of values.entries()) checkRate(what, `values[${index}]`, value);
  const rates: readonly number[] = [...values];
  return described(`piecewise(${rates.join(", ")} at ${boundaries.join(", ")})`, (at) => rates[reached(boundaries, at)]!);
}

/** How many of the rising steps are ≤ t. */
const reached = (rising: readonly number[], at: number): number => rising.filter((one) => one <= at).length;

function checkRising(what: string, name: string, steps: readonly number[]): readonly number[] {
  if (!Array.isArray(steps)) throw new FathomError("argument", `${what}: ${name} are ${show(steps)}; pass an array of steps, rising`);
  for (const [index, one] of steps.entries()) checkInteger(what, `${name}[${index}]`, one, (steps[index - 1] ?? 0) + 1);
  return [...steps];
}

export interface ExponentialOptions {
  /** Factor of each step. */
  readonly gamma: number;
}

/** α(t) = α₀·γᵗ */
export function exponential(initial: number, options: ExponentialOptions): DescribedSchedule {
  checkRate("schedule.exponential", "initial", initial);
  checkOptions("schedule.exponential", options, ["gamma"]);
  const gamma = checkNumber("schedule.exponential", "gamma", options.gamma, { above: 0 });
  return described(`exponential(${initial} × ${gamma} every step)`, (at) => initial * gamma ** at);
}

export interface InverseScalingOptions {
  /** p; default 0.5. */
  readonly power?: number;
}

/** α(t) = α₀/(t + 1)^p */
export function inverseScaling(initial: number, options: InverseScalingOptions = {}): DescribedSchedule {
  checkRate("schedule.inverseScaling", "initial", initial);
  checkOptions("schedule.inverseScaling", options, ["power"]);
  const power = checkNumber("schedule.inverseScaling", "power", options.power ?? 0.5, { least: 0 });
  return described(`inverseScaling(${initial} / (t + 1)^${power})`, (at) => initial / (at + 1) ** power);
}

export interface InverseTimeOptions {
  /** k. */
  readonly decay: number;
}

/** α(t) = α₀/(1 + k·t) */
export function inverseTime(initial: number, options: InverseTimeOptions): DescribedSchedule {
  checkRate("schedule.inverseTime", "initial", initial);
  checkOptions("schedule.inverseTime", options, ["decay"]);
  const decay = checkNumber("schedule.inverseTime", "decay", options.decay, { least: 0 });
  return described(`inverseTime(${initial} / (1 + ${decay}·t))`, (at) => initial / (1 + decay * at));
}
