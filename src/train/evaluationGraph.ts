/** Evaluation and prediction as programs: a gathered batch, forward in evaluation mode, and a score or the outputs. */
import { type Shape, sizeOf } from "../core/shape.ts";
import { scoreBatch } from "../ops/arena/scoreBatch.ts";
import { loadFusion } from "./depthRequest.ts";
import type { CompiledEvaluation, CompiledPrediction } from "./evaluation.ts";
import { ModelTrace } from "./modelTrace.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Runtime, StateBuffer } from "./runtime.ts";
import { checkOutput, type SplitOnGpu } from "./splitOnGpu.ts";
import { gather } from "./stepGraph.ts";
import type { TrainerStates } from "./trainerStates.ts";

/** States that a program owns are freed with it, and when compiling fails. */
async function owning<T>(states: readonly StateBuffer[], make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    for (const state of states) state.dispose();
    throw error;
  }
}

async function traceOf(runtime: Runtime, options: ResolvedOptions, states: TrainerStates, step: StateBuffer): Promise<ModelTrace> {
  const { collected, arena, runningLayout, parameters, running } = states;
  const fuse = await loadFusion(runtime, options, states);
  return new ModelTrace(runtime, false, options.model, collected, arena, runningLayout, { parameters, running, step }, { fuse });
}

export async function compileEvaluation(
  runtime: Runtime,
  options: ResolvedOptions,
  states: TrainerStates,
  split: SplitOnGpu,
): Promise<CompiledEvaluation> {
  const { batchSize, loss } = options;
  const step = runtime.state("step", "u32", 16);
  const results = runtime.state("results", "f32", 2 * Math.ceil(split.split.count / batchSize));
  return owning([step, results], async () => {
    const trace = await traceOf(runtime, options, states, step);
    const node = runtime.trace(() => {
      const batch = gather(batchSize, split, step.node(), null);
      const output = trace.forward(batch.x);
      checkOutput(loss, output, split.split);
      const losses = trace.wrap(output);
      const perRow = loss.perRow(losses, trace.wrap(batch.y)).node;
      return scoreBatch(results.node(), perRow, step.node(), loss.targets === "classes" ? { outputs: output, labels: batch.y } : null);
    });
    trace.dispose();
    const { parameters, running } = states;
    const program = await runtime.compileProgram({
      label: "evaluation",
      assignments: [{ state: results, node }],
      states: [parameters, running, step, split.x, split.y],
    });
    const dispose = (): void => {
      program.dispose();
      step.dispose();
      results.dispose();
    };
    return { program, step, results, dispose };
  });
}

export async function compilePrediction(
  runtime: Runtime,
  options: ResolvedOptions,
  states: TrainerStates,
  sampleShape: Shape,
): Promise<CompiledPrediction> {
  const { batchSize } = options;
  const step = runtime.state("step", "u32", 16);
  const input = runtime.state("input", "f32", batchSize * sizeOf(sampleShape));
  return owning([step, input], async () => {
    const trace = await traceOf(runtime, options, states, step);
    const node = runtime.trace(() => trace.forward(input.node({ shape: [batchSize, ...sampleShape] })));
    trace.dispose();
    const output = runtime.state("output", "f32", sizeOf(node.shape));
    return owning([output], async () => {
      const { parameters, running } = states;
      const program = await runtime.compileProgram({
        label: "prediction",
        assignments: [{ state: output, node }],
        states: [parameters, running, step, input],
      });
      const dispose = (): void => {
        program.dispose();
        for (const state of [step, input, output]) state.dispose();
      };
      return { program, input, output, sampleShape, dispose };
    });
  });
}
