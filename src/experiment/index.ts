/** The experiment file: `const experiment = parseExperiment(json)`, then `await prepareExperiment(experiment, read)`. */
export { type FromExperiment, fromExperiment, type PreparedExperiment, prepareExperiment, trainerOptions } from "./build.ts";
export { loadDataset, type ReadFile } from "./dataset.ts";
export { buildModel } from "./model.ts";
export { parseExperiment } from "./parse.ts";
export { scheduleOf } from "./schedule.ts";
export type { DatasetSpec, Experiment, InitSpec, LayerSpec, OptimizerSpec, ScheduleSpec } from "./schema/index.ts";
