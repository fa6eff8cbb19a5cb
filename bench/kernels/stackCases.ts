/** Depth fusion as cases: the walk through a stack, forward and backward, and the gradients of its weights, of each in one dispatch and in several. */
import type { Target } from "../../src/graph/op.ts";
import { MOST_WIDTH } from "../../src/ops/stack/geometry.ts";
import type { PlanDispatch } from "../../src/plan/types.ts";
import { deep, type Layer, linear, type NetSize, plainHidden, plainNet } from "../remedies/plainNet.ts";
import { capturedStep } from "./capture.ts";
import type { KernelCase, KernelSize } from "./cases.ts";

/** Layers of a stack. */
const DEPTH = 12;
/** Dispatches of a stack whose one would run too long. */
const PARTS = 3;

/** Bodies of one product each. */
const BODIES: Readonly<Record<string, (width: number) => readonly Layer[]>> = {
  "": plainHidden,
  " of residual, layer-norm and dropout": (width) => [
    { type: "residual", body: ["layerNorm", linear(width), "tanh", { type: "dropout", rate: 0.1 }] },
  ],
};

/** Stacks at that size, or at the widest that there is, with no more rows than features. */
export async function stackCases({ rows, width }: KernelSize, target: Target): Promise<KernelCase[]> {
  const size: KernelSize = { rows: Math.min(rows, MOST_WIDTH), width: Math.min(width, MOST_WIDTH) };
  // A layer more where the first is none of the repeat's.
  const net: NetSize = { depth: size.width === 64 ? DEPTH : DEPTH + 1, width: size.width, batchSize: size.rows };
  const found: KernelCase[] = [];
  for (const [body, hidden] of Object.entries(BODIES))
    for (const parts of [1, PARTS]) {
      const filled = await capturedStep({ ...plainNet(net, 7), model: deep(net, hidden) }, target, parts);
      const { kernels, dispatches } = filled.plan;
      const those = (name: string, backward?: boolean): PlanDispatch[] =>
        dispatches.filter(({ kernel }) => {
          const { name: own, defines } = kernels[kernel]!;
          return own === name && (backward === undefined || defines["BACKWARD"] === backward);
        });
      const add = (kernel: string, way: string, own: readonly PlanDispatch[]): void => {
        const variant = `${way}${DEPTH} layers${body}${parts > 1 ? ` in ${parts} dispatches` : ""}`;
        const operations = DEPTH * 2 * size.rows * size.width ** 2;
        found.push({ kernels: [kernel], variant, size, layout: target.adapterClass, filled, dispatches: own, operations });
      };
      add("stack", "forward, ", those("stack", false));
      add("stack", "backward, ", those("stack", true));
      add("stack_weights", "", those("stack_weights"));
    }
  return found;
}
