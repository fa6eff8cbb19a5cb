/** An engine without a GPU: training code builds its graphs on it, and the plans that would be replayed are kept. */
import type { DType, TypedArray } from "../../src/core/dtype.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { type Node, printGraph } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { state as stateNode } from "../../src/ops/define.ts";
import { lower } from "../../src/plan/lower.ts";
import { type Plan, printPlan } from "../../src/plan/types.ts";
import { Tensor, type TensorOwner } from "../../src/tensor.ts";
import { compileEvaluation, compilePrediction } from "../../src/train/evaluationGraph.ts";
import { resolveOptions, type TrainerOptions } from "../../src/train/options.ts";
import type { Program, ProgramRequest, Runtime, StateBuffer } from "../../src/train/runtime.ts";
import { SplitOnGpu } from "../../src/train/splitOnGpu.ts";
import { compileStep } from "../../src/train/stepGraph.ts";
import { createStates } from "../../src/train/trainerStates.ts";

const refuse = (): never => {
  throw new Error("this runtime only plans: it has no GPU");
};

export interface PlannedProgram {
  readonly label: string;
  readonly graph: string;
  readonly plan: Plan;
}

export class PlanningRuntime implements Runtime, TensorOwner {
  readonly programs: PlannedProgram[] = [];
  readonly tuning = null;
  readonly adapter: { readonly class: "software" | "hardware"; readonly description: string };
  private readonly target: Target;

  constructor(target: Target) {
    this.target = target;
    this.adapter = { class: target.adapterClass, description: "none" };
  }

  state(name: string, dtype: DType, size: number): StateBuffer {
    const node: StateBuffer["node"] = ({ offset = 0, shape = [size - offset], dtype: as = dtype } = {}) =>
      stateNode({ state: name, offset, size, shape, dtype: as });
    return { name, dtype, size, node, write: () => {}, read: refuse, dispose: () => {} };
  }

  async compileProgram({ label, assignments, check }: ProgramRequest): Promise<Program> {
    const { plan } = lower({
      roots: [],
      assignments: assignments.map(({ state, node }) => ({ state: state.name, node })),
      ...(check ? { layers: check.layers } : {}),
      target: this.target,
    });
    const graph = printGraph(assignments.map(({ node }) => node));
    this.programs.push({ label, graph, plan });
    const counters = {
      dispatches: plan.dispatches.length,
      pipelines: plan.kernels.length,
      buffers: 0,
      bytes: 0,
      peakBytes: plan.peakBytes,
      compileMilliseconds: 0,
    };
    return { counters, print: () => printPlan(plan), dispose: () => {} };
  }

  wrap(node: Node): Tensor {
    return new Tensor(this, node);
  }

  trace<T>(body: () => T): T {
    return body();
  }

  release(): void {}
  together(): void {}
  throwIfFailed(): void {}
  tensor = refuse;
  submit = refuse as () => Promise<readonly TypedArray[]>;
  settled = refuse;
  read = refuse;
  evaluate = refuse;
}

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
