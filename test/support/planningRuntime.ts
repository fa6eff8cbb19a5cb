/** The plans of training code, made without a GPU. */
import { type PlannedProgram, PlanningRuntime } from "../../bench/kernels/planningRuntime.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { Target } from "../../src/graph/op.ts";
import { compileEvaluation, compilePrediction } from "../../src/train/evaluationGraph.ts";
import { resolveOptions, type TrainerOptions } from "../../src/train/options.ts";
import { SplitOnGpu } from "../../src/train/splitOnGpu.ts";
import { compileStep } from "../../src/train/stepGraph.ts";
import { createStates } from "../../src/train/trainerStates.ts";

/** The programs of a trainer on this data set: the step, and with `evaluation` also scoring and prediction. */
export async function planTraining(
  options: TrainerOptions,
  dataset: Dataset,
  target: Target,
  evaluation = false,
): Promise<PlannedProgram[]> {
  const runtime = new PlanningRuntime(target);
  const resolved = resolveOptions(options);
  const states = createStates(runtime, resolved);
  const split = new SplitOnGpu(runtime, dataset.train, dataset.sampleShape);
  const permutation = resolved.order === "shuffled" ? runtime.state("permutation", "u32", 2 * dataset.train.count) : null;
  await compileStep(runtime, resolved, states, split, permutation);
  if (resolved.insight) await compileStep(runtime, resolved, states, split, permutation, true);
  if (evaluation) {
    await compileEvaluation(runtime, resolved, states, split);
    await compilePrediction(runtime, resolved, states, dataset.sampleShape);
  }
  return runtime.programs;
}
