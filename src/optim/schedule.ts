/**
 * Learning rates as pure functions of the attempted step t = 0, 1, 2, …: `schedule.cosine(3e-3, { steps: 2000 })`.
 *
 * Schedules that end are clamped: past their last step they keep its value. Any function of a step will do as a schedule; those made here
 * also say in words what they are, for reports and `summary.json`.
 */
import { checkInteger, checkNumber, checkOptions, show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";

export type Schedule = (step: number) => number;

/** A schedule that prints: `cosine(0.003 → 0, 2000 steps)`. */
export interface DescribedSchedule extends Schedule {
  readonly description: string;
}

function described(description: string, rate: Schedule): DescribedSchedule {
  return Object.assign((step: number) => rate(step), { description });
}

function checkRate(what: string, name: string, value: unknown): number {
  return checkNumber(what, name, value, { least: 0 });
}

/** α(t) = α₀ */
export function constant(rate: number): DescribedSchedule {
  checkRate("schedule.constant", "rate", rate);
  return described(`constant(${rate})`, () => rate);
}

export interface DecayOptions {
  /** T: the step from which the rate stays at `end`. */
  readonly steps: number;
  /** Default 0. */
  readonly end?: number;
}

function decay(name: string, initial: number, options: DecayOptions, remaining: (progress: number) => number): DescribedSchedule {
  const what = `schedule.${name}`;
  checkRate(what, "initial", initial);
  checkOptions(what, options, ["steps", "end"]);
  const steps = checkInteger(what, "steps", options.steps, 1);
  const end = checkRate(what, "end", options.end ?? 0);
  return described(`${name}(${initial} → ${end}, ${steps} steps)`, (step) =>
    step >= steps ? end : end + (initial - end) * remaining(Math.max(step, 0) / steps),
  );
}

/** α(t) = α₀·(1 − t/T), or from α₀ to `end` in a straight line; `end` from T on. */
export function linear(initial: number, options: DecayOptions): DescribedSchedule {
  return decay("linear", initial, options, (progress) => 1 - progress);
}

/** α(t) = end + (α₀ − end)·(1 + cos(π·t/T))/2; `end` from T on. Loshchilov and Hutter, ICLR 2017, without restarts. */
export function cosine(initial: number, options: DecayOptions): DescribedSchedule {
  return decay("cosine", initial, options, (progress) => (1 + Math.cos(Math.PI * progress)) / 2);
}

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

/** η(t) = η₀/(t + 1)^p */
export function inverseScaling(initial: number, options: InverseScalingOptions = {}): DescribedSchedule {
  checkRate("schedule.inverseScaling", "initial", initial);
  checkOptions("schedule.inverseScaling", options, ["power"]);
  const power = checkNumber("schedule.inverseScaling", "power", options.power ?? 0.5, { least: 0 });
  return described(`inverseScaling(${initial} / (t + 1)^${power})`, (at) => initial / (at + 1) ** power);
}

/** Rises in a straight line, α(t) = then(0)·(t + 1)/(k + 1) for t < k, and goes on as then(t − k). The first step already moves. */
export function warmUp(steps: number, then: Schedule | number): DescribedSchedule {
  checkInteger("schedule.warmUp", "steps", steps);
  const after = asSchedule("schedule.warmUp", then);
  return described(`warmUp(${steps} steps) then ${after.description}`, (at) =>
    at < steps ? (after(0) * (at + 1)) / (steps + 1) : after(at - steps),
  );
}

export interface Segment {
  /** The step at which the next segment takes over; the last segment has none. */
  readonly until?: number;
  readonly schedule: Schedule | number;
}

/** One schedule after another; each counts its own steps from 0. */
export function join(segments: readonly Segment[]): DescribedSchedule {
  if (!Array.isArray(segments) || segments.length === 0)
    throw new FathomError(
      "argument",
      `schedule.join: segments are ${show(segments)}; pass an array such as [{ until: 100, schedule: 0.1 }, { schedule: 0.01 }]`,
    );
  let start = 0;
  const parts = segments.map(({ until, schedule, ...rest }: Segment, index) => {
    const what = `schedule.join: segment ${index}`;
    checkOptions(what, rest, []);
    const last = index === segments.length - 1;
    if (last && until !== undefined)
      throw new FathomError("argument", `${what} is the last and has until ${show(until)}; leave it out, the last goes on for ever`);
    const part = { start, end: last ? Infinity : checkInteger(what, "until", until, start + 1), rate: asSchedule(what, schedule) };
    start = part.end;
    return part;
  });
  const words = parts.map(({ end, rate }) => (end === Infinity ? rate.description : `${rate.description} until ${end}`));
  return described(`join(${words.join(", ")})`, (at) => {
    const part = parts.find(({ end }) => at < end)!;
    return part.rate(at - part.start);
  });
}

/** What an optimizer makes of its `learningRate`: a number is constant, a plain function is called "custom". */
export function asSchedule(what: string, value: Schedule | number): DescribedSchedule {
  if (typeof value === "number") {
    checkRate(what, "learning rate", value);
    return constant(value);
  }
  if (typeof value !== "function")
    throw new FathomError(
      "argument",
      `${what}: learning rate is ${show(value)}; use a number or a schedule such as schedule.cosine(3e-3, { steps: 2000 })`,
    );
  return "description" in value ? (value as DescribedSchedule) : described("custom", value);
}
