/**
 * The schedule that follows the losses: it holds its rate, and what the GPU makes of it is multiplied whenever the mean loss has not got better
 * for long. Which losses count, and where an interval of them ends, is a function of the step as in any schedule.
 */
import { checkChoice, checkInteger, checkNumber, checkOptions } from "../../core/check.ts";
import { checkRate, type DescribedSchedule, described, type RunSize } from "./described.ts";
import { epochsBefore } from "./epochs.ts";

export interface PlateauOptions {
  /** Factor f at each drop; default 0.1. */
  readonly factor?: number;
  /** Intervals without getting better that are borne; one more and the rate drops. Default 10. */
  readonly patience?: number;
  /** How much better is better; default 1e-4. */
  readonly threshold?: number;
  /** "relative" (default): below best · (1 − threshold). "absolute": below best − threshold. */
  readonly thresholdMode?: "relative" | "absolute";
  /** Intervals after a drop in which none is counted as bad; default 0. */
  readonly cooldown?: number;
  /** The rate falls no lower; default 0. */
  readonly minimum?: number;
  /** Steps (epochs with `perEpoch`) in an interval, whose mean loss is looked at; default 1. */
  readonly every?: number;
}

/** A plateau's numbers, checked. */
export interface Plateau extends Required<PlateauOptions> {
  /** α₀ */
  readonly initial: number;
  /** Where its first interval begins, in steps or epochs: after a warm-up. */
  readonly start: number;
}

/** α₀, multiplied by f whenever the mean training loss over `every` steps has not got better for more than `patience` such intervals:
 * `torch.optim.lr_scheduler.ReduceLROnPlateau` with mode "min" and eps 1e-8. */
export function plateau(initial: number, options: PlateauOptions = {}): DescribedSchedule {
  const what = "schedule.plateau";
  checkRate(what, "initial", initial);
  checkOptions(what, options, ["factor", "patience", "threshold", "thresholdMode", "cooldown", "minimum", "every"]);
  const facts: Plateau = {
    initial,
    start: 0,
    factor: checkNumber(what, "factor", options.factor ?? 0.1, { above: 0, below: 1 }),
    patience: checkInteger(what, "patience", options.patience ?? 10, 0, MOST_INTERVALS),
    threshold: checkNumber(what, "threshold", options.threshold ?? 1e-4, { least: 0 }),
    thresholdMode: checkChoice(what, "thresholdMode", options.thresholdMode ?? "relative", ["relative", "absolute"]),
    cooldown: checkInteger(what, "cooldown", options.cooldown ?? 0, 0, MOST_INTERVALS),
    minimum: checkRate(what, "minimum", options.minimum ?? 0),
    every: checkInteger(what, "every", options.every ?? 1, 1),
  };
  return described(`plateau(${initial} × ${facts.factor} after ${facts.patience} × ${facts.every} steps)`, () => initial, {
    plateau: facts,
  });
}

/** Counted in 32 bits on the GPU. */
const MOST_INTERVALS = 2 ** 31 - 1;

/** Bits of the step's word for the GPU: 1 where its loss counts, 2 where it ends an interval. */
export function plateauWord({ plateau: facts, unit }: DescribedSchedule, step: number, run: RunSize): number {
  if (!facts) return 0;
  const before = (unit === "epoch" ? epochsBefore(step, run) : step) - facts.start;
  const after = (unit === "epoch" ? epochsBefore(step + 1, run) : step + 1) - facts.start;
  if (before < 0) return 0;
  return Math.floor(after / facts.every) > Math.floor(before / facts.every) ? 3 : 1;
}
