/** First pass over the gradient arena: what each chunk adds to norms, penalty and the test for non-finite numbers. */
import gradientStatisticsText from "../../../shaders/gradient_statistics.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import lanes from "../../../shaders/lib/lanes.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader, Target } from "../../graph/op.ts";
import { defineOp } from "../define.ts";
import { workgroupSize } from "../lanes.ts";
import { bitsOf, CHUNK, exponentOf, floatOf, PARTIAL, ROLE_WEIGHT, requireWords, STEP } from "./layout.ts";

export const gradientStatisticsShader: Shader = { name: "gradient_statistics", text: grid + lanes + scaled + gradientStatisticsText };

export interface StatisticsAttributes {
  /** Whether weights have a penalty, whose gradient joins theirs: λ's are in the step. */
  readonly regularizer: boolean;
  /** Whether the penalty's gradient is in the gradients already; default false. */
  readonly joined?: boolean;
}

/** The gradient that an update sees before the clip: g + l2·w + l1·sign(w) for weights. */
export function regularized(g: number, w: number, role: number, l2: number, l1: number): number {
  return role === ROLE_WEIGHT ? g + l2 * w + l1 * Math.sign(w) : g;
}

/** Inputs: parameters, gradients, chunks, step. Output: PARTIAL words for each chunk. */
export const gradientStatisticsOp: Op<StatisticsAttributes> = defineOp<StatisticsAttributes>({
  name: "gradientStatistics",
  infer: ([parameters, gradients, chunks, step]) => {
    requireWords("gradientStatistics", "gradients", gradients, parameters.shape[0]!);
    requireWords("gradientStatistics", "step", step, STEP.words);
    return { shape: [(chunks.shape[0]! / CHUNK.words) * PARTIAL.words], dtype: "u32" };
  },
  vjp: "nondifferentiable",
  reference: ([parameters, gradients, chunks, step], { regularizer, joined = false }) => {
    const count = chunks.data.length / CHUNK.words;
    const data = new Float64Array(count * PARTIAL.words);
    const l2 = regularizer ? floatOf(step.data[STEP.l2]!) : 0;
    const l1 = regularizer ? floatOf(step.data[STEP.l1]!) : 0;
    for (let chunk = 0; chunk < count; chunk++) {
      const [offset, length, , role] = chunks.data.subarray(chunk * CHUNK.words) as unknown as [number, number, number, number];
      const penalized = role === ROLE_WEIGHT && chunks.data[chunk * CHUNK.words + CHUNK.rateFactor] !== 0;
      const weights = parameters.data.subarray(offset, offset + length);
      const g = gradients.data
        .subarray(offset, offset + length)
        .map((value, index) => (penalized && !joined ? regularized(value, weights[index]!, role, l2, l1) : value));
      const finite = g.filter(Number.isFinite);
      const highest = Math.fround(finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
      const scale = 2 ** -exponentOf(bitsOf(highest));
      const squares = finite.reduce((sum, value) => sum + (value * scale) ** 2, 0);
      const penalty = penalized ? weights.reduce((sum, w) => sum + (l2 / 2) * w * w + l1 * Math.abs(w), 0) : 0;
      const bad = (g.some((value) => Math.abs(value) === Infinity) ? 1 : 0) | (g.some(Number.isNaN) ? 2 : 0);
      data.set([bitsOf(highest), bitsOf(squares), bitsOf(penalty), bad], chunk * PARTIAL.words);
    }
    return { shape: [data.length], data };
  },
  form: {
    kind: "kernel",
    kernel: ([, , chunks], _outputs, { regularizer, joined = false }, target) => {
      const count = chunks.shape[0]! / CHUNK.words;
      return {
        calls: [
          {
            shader: gradientStatisticsShader,
            defines: { SIZE: arenaWorkgroupSize(target), REGULARIZER: regularizer },
            overrides: { CHUNKS: count, JOINED: joined ? 1 : 0 },
            workgroups: count,
            bindings: [{ input: 1 }, { input: 2 }, { output: 0 }, ...(regularizer ? [{ input: 0 }, { input: 3 }] : [])],
          },
        ],
      };
    },
  },
});

/** Invocations that walk a chunk of at most 4,096 elements. */
export const arenaWorkgroupSize = (target: Target): number => workgroupSize(target);

export interface StatisticsInputs {
  readonly parameters: Node;
  readonly gradients: Node;
  readonly chunks: Node;
  readonly step: Node;
}

/** One dispatch: u32[4 · chunks], for finishStatistics. */
export function gradientStatistics({ parameters, gradients, chunks, step }: StatisticsInputs, attributes: StatisticsAttributes): Node {
  return makeNode(gradientStatisticsOp, [parameters, gradients, chunks, step], attributes);
}
