/** The end of insight into parameters: the chunks of each segment joined, and the step's record written. */
import finishInsightText from "../../../shaders/finish_insight.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader, Target } from "../../graph/op.ts";
import { bitsOf, floatOf, requireWords, STEP } from "../arena/layout.ts";
import { defineOp } from "../define.ts";
import { sharingSize } from "../lanes.ts";
import { GRADIENT_PARTIAL, HISTOGRAM_BINS, INSIGHT_HEAD, parameterRecordWords, parameterWords, UPDATE_PARTIAL } from "./layout.ts";

export const finishInsightShader: Shader = { name: "finish_insight", text: grid + scaled + finishInsightText };

export interface FinishInsightAttributes {
  readonly segments: number;
  /** Records that the ring holds. */
  readonly slots: number;
  readonly histograms: boolean;
  /** Of the segment that has the most. */
  readonly chunks: number;
}

/** Inputs: gradient partials, update partials, segments, step, ring, and histograms where there are any. Output: the ring as it becomes. */
export const finishInsightOp: Op<FinishInsightAttributes> = defineOp<FinishInsightAttributes>({
  name: "finishInsight",
  infer: ([, , segmentTable, step, ring], { segments, slots, histograms }) => {
    requireWords("finishInsight", "segments", segmentTable, 2 * segments);
    requireWords("finishInsight", "step", step, STEP.words);
    requireWords("finishInsight", "ring", ring, slots * parameterRecordWords(segments, histograms));
    return { shape: ring.shape, dtype: "u32" };
  },
  vjp: "nondifferentiable",
  reference: (inputs, { segments, slots, histograms }) => {
    const [gradients, updates, segmentTable, step, before, bins] = inputs;
    const ring = before.data.slice();
    const record = (step.data[STEP.attemptedStep]! % slots) * parameterRecordWords(segments, histograms);
    ring.set([step.data[STEP.attemptedStep]!, 0, 0, 0], record);
    for (let segment = 0; segment < segments; segment++) {
      const first = segmentTable.data[2 * segment]!;
      const all = { highest: 0, zeros: 0, kinds: 0, weight: 0, weightKinds: 0, change: 0, changeKinds: 0 };
      const counts = new Float64Array(histograms ? HISTOGRAM_BINS : 0);
      for (let chunk = first; chunk < first + segmentTable.data[2 * segment + 1]!; chunk++) {
        const g = (word: number): number => gradients.data[chunk * GRADIENT_PARTIAL.words + word]!;
        const u = (word: number): number => updates.data[chunk * UPDATE_PARTIAL.words + word]!;
        all.highest = Math.max(all.highest, floatOf(g(GRADIENT_PARTIAL.highest)));
        all.zeros += g(GRADIENT_PARTIAL.zeros);
        all.kinds |= g(GRADIENT_PARTIAL.kinds);
        all.weight += floatOf(g(GRADIENT_PARTIAL.weightSquares)) * 4 ** (g(GRADIENT_PARTIAL.weightExponent) | 0);
        all.weightKinds |= g(GRADIENT_PARTIAL.weightKinds);
        all.change += floatOf(u(UPDATE_PARTIAL.squares)) * 4 ** (u(UPDATE_PARTIAL.exponent) | 0);
        all.changeKinds |= u(UPDATE_PARTIAL.kinds);
        for (let bin = 0; bin < counts.length; bin++) counts[bin]! += bins.data[chunk * HISTOGRAM_BINS + bin]!;
      }
      const ratio = all.weight === 0 ? (all.change === 0 ? 0 : Infinity) : Math.sqrt(all.change / all.weight);
      const words = [
        bitsOf(marked(all.highest, all.kinds)),
        all.zeros,
        bitsOf(marked(Math.sqrt(all.weight), all.weightKinds)),
        bitsOf(marked(ratio, all.changeKinds | (all.weightKinds === 0 ? 0 : 2))),
      ];
      ring.set([...words, ...counts], record + INSIGHT_HEAD + segment * parameterWords(histograms));
    }
    return { shape: [ring.length], data: ring };
  },
  form: {
    kind: "kernel",
    kernel: (_inputs, _outputs, { segments, slots, histograms, chunks }, target) => ({
      calls: [
        {
          shader: finishInsightShader,
          defines: { SIZE: finishSize(chunks, histograms, target), HISTOGRAM: histograms, WORDS: parameterWords(histograms) },
          overrides: { SEGMENTS: segments, SLOTS: slots },
          workgroups: segments,
          bindings: [...[0, 1, 2, 3].map((input) => ({ input })), { output: 0 }, ...(histograms ? [{ input: 5 }] : [])],
        },
      ],
    }),
    inPlace: { 0: 4 },
  },
});

/** Chunks are shared by all invocations, and bins, each over all chunks, by up to as many as there are bins. */
const finishSize = (chunks: number, histograms: boolean, target: Target): number =>
  sharingSize(
    "insight with histograms",
    (histograms ? HISTOGRAM_BINS + 1 : 1) * chunks,
    target,
    "Ask for insight without histograms",
    HISTOGRAM_BINS,
  );

const marked = (value: number, kinds: number): number => ((kinds & 2) !== 0 ? Number.NaN : kinds !== 0 ? Infinity : value);

export interface FinishInsightInputs {
  /** Of insightGradients. */
  readonly gradients: Node;
  /** Of insightUpdate. */
  readonly updates: Node;
  readonly segments: Node;
  readonly step: Node;
  readonly ring: Node;
  /** Of insightGradients. */
  readonly histograms: Node | null;
}

/** One dispatch. The result is to be assigned to the ring. */
export function finishInsight(
  { gradients, updates, segments, step, ring, histograms }: FinishInsightInputs,
  attributes: Omit<FinishInsightAttributes, "histograms">,
): Node {
  const inputs = [gradients, updates, segments, step, ring, ...(histograms ? [histograms] : [])];
  return makeNode(finishInsightOp, inputs, { ...attributes, histograms: histograms !== null });
}
