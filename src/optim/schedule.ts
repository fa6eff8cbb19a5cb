/**
 * Learning rates as pure functions of the attempted step t = 0, 1, 2, …: `schedule.cosine(3e-3, { steps: 2000 })`.
 *
 * Schedules that end are clamped: past their last step they keep its value. Any function of a step will do as a schedule; those made here
 * also say in words what they are, for reports and `summary.json`.
 */
export { join, type Segment, warmUp } from "./schedules/composed.ts";
export {
  type CosineRestartsOptions,
  cosine,
  cosineRestarts,
  type DecayOptions,
  linear,
  type OneCycleOptions,
  oneCycle,
  type PolynomialOptions,
  polynomial,
} from "./schedules/decays.ts";
export { asSchedule, constant, type DescribedSchedule, type RunSize, type Schedule } from "./schedules/described.ts";
export {
  type ExponentialOptions,
  exponential,
  type InverseScalingOptions,
  type InverseTimeOptions,
  inverseScaling,
  inverseTime,
  type MultiStepOptions,
  multiStep,
  type PiecewiseOptions,
  piecewise,
  type StepOptions,
  step,
} from "./schedules/drops.ts";
export { perEpoch } from "./schedules/epochs.ts";
export { type Plateau, type PlateauOptions, plateau } from "./schedules/plateau.ts";
