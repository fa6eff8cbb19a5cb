/** An engine without a GPU: training code builds its graphs on it, and the plans that would be replayed, and what was written, are kept. */
import { type DType, type TypedArray, typedArray } from "../../src/core/dtype.ts";
import { type Node, printGraph } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { state as stateNode } from "../../src/ops/define.ts";
import { lower } from "../../src/plan/lower.ts";
import { type Plan, printPlan } from "../../src/plan/types.ts";
import { Tensor, type TensorOwner } from "../../src/tensor.ts";
import type { Program, ProgramRequest, Runtime, StateBuffer } from "../../src/train/runtime.ts";

const refuse = (): never => {
  throw new Error("this runtime only plans: it has no GPU");
};

export interface PlannedProgram {
  readonly label: string;
  /** Printed when it is asked for. */
  readonly graph: string;
  readonly plan: Plan;
  /** The graph's user numbers. */
  readonly scalars: readonly number[];
}

export class PlanningRuntime implements Runtime, TensorOwner {
  readonly programs: PlannedProgram[] = [];
  /** What each state holds, by its name. */
  readonly contents: Record<string, TypedArray> = {};
  readonly tuning = null;
  readonly adapter: { readonly class: "software" | "hardware"; readonly description: string };
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

  async compileProgram({ label, assignments, check }: ProgramRequest): Promise<Program> {
    const { plan, items } = lower({
      roots: [],
      assignments: assignments.map(({ state, node }) => ({ state: state.name, node })),
      ...(check ? { layers: check.layers } : {}),
      target: this.target,
    });
    const scalars = items.scalars.map((node) => node.attributes.value);
    this.programs.push({
      label,
      get graph() {
        return printGraph(assignments.map(({ node }) => node));
      },
      plan,
      scalars,
    });
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
