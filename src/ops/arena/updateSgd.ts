/** Stochastic gradient descent over the whole parameter arena, in place. */
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op } from "../../graph/op.ts";
import { defineOp, pick } from "../define.ts";
import { arenaWorkgroupSize, regularized } from "./gradientStatistics.ts";
import { CHUNK, floatOf, requireWords, STEP, SUMMARY } from "./layout.ts";

export interface SgdAttributes {
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  /** As in gradientStatistics. */
  readonly regularizer: boolean;
}

/** Inputs: gradients, chunks, summary, step, parameters, and moments unless momentum is 0. Outputs: the last ones as they become. */
export const updateSgdOp: Op<SgdAttributes> = defineOp<SgdAttributes>({
  name: "updateSgd",
  infer: (inputs, { momentum }) => {
    const [gradients, , summary, step, parameters, moments] = inputs;
    requireWords("updateSgd", "gradients", gradients, parameters.shape[0]!);
    requireWords("updateSgd", "summary", summary, SUMMARY.words);
    requireWords("updateSgd", "step", step, STEP.words);
    const type = { shape: parameters.shape, dtype: "f32" } as const;
    if (momentum === 0) return type;
    requireWords("updateSgd", "moments", moments, parameters.shape[0]!);
    return [type, type];
  },
  vjp: "nondifferentiable",
  reference: (inputs, { momentum, dampening, nesterov, regularizer }) => {
    const [gradients, chunks, summary, step, before] = inputs;
    const parameters = before.data.slice();
    const moments = momentum === 0 ? null : inputs[5].data.slice();
    const at = (word: number): number => floatOf(step.data[word]!);
    const [l2, l1] = regularizer ? [at(STEP.l2), at(STEP.l1)] : [0, 0];
    for (let chunk = 0; summary.data[SUMMARY.skip] === 0 && chunk < chunks.data.length; chunk += CHUNK.words) {
      const [offset, length, , role] = chunks.data.subarray(chunk) as unknown as [number, number, number, number];
      for (let index = offset; index < offset + length; index++) {
        const w = parameters[index]!;
        let d = floatOf(summary.data[SUMMARY.clipScale]!) * regularized(gradients.data[index]!, w, role, l2, l1) + at(STEP.weightDecay) * w;
        if (moments) {
          const buffer = summary.data[SUMMARY.appliedStep] === 0 ? d : momentum * moments[index]! + (1 - dampening) * d;
          moments[index] = buffer;
          d = nesterov ? d + momentum * buffer : buffer;
        }
        parameters[index] = w - at(STEP.learningRate) * d;
      }
    }
    const { shape } = before;
    return moments ? [parameters, moments].map((data) => ({ shape, data })) : { shape, data: parameters };
  },
  form: {
    kind: "kernel",
    kernel: ([, chunks], _outputs, { momentum, dampening, nesterov, regularizer }, target) => {
      const count = chunks.shape[0]! / CHUNK.words;
      return {
        calls: [
          {
            shader: "update_sgd",
            defines: { SIZE: arenaWorkgroupSize(target), REGULARIZER: regularizer, MOMENTUM: momentum !== 0 },
            overrides: { CHUNKS: count, MOMENTUM: momentum, UNDAMPED: 1 - dampening, NESTEROV: nesterov ? 1 : 0 },
            workgroups: count,
            bindings: [...[0, 1, 2, 3].map((input) => ({ input })), { output: 0 }, ...(momentum === 0 ? [] : [{ output: 1 }])],
          },
        ],
      };
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
