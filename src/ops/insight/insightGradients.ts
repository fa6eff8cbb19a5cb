/** Insight before an update: what each chunk tells of gradients and weights, their histogram where it is wanted, and a copy of the weights. */
import insightGradientsText from "../../../shaders/insight_gradients.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import lanes from "../../../shaders/lib/lanes.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { arenaWorkgroupSize, regularized } from "../arena/gradientStatistics.ts";
import { bitsOf, CHUNK, floatOf, requireWords, STEP } from "../arena/layout.ts";
import { defineOp, pick } from "../define.ts";
import { binOf, GRADIENT_PARTIAL, HISTOGRAM_BINS, kindsOf } from "./layout.ts";
import { scaledSquares } from "./scaledSquares.ts";

export const insightGradientsShader: Shader = { name: "insight_gradients", text: grid + lanes + scaled + insightGradientsText };

export interface InsightGradientsAttributes {
  /** As in gradientStatistics: gradients are those that updates see before the clip. */
  readonly regularizer: boolean;
  readonly histograms: boolean;
}

/** Inputs: gradients, parameters, chunks, step. Outputs: GRADIENT_PARTIAL words a chunk, the parameters again, and 64 counts a chunk. */
export const insightGradientsOp: Op<InsightGradientsAttributes> = defineOp<InsightGradientsAttributes>({
  name: "insightGradients",
  infer: ([gradients, parameters, chunks, step], { histograms }) => {
    requireWords("insightGradients", "gradients", gradients, parameters.shape[0]!);
    requireWords("insightGradients", "step", step, STEP.words);
    const count = chunks.shape[0]! / CHUNK.words;
    const u32 = (words: number) => ({ shape: [words], dtype: "u32" as const });
    const copies = { shape: parameters.shape, dtype: "f32" as const };
    return [u32(count * GRADIENT_PARTIAL.words), copies, ...(histograms ? [u32(count * HISTOGRAM_BINS)] : [])];
  },
  vjp: "nondifferentiable",
  reference: ([gradients, parameters, chunks, step], { regularizer, histograms }) => {
    const count = chunks.data.length / CHUNK.words;
    const partials = new Float64Array(count * GRADIENT_PARTIAL.words);
    const copies = new Float64Array(parameters.data.length);
    const bins = new Float64Array(count * HISTOGRAM_BINS);
    const [l2, l1] = regularizer ? [floatOf(step.data[STEP.l2]!), floatOf(step.data[STEP.l1]!)] : [0, 0];
    for (let chunk = 0; chunk < count; chunk++) {
      const [offset, length, , role] = chunks.data.subarray(chunk * CHUNK.words) as unknown as [number, number, number, number];
      const w = parameters.data.subarray(offset, offset + length);
      const own = gradients.data.subarray(offset, offset + length);
      const g = regularizer ? own.map((value, index) => regularized(value, w[index]!, role, l2, l1)) : own;
      copies.set(w, offset);
      const finite = g.filter(Number.isFinite);
      for (const value of finite) bins[chunk * HISTOGRAM_BINS + binOf(Math.fround(value))]! += 1;
      const highest = finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const zeros = g.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
      const { exponent, squares } = scaledSquares(w);
      partials.set([bitsOf(highest), zeros, kindsOf(g), exponent >>> 0, bitsOf(squares), kindsOf(w), 0, 0], chunk * GRADIENT_PARTIAL.words);
    }
    return [partials, copies, ...(histograms ? [bins] : [])].map((data) => ({ shape: [data.length], data }));
  },
  form: {
    kind: "kernel",
    kernel: ([, , chunks], _outputs, { regularizer, histograms }, target) => {
      const count = chunks.shape[0]! / CHUNK.words;
      return {
        calls: [
          {
            shader: insightGradientsShader,
            defines: { SIZE: arenaWorkgroupSize(target), REGULARIZER: regularizer, HISTOGRAM: histograms },
            overrides: { CHUNKS: count },
            workgroups: count,
            bindings: [...[0, 1, 2, 3].map((input) => ({ input })), { output: 0 }, { output: 1 }, ...(histograms ? [{ output: 2 }] : [])],
          },
        ],
      };
    },
  },
});

export interface InsightGradientsInputs {
  readonly gradients: Node;
  readonly parameters: Node;
  readonly chunks: Node;
  readonly step: Node;
}

/** One dispatch. */
export function insightGradients(
  { gradients, parameters, chunks, step }: InsightGradientsInputs,
  attributes: InsightGradientsAttributes,
): { readonly partials: Node; readonly copies: Node; readonly histograms: Node | null } {
  const node = makeNode(insightGradientsOp, [gradients, parameters, chunks, step], attributes);
  return { partials: pick(node, 0), copies: pick(node, 1), histograms: attributes.histograms ? pick(node, 2) : null };
}
