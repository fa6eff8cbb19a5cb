/** The plan of a real training step with all that its states begin as, and of a graph on inputs that suit it. */
import { type DType, type TypedArray, typedArray } from "../../src/core/dtype.ts";
import { sizeOf } from "../../src/core/shape.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { parseExperiment, prepareExperiment, Tensor } from "../../src/index.ts";
import { state as stateNode } from "../../src/ops/define.ts";
import { lower } from "../../src/plan/lower.ts";
import { printPlan } from "../../src/plan/types.ts";
import type { TensorOwner } from "../../src/tensor.ts";
import { resolveOptions } from "../../src/train/options.ts";
import { PreparedStep } from "../../src/train/preparedStep.ts";
import type { Program, ProgramRequest, Runtime, StateBuffer } from "../../src/train/runtime.ts";
import { SplitOnGpu } from "../../src/train/splitOnGpu.ts";
import { createStates } from "../../src/train/trainerStates.ts";
import type { ExperimentJson } from "../remedies/plainNet.ts";
import type { FilledPlan } from "./planRunner.ts";

const refuse = (): never => {
  throw new Error("this runtime only plans: it has no GPU");
};

/** An engine without a GPU that remembers what was written. */
class CapturingRuntime implements Runtime, TensorOwner {
  readonly adapter: { readonly class: "software" | "hardware"; readonly description: string };
  readonly tuning = null;
  readonly contents: Record<string, TypedArray> = {};
  readonly plans: Omit<FilledPlan, "states" | "inputs">[] = [];
  private readonly target: Target;
  constructor(target: Target) {
    this.target = target;
    this.adapter = { class: target.adapterClass, description: "none" };
  }

  state(name: string, dtype: DType, size: number, initial?: TypedArray): StateBuffer {
    const data = typedArray(dtype, size);
    if (initial) data.set(initial);
    this.contents[name] = data;
    const node: StateBuffer["node"] = ({ offset = 0, shape = [size - offset], dtype: as = dtype } = {}) =>
      stateNode({ state: name, offset, size, shape, dtype: as });
    const read = async (offset = 0, length = size - offset): Promise<TypedArray> => data.slice(offset, offset + length);
    return { name, dtype, size, node, write: (written, offset = 0) => data.set(written, offset), read, dispose: () => {} };
  }

  async compileProgram({ assignments, check }: ProgramRequest): Promise<Program> {
    const { plan, items } = lower({
      roots: [],
      assignments: assignments.map(({ state, node }) => ({ state: state.name, node })),
      ...(check ? { layers: check.layers } : {}),
      target: this.target,
    });
    this.plans.push({ plan, scalars: items.scalars.map((node) => node.attributes.value) });
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
  submit(): undefined {
    return undefined;
  }
  release(): void {}
  together(): void {}
  throwIfFailed(): void {}
  settled = async (): Promise<void> => {};
  tensor = refuse;
  read = refuse;
  evaluate = refuse;
}

/** The step of an experiment on generated data, or on the digits; its first step is about to be made. */
export async function capturedStep(experiment: ExperimentJson, target: Target): Promise<FilledPlan> {
  const { dataset, options } = await prepareExperiment(parseExperiment(experiment));
  const runtime = new CapturingRuntime(target);
  const resolved = resolveOptions(options);
  const states = createStates(runtime, resolved);
  const split = new SplitOnGpu(runtime, dataset.train, dataset.sampleShape);
  const observed = resolved.insight !== null;
  const step = await PreparedStep.make(runtime, resolved, states, split, { plain: !observed, insight: observed });
  step.submit(0, null, true);
  return { ...runtime.plans.at(-1)!, inputs: [], states: runtime.contents };
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
