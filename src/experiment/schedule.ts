/** The experiment's learning rate. */
import * as schedule from "../optim/schedule.ts";
import type { NestedScheduleSpec, ScheduleSpec } from "./schema/index.ts";

export function scheduleOf({ unit, ...spec }: ScheduleSpec): schedule.DescribedSchedule {
  const made = nested(spec);
  return unit === "epoch" ? schedule.perEpoch(made) : made;
}

function nested(spec: NestedScheduleSpec): schedule.DescribedSchedule {
  switch (spec.type) {
    case "constant":
      return schedule.constant(spec.initial);
    case "linear":
      return schedule.linear(spec.initial, { steps: spec.steps, end: spec.end });
    case "polynomial":
      return schedule.polynomial(spec.initial, { steps: spec.steps, end: spec.end, power: spec.power });
    case "cosine":
      return schedule.cosine(spec.initial, { steps: spec.steps, end: spec.end });
    case "cosineRestarts":
      return schedule.cosineRestarts(spec.initial, { steps: spec.steps, end: spec.end, factor: spec.factor });
    case "oneCycle": {
      const { maximum, steps, warmUpFraction, divideBy, finalDivideBy, anneal } = spec;
      return schedule.oneCycle(maximum, { steps, warmUpFraction, divideBy, finalDivideBy, anneal });
    }
    case "step":
      return schedule.step(spec.initial, { every: spec.every, gamma: spec.gamma });
    case "multiStep":
      return schedule.multiStep(spec.initial, { milestones: spec.milestones, gamma: spec.gamma });
    case "piecewise":
      return schedule.piecewise({ boundaries: spec.boundaries, values: spec.values });
    case "exponential":
      return schedule.exponential(spec.initial, { gamma: spec.gamma });
    case "inverseScaling":
      return schedule.inverseScaling(spec.initial, { power: spec.power });
    case "inverseTime":
      return schedule.inverseTime(spec.initial, { decay: spec.decay });
    case "plateau": {
      const { initial, factor, patience, threshold, thresholdMode, cooldown, minimum, every } = spec;
      return schedule.plateau(initial, { factor, patience, threshold, thresholdMode, cooldown, minimum, every });
    }
    case "warmUp":
      return schedule.warmUp(spec.steps, nested(spec.then));
    case "join":
      return schedule.join(
        spec.segments.map(({ until, schedule: one }) => ({ schedule: nested(one), ...(until === undefined ? {} : { until }) })),
      );
  }
}
