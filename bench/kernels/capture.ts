/** The plans of a real training step and of an evaluation with all that their states begin as, and of a graph on inputs that suit it. */
import { typedArray } from "../../src/core/dtype.ts";
import { sizeOf } from "../../src/core/shape.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { parseExperiment, prepareExperiment } from "../../src/index.ts";
import { lower } from "../../src/plan/lower.ts";
import { Evaluator } from "../../src/train/evaluation.ts";
import { resolveOptions } from "../../src/train/options.ts";
import { PreparedStep } from "../../src/train/preparedStep.ts";
import { SplitOnGpu } from "../../src/train/splitOnGpu.ts";
import { createStates } from "../../src/train/trainerStates.ts";
import type { ExperimentJson } from "../remedies/plainNet.ts";
import { PlanningRuntime } from "./planningRuntime.ts";
import type { FilledPlan } from "./planRunner.ts";

/** Where `deep` puts its repeat. */
const REPEATS = ["0", "2"];

async function prepared(experiment: ExperimentJson, target: Target) {
  const { dataset, options } = await prepareExperiment(parseExperiment(experiment));
  const runtime = new PlanningRuntime(target);
  const resolved = resolveOptions(options);
  const states = createStates(runtime, resolved);
  const split = new SplitOnGpu(runtime, dataset.train, dataset.sampleShape);
  return { runtime, resolved, states, split };
}

/** The step of an experiment on the digits; its first step is about to be made. `stacks`: into how many its repeat is fused, as if resumed from such a run. */
export async function capturedStep(experiment: ExperimentJson, target: Target, stacks?: number): Promise<FilledPlan> {
  const { runtime, resolved, states, split } = await prepared(experiment, target);
  if (stacks !== undefined) states.depthChoice = Object.fromEntries(REPEATS.map((path) => [path, stacks]));
  const observed = resolved.insight !== null;
  const step = await PreparedStep.make(runtime, resolved, states, split, { plain: !observed, insight: observed });
  step.submit(0, null, true);
  const { plan, scalars } = runtime.programs.at(-1)!;
  return { plan, scalars, inputs: [], states: runtime.contents };
}

/** The evaluation of a batch. */
export async function capturedEvaluation(experiment: ExperimentJson, target: Target): Promise<FilledPlan> {
  const { runtime, resolved, states, split } = await prepared(experiment, target);
  await new Evaluator(runtime, resolved, states).evaluate(() => split, undefined);
  const { plan, scalars } = runtime.programs.at(-1)!;
  return { plan, scalars, inputs: [], states: runtime.contents };
}

/** A graph's plan. Numbers in its inputs lie in −1 to 1; whole ones are below `classes`. */
export function capturedGraph(roots: readonly Node[], target: Target, classes: number): FilledPlan {
  const { plan, items } = lower({ roots, assignments: [], target });
  const inputs = items.inputs.map(({ dtype, shape }) => {
    const data = typedArray(dtype, sizeOf(shape));
    for (let at = 0; at < data.length; at++) data[at] = dtype === "f32" ? Math.sin(at * 0.7 + 1) : (at * 7) % classes;
    return data;
  });
  return { plan, inputs, states: {}, scalars: items.scalars.map((node) => node.attributes.value) };
}
