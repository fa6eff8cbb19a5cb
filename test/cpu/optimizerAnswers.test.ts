/** The references of all optimizers against PyTorch and the papers: 50 updates each. The kernels are held against the same answers in test/gpu/optimizers.test.ts. */
import { expect, it } from "vitest";
import type { Node } from "../../src/graph/node.ts";
import { bitsOf, STEP, SUMMARY } from "../../src/ops/arena/layout.ts";
import { input } from "../../src/ops/define.ts";
import { factorTable, initialMoment, momentCount } from "../../src/optim/optimizers.ts";
import { initialMoments } from "../../src/train/trainerStates.ts";
import { loadUpdate } from "../../src/train/update.ts";
import { computeFloat64 } from "../support/float64.ts";
import { arena, gathered, gradients, learningRates, optimizerCases, placed, start, tablesFor } from "../support/optimizerFixture.ts";

it.each(optimizerCases)("$name", async ({ optimizer, after }) => {
  const kept = momentCount(optimizer);
  const table = factorTable(optimizer);
  const { stacks, chunks } = tablesFor(optimizer);
  const nodes = {
    parameters: input([arena.size], "f32"),
    gradients: input([arena.size], "f32"),
    moments: kept > 0 ? input([kept * arena.size], "f32") : null,
    chunks: input([arena.chunks.length], "u32"),
    segments: input([arena.segmentTable.length], "u32"),
    summary: input([SUMMARY.words], "u32"),
    step: input([STEP.words], "u32"),
    table: table ? input([table.length], "f32") : null,
  };
  const updated = (await loadUpdate(optimizer, stacks))(nodes, { regularizer: false, clip: "scale" });
  const states = [updated.parameters, ...(updated.moments ? [updated.moments] : [])];
  const step = new Float64Array(STEP.words);
  step[STEP.weightDecay] = bitsOf(optimizer.weightDecay);
  let parameters = Float64Array.from(start);
  let moments = Float64Array.from(initialMoments(arena, kept, initialMoment(optimizer)) ?? new Float32Array(kept * arena.size));
  for (const [applied, gradient] of gradients.entries()) {
    const summary = new Float64Array(SUMMARY.words);
    summary[SUMMARY.clipScale] = bitsOf(1);
    summary[SUMMARY.appliedStep] = applied;
    summary[SUMMARY.learningRate] = bitsOf(learningRates[applied]!);
    const values = new Map<Node, ArrayLike<number>>([
      [nodes.parameters, parameters],
      [nodes.gradients, placed(gradient)],
      [nodes.chunks, chunks],
      [nodes.segments, arena.segmentTable],
      [nodes.summary, summary],
      [nodes.step, step],
      ...(nodes.moments ? [[nodes.moments, moments] as const] : []),
      ...(nodes.table ? [[nodes.table, table!] as const] : []),
    ]);
    const [newParameters, newMoments] = computeFloat64(states, values);
    parameters = Float64Array.from(newParameters!);
    moments = Float64Array.from(newMoments ?? []);
    const expected = after.get(applied + 1);
    if (!expected) continue;
    // Weight decay and the tables' factors pass through float32: 2⁻²⁴ of steps that sum to less than 16.
    const worst = gathered(parameters).reduce((most, value, index) => Math.max(most, Math.abs(value - expected[index]!)), 0);
    expect(worst, `after ${applied + 1} updates`).toBeLessThan(16 * 2 ** -24);
  }
});
