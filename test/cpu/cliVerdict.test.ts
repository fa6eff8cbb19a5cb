import { describe, expect, it } from "vitest";
import { type JudgedReport, judge } from "../../src/train/verdict.ts";

interface Given {
  readonly norms: readonly number[];
  readonly loss?: (step: number) => number;
  readonly clipScale?: number;
}

/** A run of so many steps with the same norms of weights throughout, each with a bias of rounding noise beside it. */
function run(steps: number, given: Given | ((step: number) => Given)): JudgedReport[] {
  return Array.from({ length: steps }, (_, step) => {
    const { norms, loss = (at) => 2.3 * Math.exp(-at / 20), clipScale = 1 } = typeof given === "function" ? given(step) : given;
    const layers = norms.flatMap((gradientNorm, layer) => [
      { name: `${layer}.weight`, role: "weight" as const, gradientNorm },
      { name: `${layer}.bias`, role: "bias" as const, gradientNorm: 1e-12 },
    ]);
    return { step, loss: loss(step), clipScale, layers };
  });
}

describe("judge", () => {
  it("calls a net healthy whose gradient arrives and whose loss falls", () => {
    const verdict = judge(run(100, { norms: [0.5, 1, 1] }));
    expect(verdict).toMatchObject({
      kind: "healthy",
      first: { name: "0.weight", gradientNorm: 0.5 },
      last: { name: "2.weight", gradientNorm: 1 },
      ratio: 0.5,
    });
  });

  it.each([
    [0.99 / 100, "vanishing"],
    [1.01 / 100, "healthy"],
    [99, "healthy"],
    [101, "exploding"],
  ] as const)("takes a first layer's gradient of %f times the last's for %s", (ratio, kind) => {
    expect(judge(run(100, { norms: [ratio, 0.3, 1] })).kind).toBe(kind);
  });

  it("names the share of a vanished gradient, however small", () => {
    const verdict = judge(run(100, { norms: [3e-40, 1e-3, 1] }));
    expect(verdict.kind).toBe("vanishing");
    expect(verdict.text).toContain("3e-40");
  });

  it("has words of its own for an exact zero, in the first layer and everywhere", () => {
    expect(judge(run(100, { norms: [0, 0, 1] }))).toMatchObject({
      kind: "zero",
      text: expect.stringMatching(/exactly 0, as in 2 of 3 layers/),
    });
    expect(judge(run(100, { norms: [0, 0, 0] }))).toMatchObject({
      kind: "zero",
      text: expect.stringMatching(/every layer's gradient is exactly 0/),
    });
  });

  it("never takes a tiny norm for zero", () => {
    expect(judge(run(100, { norms: [1e-45, 1, 1] })).kind).toBe("vanishing");
  });

  it("names the step and the deepest parameter that is not finite first, and what the trainer says instead where it stopped", () => {
    const broken = run(30, (step) => ({ norms: step < 12 ? [1, 1, 1] : [Number.NaN, Number.POSITIVE_INFINITY, 1] }));
    expect(judge(broken)).toMatchObject({ kind: "nonFinite", text: "not finite at step 12: the gradient of 1.weight" });
    expect(judge(broken, { stopped: { step: 11, where: "the output of 2" } }).text).toBe("not finite at step 11: the output of 2");
    expect(judge(run(30, { norms: [1, 1], loss: (step) => (step < 5 ? 1 : Number.NaN) })).text).toBe("not finite at step 5: the loss");
  });

  it("judges by the end of the run, and says how it began", () => {
    const tamed = run(100, (step) => ({ norms: step < 80 ? [120, 10, 1] : [2, 1, 1], clipScale: step < 60 ? 0.1 : 1 }));
    expect(judge(tamed)).toMatchObject({ kind: "healthy", ratio: 2, ratioAtStart: 120 });
    expect(judge(tamed).text).toMatch(/from ×120 at the start, clipped in 60 of 100 steps/);
  });

  it("does not let one bad batch in the window change its mind", () => {
    const noisy = run(100, (step) => ({ norms: step === 99 ? [1e-9, 1, 1] : [1, 1, 1] }));
    expect(judge(noisy)).toMatchObject({ kind: "healthy", ratio: 1 });
  });

  it("calls a net stalled whose loss stays at that of guessing, however bad it was at first", () => {
    const guessing = run(100, { norms: [1, 1], loss: (step) => (step < 5 ? 20 : 2.3) });
    expect(judge(guessing, { chance: Math.log(10) }).kind).toBe("stalled");
    // Without knowing what guessing gives, it came down from 20.
    expect(judge(guessing).kind).toBe("healthy");
  });

  it("says nothing about learning after a few steps, and survives none", () => {
    expect(judge(run(3, { norms: [1, 1], loss: () => 2.3 }))).toMatchObject({
      kind: "healthy",
      text: expect.stringMatching(/too few reports/),
    });
    expect(judge([])).toMatchObject({ kind: "stalled", first: null, last: null, ratio: Number.NaN });
  });
});
