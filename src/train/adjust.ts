/** What of a trainer's options may be changed between two steps: learning rate, clip and regulariser. Weights, moments and counters stay. */
import { checkOptions, show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { type Clip, isClip } from "../optim/clip.ts";
import { isActive, type Regularizer } from "../optim/regularizers.ts";
import { asSchedule, type Schedule } from "../optim/schedule.ts";
import { checkStatistics, type ResolvedOptions } from "./options.ts";

/** What is left out stays as it is; null takes a clip or a regulariser away. */
export interface Adjustment {
  /** A number, or a function of the step, which is counted from the trainer's first. */
  readonly learningRate?: number | Schedule;
  readonly clip?: Clip | null;
  readonly regularizer?: Regularizer | null;
}

type Adjusted = Pick<ResolvedOptions, "optimizer" | "clip" | "regularizer">;

/** The options as they become, and whether they take another plan: numbers are data, forms are not. */
export function adjusted(
  what: string,
  options: ResolvedOptions,
  change: Adjustment,
): { readonly next: Adjusted; readonly needsPlan: boolean } {
  const { optimizer, clip, regularizer } = options;
  checkOptions(what, change, ["learningRate", "clip", "regularizer"]);
  const next: Adjusted = {
    optimizer: change.learningRate === undefined ? optimizer : { ...optimizer, learningRate: asSchedule(what, change.learningRate) },
    clip: change.clip === undefined ? clip : change.clip,
    regularizer: change.regularizer === undefined ? regularizer : change.regularizer,
  };
  if (next.clip !== null && !isClip(next.clip))
    throw new FathomError("argument", `${what}: clip is ${show(next.clip)}; pass optim.clipGlobalNorm(1), or null for none`);
  const { regularizer: penalty } = next;
  if (penalty !== null && !(typeof penalty.l1 === "number" && typeof penalty.l2 === "number"))
    throw new FathomError("argument", `${what}: regularizer is ${show(penalty)}; pass optim.l2(1e-4), or null for none`);
  checkStatistics(what, { ...options, ...next });
  return { next, needsPlan: formOf({ optimizer, clip, regularizer }) !== formOf(next) };
}

/** What is written into the plan. */
function formOf({ optimizer, clip, regularizer }: Adjusted): string {
  const form = clip?.type === "adaptive" ? clip : clip?.type;
  return JSON.stringify([optimizer.learningRate.plateau, form ?? null, isActive(regularizer)]);
}
