/** What no invocation of a software adapter could go through to the end is refused when it is planned, and planned for hardware, whose loops do not end. */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { STEP } from "../../src/ops/arena/layout.ts";
import { argmax } from "../../src/ops/argReduce.ts";
import { input, state } from "../../src/ops/define.ts";
import { embedding } from "../../src/ops/gather.ts";
import { finishInsight } from "../../src/ops/insight/finishInsight.ts";
import { HISTOGRAM_BINS, parameterRecordWords } from "../../src/ops/insight/layout.ts";
import { multiMargin } from "../../src/ops/multiMargin.ts";
import { softmax } from "../../src/ops/softmax.ts";
import { softmaxCrossEntropy } from "../../src/ops/softmaxCrossEntropy.ts";
import { lower } from "../../src/plan/lower.ts";

const f = (...shape: number[]): Node => input(shape, "f32");
const software: Target = { adapterClass: "software", subgroups: false };
const hardware: Target = { ...software, adapterClass: "hardware" };
const labels = input([1], "i32");

/** The gradient of a table of `rows` numbers, of which 200,000 were looked up. */
function tableGradient(rows: number): Node {
  const table = f(rows, 1);
  return backward([{ node: embedding(table, input([200_000], "i32")), gradient: f(200_000, 1) }], [table])[0]!;
}

describe("is planned on software to the last round, and refused past it", () => {
  it.each([
    ["a softmax of a line", (length: number) => softmax(f(length)), 5_120_000, /^softmax: takes 60001 rounds of an invocation's loops/],
    ["a search", (length: number) => argmax(f(length)), 15_360_000, /^argmax: takes 60001 rounds/],
    [
      "a loss of classes",
      (classes: number) => softmaxCrossEntropy(f(1, classes), labels),
      5_120_000,
      /^softmax_cross_entropy: takes 60001 rounds/,
    ],
    ["a margin of classes", (classes: number) => multiMargin(f(1, classes), labels), 5_120_000, /^multi_margin: takes 60001 rounds/],
    ["a table's gradient", tableGradient, 2_581_110, /^the gradient of gather: 200000 indices into 2581111 rows of 1 need more memory/],
  ] as const)("%s", (_, make, most, refusal) => {
    const plan = (size: number, target: Target) => lower({ roots: [make(size)], assignments: [], target }).plan;
    expect(plan(most, software).dispatches.length).toBeGreaterThan(0);
    expect(() => plan(most + 1, software)).toThrow(refusal);
    expect(plan(most + 1, hardware).dispatches.length).toBeGreaterThan(0);
  });

  it("a parameter's histogram", () => {
    const words = (count: number): Node => input([count], "u32");
    const size = parameterRecordWords(1, true);
    const ring = state({ state: "ring", offset: 0, size, shape: [size], dtype: "u32" });
    const parts = {
      gradients: words(8),
      updates: words(4),
      segments: words(2),
      step: words(STEP.words),
      histograms: words(HISTOGRAM_BINS),
    };
    const sizeFor = (chunks: number, target: Target): unknown => {
      const node = finishInsight({ ...parts, ring }, { segments: 1, slots: 1, chunks });
      const { plan } = lower({ roots: [], assignments: [{ state: "ring", node }], target });
      return plan.kernels[plan.dispatches[0]!.kernel]!.defines["SIZE"];
    };
    // For each chunk a round for each of 64 bins and one for all else: shared by four invocations, up to one for each bin.
    expect([3692, 3693, 59_076].map((chunks) => sizeFor(chunks, software))).toEqual([4, 8, 64]);
    expect(() => sizeFor(59_077, software)).toThrow(/^insight with histograms: takes 60001 rounds/);
    expect(sizeFor(59_077, hardware)).toBe(256);
  });
});
