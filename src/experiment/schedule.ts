/** The experiment's learning rate. */
import * as schedule from "../optim/schedule.ts";
import type { NestedScheduleSpec, ScheduleSpec } from "./schema/index.ts";
import { unbuilt } from "./unbuilt.ts";

export function scheduleOf(spec: ScheduleSpec): schedule.DescribedSchedule {
  return nested(spec);
}

function nested(spec: NestedScheduleSpec): schedule.DescribedSchedule {
  switch (spec.type) {
    case "constant":
      return schedule.constant(spec.initial);
    case "linear":
      return schedule.linear(spec.initial, { steps: spec.steps, end: spec.end });
    case "cosine":
      return schedule.cosine(spec.initial, { steps: spec.steps, end: spec.end });
    case "step":
      return schedule.step(spec.initial, { every: spec.every, gamma: spec.gamma });
    case "exponential":
      return schedule.exponential(spec.initial, { gamma: spec.gamma });
    case "inverseScaling":
      return schedule.inverseScaling(spec.initial, { power: spec.power });
    case "warmUp":
      return schedule.warmUp(spec.steps, nested(spec.then));
    case "join":
      return schedule.join(
        spec.segments.map(({ until, schedule: one }) => ({ schedule: nested(one), ...(until === undefined ? {} : { until }) })),
      );
    default:
      throw unbuilt(spec.type);
  }
}
