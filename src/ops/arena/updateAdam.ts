/** Adam and AdamW over the whole parameter arena, in place. */
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op } from "../../graph/op.ts";
import { defineOp, pick } from "../define.ts";
import { arenaWorkgroupSize, regularized } from "./gradientStatistics.ts";
import { CHUNK, floatOf, requireWords, STEP, SUMMARY } from "./layout.ts";

export interface AdamAttributes {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Weight decay beside the gradient (AdamW), not in it. */
  readonly decoupled: boolean;
  /** As in gradientStatistics. */
  readonly regularizer: boolean;
}

/** Inputs: gradients, chunks, summary, step, adamTable, parameters, moments. Outputs: the last two as they become. */
export const updateAdamOp: Op<AdamAttributes> = defineOp<AdamAttributes>({
  name: "updateAdam",
  infer: ([gradients, , summary, step, , parameters, moments]) => {
    const size = parameters.shape[0]!;
    requireWords("updateAdam", "gradients", gradients, size);
    requireWords("updateAdam", "summary", summary, SUMMARY.words);
    requireWords("updateAdam", "step", step, STEP.words);
    requireWords("updateAdam", "moments", moments, 2 * size);
    return [
      { shape: parameters.shape, dtype: "f32" },
      { shape: moments.shape, dtype: "f32" },
    ];
  },
  vjp: "nondifferentiable",
  reference: (
    [gradients, chunks, summary, step, table, parametersBefore, momentsBefore],
    { beta1, beta2, epsilon, decoupled, regularizer },
  ) => {
    const parameters = parametersBefore.data.slice();
    const moments = momentsBefore.data.slice();
    const size = parameters.length;
    const at = (word: number): number => floatOf(step.data[word]!);
    const [rate, decay] = [at(STEP.learningRate), at(STEP.weightDecay)];
    const [l2, l1] = regularizer ? [at(STEP.l2), at(STEP.l1)] : [0, 0];
    const entry = 2 * Math.min(summary.data[SUMMARY.appliedStep]!, table.data.length / 2 - 1);
    for (let chunk = 0; summary.data[SUMMARY.skip] === 0 && chunk < chunks.data.length; chunk += CHUNK.words) {
      const [offset, length, , role] = chunks.data.subarray(chunk) as unknown as [number, number, number, number];
      for (let index = offset; index < offset + length; index++) {
        let w = parameters[index]!;
        let d = floatOf(summary.data[SUMMARY.clipScale]!) * regularized(gradients.data[index]!, w, role, l2, l1);
        if (decoupled) w -= rate * decay * w;
        else d += decay * w;
        const m = beta1 * moments[index]! + (1 - beta1) * d;
        const v = beta2 * moments[size + index]! + (1 - beta2) * d * d;
        moments[index] = m;
        moments[size + index] = v;
        parameters[index] = w - (rate * table.data[entry]! * m) / (Math.sqrt(v) * table.data[entry + 1]! + epsilon);
      }
    }
    return [
      { shape: parametersBefore.shape, data: parameters },
      { shape: momentsBefore.shape, data: moments },
    ];
  },
  form: {
    kind: "kernel",
    kernel: (inputs, _outputs, { beta1, beta2, epsilon, decoupled, regularizer }, target) => {
      const count = inputs[1].shape[0]! / CHUNK.words;
      return {
        calls: [
          {
            shader: "update_adam",
            defines: { SIZE: arenaWorkgroupSize(target), REGULARIZER: regularizer },
            overrides: {
              CHUNKS: count,
              PARAMETERS: inputs[5].shape[0]!,
              CORRECTIONS: inputs[4].shape[0]! / 2,
              BETA_2: beta2,
              ONE_MINUS_BETA_1: 1 - beta1,
              ONE_MINUS_BETA_2: 1 - beta2,
              EPSILON: epsilon,
              DECOUPLED: decoupled ? 1 : 0,
            },
            workgroups: count,
            bindings: [...[0, 1, 2, 3, 4].map((input) => ({ input })), { output: 0 }, { output: 1 }],
          },
        ],
      };
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
