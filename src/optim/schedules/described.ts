/** What a schedule is: a pure function of the step, which can say what it is. */
import { checkNumber, show } from "../../core/check.ts";
import { FathomError } from "../../core/errors.ts";
import type { Plateau } from "./plateau.ts";

/** What a schedule that counts epochs has to know of the run. */
export interface RunSize {
  /** Rows of the training set. */
  readonly samples: number;
  readonly batchSize: number;
}

/** The learning rate of a step, counted from 0. */
export type Schedule = (step: number, run?: RunSize) => number;

/** A schedule that prints: `cosine(0.003 → 0, 2000 steps)`. */
export interface DescribedSchedule extends Schedule {
  readonly description: string;
  /** Whether its counts are epochs: it was made by `perEpoch`. */
  readonly unit: "step" | "epoch";
  /** Only of a plateau: what the GPU, which alone knows the losses in time, multiplies the rate by. */
  readonly plateau: Plateau | null;
}

export function described(
  description: string,
  rate: Schedule,
  { unit = "step", plateau = null }: Partial<Pick<DescribedSchedule, "unit" | "plateau">> = {},
): DescribedSchedule {
  return Object.assign((step: number, run?: RunSize) => rate(step, run), { description, unit, plateau });
}

export function checkRate(what: string, name: string, value: unknown): number {
  return checkNumber(what, name, value, { least: 0 });
}

/** α(t) = α₀ */
export function constant(rate: number): DescribedSchedule {
  checkRate("schedule.constant", "rate", rate);
  return described(`constant(${rate})`, () => rate);
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
