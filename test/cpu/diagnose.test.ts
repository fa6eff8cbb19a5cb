import { describe, expect, it } from "vitest";
import { type DiagnosedReport, diagnose } from "../../src/train/diagnose.ts";

interface Given {
  readonly norms: readonly number[];
  readonly loss?: (step: number) => number;
  readonly clipScale?: number;
}

/** A run of so many steps with the same norms of weights throughout, each with a bias of rounding noise beside it. */
function run(steps: number, given: Given | ((step: number) => Given)): DiagnosedReport[] {
  return Array.from({ length: steps }, (_, step) => {
    const { norms, loss = (at) => 2.3 * Math.exp(-at / 20), clipScale = 1 } = typeof given === "function" ? given(step) : given;
    const layers = norms.flatMap((gradientNorm, layer) => [
      { name: `${layer}.weight`, role: "weight" as const, gradientNorm },
      { name: `${layer}.bias`, role: "bias" as const, gradientNorm: 1e-12 },
    ]);
    return { step, loss: loss(step), clipScale, layers };
  });
}

describe("diagnose, without insight", () => {
  it("calls a net healthy whose gradient arrives and whose loss falls", () => {
    const verdict = diagnose(run(100, { norms: [0.5, 1, 1] }));
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
    expect(diagnose(run(100, { norms: [ratio, 0.3, 1] })).kind).toBe(kind);
  });

  it("names the share of a vanished gradient, however small", () => {
    const verdict = diagnose(run(100, { norms: [3e-40, 1e-3, 1] }));
    expect(verdict.kind).toBe("vanishing");
    expect(verdict.text).toContain("3e-40");
  });

  it("has words of its own for an exact zero, in the first layer and everywhere", () => {
    expect(diagnose(run(100, { norms: [0, 0, 1] }))).toMatchObject({
      kind: "dead",
      text: expect.stringMatching(/exactly 0, as in 2 of 3 layers/),
    });
    expect(diagnose(run(100, { norms: [0, 0, 0] }))).toMatchObject({
      kind: "dead",
      text: expect.stringMatching(/every layer's gradient is exactly 0/),
    });
  });

  it("never takes a tiny norm for zero", () => {
    expect(diagnose(run(100, { norms: [1e-45, 1, 1] })).kind).toBe("vanishing");
  });

  it("names the step and the deepest parameter that is not finite first, and what the trainer says instead where it stopped", () => {
    const broken = run(30, (step) => ({ norms: step < 12 ? [1, 1, 1] : [Number.NaN, Number.POSITIVE_INFINITY, 1] }));
    expect(diagnose(broken)).toMatchObject({ kind: "nonFinite", text: "not finite at step 12: the gradient of 1.weight" });
    expect(diagnose(broken, { stopped: { step: 11, where: "the output of 2" } }).text).toBe("not finite at step 11: the output of 2");
    expect(diagnose(run(30, { norms: [1, 1], loss: (step) => (step < 5 ? 1 : Number.NaN) })).text).toBe("not finite at step 5: the loss");
  });

  it("judges by the end of the run, and says how it began", () => {
    const tamed = run(100, (step) => ({ norms: step < 80 ? [120, 10, 1] : [2, 1, 1], clipScale: step < 60 ? 0.1 : 1 }));
    expect(diagnose(tamed)).toMatchObject({ kind: "healthy", ratio: 2, ratioAtStart: 120 });
    expect(diagnose(tamed).text).toMatch(/\(first to last ×2, ×120 at the start\), clipped in 60 of 100 steps, and/);
  });

  it("does not let one bad batch in the window change its mind", () => {
    const noisy = run(100, (step) => ({ norms: step === 99 ? [1e-9, 1, 1] : [1, 1, 1] }));
    expect(diagnose(noisy)).toMatchObject({ kind: "healthy", ratio: 1 });
  });

  it("calls a net stalled whose loss stays at that of guessing, however bad it was at first", () => {
    const guessing = run(100, { norms: [1, 1], loss: (step) => (step < 5 ? 20 : 2.3) });
    expect(diagnose(guessing, { chance: Math.log(10) }).kind).toBe("stalled");
    // Without knowing what guessing gives, it came down from 20.
    expect(diagnose(guessing).kind).toBe("healthy");
  });

  it("calls no net stalled whose loss falls from far above guessing, until it stays where it is", () => {
    const chance = Math.log(10);
    // As 200 layers begin, with noise of their batches that is the same each time.
    const noise = (step: number): number => 1 + 0.3 * Math.sin(12.9898 * step * step);
    const deep = (step: number): number => 37 * Math.exp(-step / 18) * noise(step);
    for (const steps of [20, 30, 44]) {
      const verdict = diagnose(run(steps, { norms: [1, 1], loss: deep, clipScale: 0.1 }), { chance });
      expect(verdict).toMatchObject({
        kind: "healthy",
        text: expect.stringMatching(/the loss falls, though not yet below that of guessing/),
      });
    }
    const stays = (step: number): number => 4 * noise(step);
    for (const steps of [20, 50, 400]) expect(diagnose(run(steps, { norms: [1, 1], loss: stays }), { chance }).kind).toBe("stalled");
    // By much from one half of the end to the other, but as chance would have it; and surely, but by next to nothing.
    const wanders = (step: number): number => (step < 37 || step >= 52 ? 3 : 5);
    const creeps = (step: number): number => 4 - step / 1000;
    expect(diagnose(run(60, { norms: [1, 1], loss: wanders }), { chance }).kind).toBe("stalled");
    expect(diagnose(run(60, { norms: [1, 1], loss: creeps }), { chance }).kind).toBe("stalled");
  });

  it("says nothing about learning after a few steps, and survives none", () => {
    expect(diagnose(run(3, { norms: [1, 1], loss: () => 2.3 }))).toMatchObject({
      kind: "healthy",
      text: expect.stringMatching(/too few reports/),
    });
    expect(diagnose([])).toMatchObject({ kind: "stalled", first: null, last: null, ratio: Number.NaN });
  });
});

describe("diagnose, with insight", () => {
  interface Look {
    readonly norms?: readonly number[];
    readonly updates?: readonly number[];
    readonly weightNorms?: readonly number[];
    readonly types?: readonly string[];
    readonly saturated?: readonly number[];
    readonly dead?: readonly number[];
  }

  /** As many steps, whose weights have these norms and update ratios, and whose activations these fractions. */
  function seen(steps: number, given: Look | ((step: number) => Look)): DiagnosedReport[] {
    return Array.from({ length: steps }, (_, step) => {
      const look = typeof given === "function" ? given(step) : given;
      const { norms = [1, 1, 1], types = ["tanh", "tanh"] } = look;
      const layers = norms.map((gradientNorm, layer) => ({ name: `${layer}.weight`, role: "weight" as const, gradientNorm }));
      const parameters = layers.map((layer, index) => ({
        ...layer,
        gradientMax: layer.gradientNorm,
        gradientZeros: 0,
        weightNorm: look.weightNorms?.[index] ?? 2,
        updateRatio: look.updates?.[index] ?? 1e-3,
      }));
      const activations = types.map((type, index) => ({
        name: `a${index}`,
        type,
        mean: 0,
        standardDeviation: 1,
        saturated: look.saturated?.[index] ?? 0.02,
        dead: look.dead?.[index] ?? 0,
      }));
      return { step, loss: 2.3 * Math.exp(-step / 20), clipScale: 1, layers, insight: { parameters, activations } };
    });
  }

  it("takes one report as well as many", () => {
    const [one] = seen(1, { dead: [0, 0.99], types: ["relu", "relu"] });
    expect(diagnose(one!)).toMatchObject({ kind: "dead", number: 0.99, where: "a1" });
    expect(diagnose(one!).remedies.length).toBeGreaterThan(2);
    expect(diagnose(seen(40, {})).kind).toBe("healthy");
    expect(diagnose(seen(40, {})).remedies).toEqual([]);
  });

  it.each([
    [0.94, "healthy"],
    [0.96, "dead"],
  ] as const)("calls a layer with a fraction of %f dead units %s", (share, kind) => {
    expect(diagnose(seen(40, { types: ["relu", "relu"], dead: [0.1, share] })).kind).toBe(kind);
  });

  it("tells a gradient that was cut off from one that has faded below the smallest number", () => {
    expect(diagnose(seen(5, { norms: [0, 0, 1e-5, 1] })).kind).toBe("dead");
    expect(diagnose(seen(5, { norms: [0, 1e-35, 1e-5, 1] }))).toMatchObject({ kind: "vanishing", number: 0, where: "0.weight" });
  });

  it("calls a net saturated by the median of its bounded activations, and never by others", () => {
    const look = (saturated: readonly number[], types = ["tanh", "sigmoid", "tanh"]): string =>
      diagnose(seen(40, { saturated, types })).kind;
    expect(look([0.9, 0.51, 0.1])).toBe("saturated");
    expect(look([0.9, 0.49, 0.1])).toBe("healthy");
    expect(look([0.9, 0.9, 0.9], ["relu", "elu", "softplus"])).toBe("healthy");
    // What saturates is the cause, and a gradient that vanishes or explodes its effect.
    expect(diagnose(seen(40, { norms: [1e-6, 1, 1], saturated: [0.8, 0.8] })).kind).toBe("saturated");
  });

  it("calls a gradient of a thirtieth vanishing where the first layer hardly moves, and healthy where it does", () => {
    const norms = [1 / 30, 1, 1];
    expect(diagnose(seen(40, { norms, updates: [5e-5, 1e-3, 1e-3] }))).toMatchObject({ kind: "vanishing", where: "0.weight" });
    expect(diagnose(seen(40, { norms, updates: [2e-4, 1e-3, 1e-3] })).kind).toBe("healthy");
    expect(diagnose(seen(40, { norms: [1, 1, 1], updates: [1e-7, 1e-7, 1e-7] })).kind).toBe("healthy");
  });

  it("sees a step that is longer than the weight, and forgives it where the run's end is well", () => {
    const leap = (step: number): Look => ({ updates: step === 1 ? [40, 1e-3, 1e-3] : [1e-3, 1e-3, 1e-3] });
    expect(diagnose(seen(10, leap))).toMatchObject({ kind: "exploding", number: 40, where: "0.weight" });
    expect(diagnose(seen(60, leap)).kind).toBe("healthy");
    // A weight that begins at 0 has no length to compare with.
    expect(diagnose(seen(10, (step) => ({ ...leap(step), weightNorms: [step === 0 ? 0 : 1, 2, 2] }))).kind).toBe("healthy");
  });

  it("says of a run that broke whether it had exploded", () => {
    const stopped = { step: 3, where: "the output of 4" };
    expect(diagnose(seen(3, { updates: [1e-3, 30, 1e-3] }), { stopped })).toMatchObject({
      kind: "exploding",
      number: 30,
      where: "1.weight",
      text: expect.stringMatching(/not finite at step 3: the output of 4, after a step that moved 1\.weight by ×30/),
    });
    expect(diagnose(seen(3, {}), { stopped })).toMatchObject({ kind: "nonFinite", number: 3 });
  });
});
