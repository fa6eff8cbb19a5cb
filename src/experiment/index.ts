/** The experiment file: `const experiment = parseExperiment(json)`, then `prepareExperiment(experiment, read)`. */
export { buildModel, loadDataset, prepareExperiment, type ReadFile, scheduleOf, trainerOptions } from "./build.ts";
export { parseExperiment } from "./parse.ts";
export type { DatasetSpec, Experiment, InitSpec, LayerSpec, OptimizerSpec, ScheduleSpec } from "./schema.ts";
