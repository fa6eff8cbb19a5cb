/** A model run in Node, in float64, on weights by name: its forward pass as graph nodes, without a GPU. */

import { PlanningRuntime } from "../../bench/kernels/planningRuntime.ts";
import type { Node } from "../../src/graph/node.ts";
import { collect } from "../../src/nn/collect.ts";
import type { Module } from "../../src/nn/index.ts";
import { STEP } from "../../src/ops/arena/layout.ts";
import { input } from "../../src/ops/define.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { ModelTrace } from "../../src/train/modelTrace.ts";
import { layOutRunning } from "../../src/train/statistics.ts";
import { computeFloat64 } from "./float64.ts";

export interface TracedModel {
  readonly x: Node;
  readonly output: Node;
  readonly trace: ModelTrace;
  /** By PyTorch's names. */
  readonly parameters: ReadonlyMap<string, Node>;
  /** The values of what the model reads, for `computeFloat64`: seed 7, step 3. */
  valuesOf(x: ArrayLike<number>, weights: (name: string, size: number) => ArrayLike<number>): Map<Node, ArrayLike<number>>;
}

export const SEED = 7;
export const STEP_NUMBER = 3;

export function traceModel(model: Module, xShape: readonly number[], training: boolean): TracedModel {
  const runtime = new PlanningRuntime({ adapterClass: "software", subgroups: false });
  const collected = collect(model);
  const arena = layOutArena(collected.parameters);
  const running = layOutRunning(collected.statistics);
  const words = input([STEP.words], "u32");
  const trace = new ModelTrace(runtime, training, model, collected, arena, running, {
    parameters: runtime.state("parameters", "f32", arena.size),
    running: runtime.state("running", "f32", running.size),
    step: { ...runtime.state("step", "u32", STEP.words), node: () => words },
  });
  const x = input(xShape, "f32");
  const output = trace.forward(x);
  return {
    x,
    output,
    trace,
    parameters: new Map(arena.segments.map(({ name }, index) => [name, trace.parameterNodes[index]!])),
    valuesOf: (values, weights) =>
      new Map<Node, ArrayLike<number>>([
        [x, values],
        ...arena.segments.map(({ name, size }, index) => [trace.parameterNodes[index]!, weights(name, size)] as const),
        [words, Array.from({ length: STEP.words }, (_, at) => (at === STEP.seed ? SEED : at === STEP.attemptedStep ? STEP_NUMBER : 0))],
      ]),
  };
}

/** The model's output, row-major. */
export function runModel(
  model: Module,
  xShape: readonly number[],
  x: ArrayLike<number>,
  weights: (name: string, size: number) => ArrayLike<number>,
  training = false,
): Float64Array {
  const traced = traceModel(model, xShape, training);
  return computeFloat64([traced.output], traced.valuesOf(x, weights))[0]!;
}
