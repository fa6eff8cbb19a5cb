/** Adam and AdamW over the whole parameter arena, in place. */
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op } from "../../graph/op.ts";
import { defineOp, pick } from "../define.ts";
import { requireWords, SUMMARY } from "./layout.ts";
import { eachOwned, requireUpdateInputs, type UpdateAttributes, updateKernel } from "./update.ts";

export interface AdamAttributes extends UpdateAttributes {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Weight decay beside the gradient (AdamW), not in it. */
  readonly decoupled: boolean;
}

/** Inputs: gradients, chunks, summary, step, adamTable, parameters, moments. Outputs: the last two as they become. */
export const updateAdamOp: Op<AdamAttributes> = defineOp<AdamAttributes>({
  name: "updateAdam",
  infer: (inputs) => {
    const [, , , , , parameters, moments] = inputs;
    requireUpdateInputs("updateAdam", inputs, parameters);
    requireWords("updateAdam", "moments", moments, 2 * parameters.shape[0]!);
    return [
      { shape: parameters.shape, dtype: "f32" },
      { shape: moments.shape, dtype: "f32" },
    ];
  },
  vjp: "nondifferentiable",
  reference: (inputs, attributes) => {
    const { beta1, beta2, epsilon, decoupled } = attributes;
    const [, , summary, , table, parametersBefore, momentsBefore] = inputs;
    const parameters = parametersBefore.data.slice();
    const moments = momentsBefore.data.slice();
    const size = parameters.length;
    const entry = 2 * Math.min(summary.data[SUMMARY.appliedStep]!, table.data.length / 2 - 1);
    eachOwned(inputs, parametersBefore.data, attributes, ({ index, w: before, g, rate, decay }) => {
      const w = decoupled ? before - rate * decay * before : before;
      const d = decoupled ? g : g + decay * before;
      const m = beta1 * moments[index]! + (1 - beta1) * d;
      const v = beta2 * moments[size + index]! + (1 - beta2) * d * d;
      moments[index] = m;
      moments[size + index] = v;
      parameters[index] = w - (rate * table.data[entry]! * m) / (Math.sqrt(v) * table.data[entry + 1]! + epsilon);
    });
    return [
      { shape: parametersBefore.shape, data: parameters },
      { shape: momentsBefore.shape, data: moments },
    ];
  },
  form: {
    kind: "kernel",
    kernel: (inputs, _outputs, attributes, target) => {
      const { beta1, beta2, epsilon, decoupled } = attributes;
      return updateKernel("update_adam", inputs[1], attributes, target, {
        overrides: {
          PARAMETERS: inputs[5].shape[0]!,
          CORRECTIONS: inputs[4].shape[0]! / 2,
          BETA_2: beta2,
          ONE_MINUS_BETA_1: 1 - beta1,
          ONE_MINUS_BETA_2: 1 - beta2,
          EPSILON: epsilon,
          DECOUPLED: decoupled ? 1 : 0,
        },
        bindings: [{ input: 4 }, { output: 0 }, { output: 1 }],
      });
    },
    inPlace: { 0: 5, 1: 6 },
  },
});

export interface AdamInputs {
  readonly parameters: Node;
  readonly gradients: Node;
  /** f32, twice as many as parameters: the first moments, then the second. */
  readonly moments: Node;
  readonly chunks: Node;
  /** Of finishStatistics. */
  readonly summary: Node;
  readonly step: Node;
  /** f32[2 · T]: 1/(1 − β₁ᵗ) and 1/√(1 − β₂ᵗ) for t = 1 … T. */
  readonly table: Node;
}

/** One dispatch. The results are to be assigned to the states they are named after. */
export function updateAdam(
  { parameters, gradients, moments, chunks, summary, step, table }: AdamInputs,
  attributes: AdamAttributes,
): { readonly parameters: Node; readonly moments: Node } {
  const node = makeNode(updateAdamOp, [gradients, chunks, summary, step, table, parameters, moments], attributes);
  return { parameters: pick(node, 0), moments: pick(node, 1) };
}
