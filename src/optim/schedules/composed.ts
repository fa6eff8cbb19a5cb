/** Schedules made of others. */
import { checkInteger, checkOptions, show } from "../../core/check.ts";
import { FathomError } from "../../core/errors.ts";
import { asSchedule, type DescribedSchedule, described, type Schedule } from "./described.ts";
import { refuseEpochs } from "./epochs.ts";

/** Rises in a straight line, α(t) = then(0)·(t + 1)/(k + 1) for t < k, and goes on as then(t − k). The first step already moves. */
export function warmUp(steps: number, then: Schedule | number): DescribedSchedule {
  checkInteger("schedule.warmUp", "steps", steps);
  const after = asSchedule("schedule.warmUp", then);
  refuseEpochs("schedule.warmUp", after);
  return described(
    `warmUp(${steps} steps) then ${after.description}`,
    (at, run) => (at < steps ? (after(0, run) * (at + 1)) / (steps + 1) : after(at - steps, run)),
    { plateau: after.plateau && { ...after.plateau, start: after.plateau.start + steps } },
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
    refuseEpochs(what, part.rate);
    if (part.rate.plateau)
      throw new FathomError(
        "argument",
        `${what} holds a plateau, which follows the losses of the whole run; use it alone, or after a warmUp`,
      );
    start = part.end;
    return part;
  });
  const words = parts.map(({ end, rate }) => (end === Infinity ? rate.description : `${rate.description} until ${end}`));
  return described(`join(${words.join(", ")})`, (at, run) => {
    const part = parts.find(({ end }) => at < end)!;
    return part.rate(at - part.start, run);
  });
}
