/** Schedules that count epochs. */
import { checkInteger, checkOptions } from "../../core/check.ts";
import { FathomError } from "../../core/errors.ts";
import { asSchedule, type DescribedSchedule, described, type RunSize, type Schedule } from "./described.ts";

/** Epochs that are through before the step: ⌊step · batchSize / samples⌋. */
export const epochsBefore = (step: number, { samples, batchSize }: RunSize): number => Math.floor((step * batchSize) / samples);

/**
 * Every count of the schedule means epochs: t = ⌊step · batchSize / samples⌋, and the rate stays the same within an epoch. It goes around all
 * else: `schedule.perEpoch(schedule.warmUp(5, schedule.cosine(0.1, { steps: 90 })))`. Trainers say how large an epoch is; who calls it by hand
 * passes that as the second argument.
 */
export function perEpoch(inner: Schedule): DescribedSchedule {
  const what = "schedule.perEpoch";
  const schedule = asSchedule(what, inner);
  refuseEpochs(what, schedule);
  return described(
    `${schedule.description} per epoch`,
    (step, run) => {
      if (!run)
        throw new FathomError(
          "argument",
          `${what}: how large an epoch is was not said; pass it as the second argument: schedule(step, { samples: 1437, batchSize: 64 })`,
        );
      checkOptions(what, run, ["samples", "batchSize"]);
      checkInteger(what, "samples", run.samples, 1);
      checkInteger(what, "batchSize", run.batchSize, 1);
      return schedule(epochsBefore(step, run), run);
    },
    { unit: "epoch", plateau: schedule.plateau },
  );
}

/** Within another schedule, whose counts would be of another unit. */
export function refuseEpochs(what: string, schedule: DescribedSchedule): void {
  if (schedule.unit === "epoch")
    throw new FathomError(
      "argument",
      `${what}: ${schedule.description} counts epochs within another schedule; put schedule.perEpoch around all of it`,
    );
}
