/** Schedules that run from one rate to another in T steps, and the cosine that starts anew. */
import { checkChoice, checkInteger, checkNumber, checkOptions } from "../../core/check.ts";
import { checkRate, type DescribedSchedule, described } from "./described.ts";

export interface DecayOptions {
  /** T: the step from which the rate stays at `end`. */
  readonly steps: number;
  /** Default 0. */
  readonly end?: number;
}

interface Decay {
  readonly steps: number;
  readonly end: number;
}

function checkDecay(name: string, initial: number, options: DecayOptions, more: readonly string[] = []): Decay {
  const what = `schedule.${name}`;
  checkRate(what, "initial", initial);
  checkOptions(what, options, ["steps", "end", ...more]);
  return { steps: checkInteger(what, "steps", options.steps, 1), end: checkRate(what, "end", options.end ?? 0) };
}

/** `remaining`: the share of the way to `end` that is still to go, by the share of the steps that are past. */
const falling =
  (initial: number, { steps, end }: Decay, remaining: (progress: number) => number) =>
  (step: number): number =>
    step >= steps ? end : end + (initial - end) * remaining(Math.max(step, 0) / steps);

const halfCosine = (progress: number): number => (1 + Math.cos(Math.PI * progress)) / 2;

/** α(t) = α₀·(1 − t/T), or from α₀ to `end` in a straight line; `end` from T on. */
export function linear(initial: number, options: DecayOptions): DescribedSchedule {
  const decay = checkDecay("linear", initial, options);
  return described(
    `linear(${initial} → ${decay.end}, ${decay.steps} steps)`,
    falling(initial, decay, (progress) => 1 - progress),
  );
}

/** α(t) = end + (α₀ − end)·(1 + cos(π·t/T))/2; `end` from T on. Loshchilov and Hutter, ICLR 2017, without restarts. */
export function cosine(initial: number, options: DecayOptions): DescribedSchedule {
  const decay = checkDecay("cosine", initial, options);
  return described(`cosine(${initial} → ${decay.end}, ${decay.steps} steps)`, falling(initial, decay, halfCosine));
}

export interface PolynomialOptions extends DecayOptions {
  /** p; default 1. */
  readonly power?: number;
}

/** α(t) = end + (α₀ − end)·(1 − t/T)^p; `end` from T on. `torch.optim.lr_scheduler.PolynomialLR` where the end is 0. */
export function polynomial(initial: number, options: PolynomialOptions): DescribedSchedule {
  const decay = checkDecay("polynomial", initial, options, ["power"]);
  const power = checkNumber("schedule.polynomial", "power", options.power ?? 1, { above: 0 });
  return described(
    `polynomial(${initial} → ${decay.end}, ${decay.steps} steps, power ${power})`,
    falling(initial, decay, (progress) => (1 - progress) ** power),
  );
}

export interface CosineRestartsOptions extends DecayOptions {
  /** f: how many times longer each cosine is than the one before; a whole number, default 1. */
  readonly factor?: number;
}

/**
 * A cosine from α₀ towards `end` over T steps, then over f·T, f²·T, …, each from α₀ anew; it never ends. Loshchilov and Hutter, ICLR 2017;
 * `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`.
 */
export function cosineRestarts(initial: number, options: CosineRestartsOptions): DescribedSchedule {
  const decay = checkDecay("cosineRestarts", initial, options, ["factor"]);
  const factor = checkInteger("schedule.cosineRestarts", "factor", options.factor ?? 1, 1);
  const { steps, end } = decay;
  return described(`cosineRestarts(${initial} → ${end}, ${steps} steps × ${factor})`, (step) => {
    let at = step;
    let length = steps;
    if (factor === 1) at %= length;
    for (; at >= length; length *= factor) at -= length;
    return falling(initial, { steps: length, end }, halfCosine)(at);
  });
}

export interface OneCycleOptions {
  /** T: the last step is T − 1, whose rate stays. */
  readonly steps: number;
  /** Share of T until the maximum; default 0.3. */
  readonly warmUpFraction?: number;
  /** d: it begins at maximum/d; default 25. */
  readonly divideBy?: number;
  /** e: it ends at maximum/(d·e); default 10,000. */
  readonly finalDivideBy?: number;
  /** Default "cosine". */
  readonly anneal?: "cosine" | "linear";
}

const ANNEAL = {
  cosine: (from: number, to: number, progress: number) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * progress)),
  linear: (from: number, to: number, progress: number) => from + (to - from) * progress,
} as const;

/**
 * From maximum/d at 0 up to the maximum at warmUpFraction·T − 1, then down to maximum/(d·e) at T − 1. Smith and Topin, 2018;
 * `torch.optim.lr_scheduler.OneCycleLR`, whose values these are, also where the maximum lies between two steps or before the first.
 */
export function oneCycle(maximum: number, options: OneCycleOptions): DescribedSchedule {
  const what = "schedule.oneCycle";
  checkNumber(what, "maximum", maximum, { above: 0 });
  checkOptions(what, options, ["steps", "warmUpFraction", "divideBy", "finalDivideBy", "anneal"]);
  const steps = checkInteger(what, "steps", options.steps, 2);
  const fraction = checkNumber(what, "warmUpFraction", options.warmUpFraction ?? 0.3, { above: 0, below: 1 });
  const initial = maximum / checkNumber(what, "divideBy", options.divideBy ?? 25, { least: 1 });
  const final = initial / checkNumber(what, "finalDivideBy", options.finalDivideBy ?? 1e4, { least: 1 });
  const name = checkChoice(what, "anneal", options.anneal ?? "cosine", ["cosine", "linear"]);
  const anneal = ANNEAL[name];
  const peak = fraction * steps - 1;
  return described(`oneCycle(${initial} → ${maximum} → ${final}, ${steps} steps, ${name})`, (step) => {
    if (step >= steps - 1) return final;
    if (step < peak) return anneal(initial, maximum, step / peak);
    return anneal(maximum, final, (step - peak) / (steps - 1 - peak));
  });
}
