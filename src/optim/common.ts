/** What the options of all optimizers share. */
import { checkNumber } from "../core/check.ts";
import { asSchedule, type DescribedSchedule, type Schedule } from "./schedule.ts";

export interface CommonOptions {
  /** A number, or a function of the step. */
  readonly learningRate: number | Schedule;
  /** λ: pulls weights towards 0. */
  readonly weightDecay?: number;
}

/** Of optimizers whose weight decay joins the gradient unless told otherwise. */
export interface DecoupledOption {
  /** λ goes beside the gradient, w ← w − αλw before the update, not into it (Loshchilov and Hutter, ICLR 2019). Default false. */
  readonly decoupledWeightDecay?: boolean;
}

export interface Common {
  readonly learningRate: DescribedSchedule;
  readonly weightDecay: number;
}

export const COMMON_KEYS = ["learningRate", "weightDecay"] as const;

export function checkCommon(what: string, { learningRate, weightDecay }: CommonOptions, standardDecay: number): Common {
  return {
    learningRate: asSchedule(what, learningRate),
    weightDecay: checkNumber(what, "weightDecay", weightDecay ?? standardDecay, { least: 0 }),
  };
}

/** Above this the table of bias corrections would be longer than 2²¹ steps. */
const MOST_BETA = 0.99999;

/** The weight of what was, in a running mean. */
export function checkBeta(what: string, name: string, value: number): number {
  return checkNumber(what, name, value, { least: 0, most: MOST_BETA });
}

/** The weight of what was, in a sum of updates. */
export function checkMomentum(what: string, value: number): number {
  return checkNumber(what, "momentum", value, { least: 0, below: 1 });
}

export function checkEpsilon(what: string, value: number): number {
  return checkNumber(what, "epsilon", value, { least: 0 });
}
