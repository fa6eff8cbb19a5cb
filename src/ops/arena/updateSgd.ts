/** Stochastic gradient descent over the whole parameter arena, in place. */
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op } from "../../graph/op.ts";
import { defineOp, pick } from "../define.ts";
import { requireWords, SUMMARY } from "./layout.ts";
import { eachOwned, requireUpdateInputs, type UpdateAttributes, updateKernel } from "./update.ts";

export interface SgdAttributes extends UpdateAttributes {
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
}

/** Inputs: gradients, chunks, summary, step, parameters, and moments unless momentum is 0. Outputs: the last ones as they become. */
export const updateSgdOp: Op<SgdAttributes> = defineOp<SgdAttributes>({
  name: "updateSgd",
  infer: (inputs, { momentum }) => {
    const [, , , , parameters, moments] = inputs;
    requireUpdateInputs("updateSgd", inputs, parameters);
    const type = { shape: parameters.shape, dtype: "f32" } as const;
    if (momentum === 0) return type;
    requireWords("updateSgd", "moments", moments, parameters.shape[0]!);
    return [type, type];
  },
  vjp: "nondifferentiable",
  reference: (inputs, attributes) => {
    const { momentum, dampening, nesterov } = attributes;
    const [, , summary, , before] = inputs;
    const parameters = before.data.slice();
    const moments = momentum === 0 ? null : inputs[5].data.slice();
    eachOwned(inputs, before.data, attributes, ({ index, w, g, rate, decay }) => {
      let d = g + decay * w;
      if (moments) {
        const buffer = summary.data[SUMMARY.appliedStep] === 0 ? d : momentum * moments[index]! + (1 - dampening) * d;
        moments[index] = buffer;
        d = nesterov ? d + momentum * buffer : buffer;
      }
      parameters[index] = w - rate * d;
    });
    const { shape } = before;
    return moments ? [parameters, moments].map((data) => ({ shape, data })) : { shape, data: parameters };
  },
  form: {
    kind: "kernel",
    kernel: ([, chunks], _outputs, attributes, target) => {
      const { momentum, dampening, nesterov } = attributes;
      return updateKernel("update_sgd", chunks, attributes, target, {
        defines: { MOMENTUM: momentum !== 0 },
        overrides: { MOMENTUM: momentum, UNDAMPED: 1 - dampening, NESTEROV: nesterov ? 1 : 0 },
        bindings: [{ output: 0 }, ...(momentum === 0 ? [] : [{ output: 1 }])],
      });
    },
    inPlace: { 0: 4, 1: 5 },
  },
});

export interface SgdInputs {
  readonly parameters: Node;
  readonly gradients: Node;
  /** f32, as many as parameters; null where momentum is 0. */
  readonly moments: Node | null;
  readonly chunks: Node;
  /** Of finishStatistics. */
  readonly summary: Node;
  readonly step: Node;
}

/** One dispatch. The results are to be assigned to the states they are named after. */
export function updateSgd(
  { parameters, gradients, moments, chunks, summary, step }: SgdInputs,
  attributes: SgdAttributes,
): { readonly parameters: Node; readonly moments: Node | null } {
  const states = attributes.momentum === 0 ? [parameters] : [parameters, moments!];
  const node = makeNode(updateSgdOp, [gradients, chunks, summary, step, ...states], attributes);
  return { parameters: pick(node, 0), moments: attributes.momentum === 0 ? null : pick(node, 1) };
}
