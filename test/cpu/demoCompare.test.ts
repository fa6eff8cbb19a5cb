/** What the lab says differs between two experiments, how it asks for insight, and what of a long run is drawn. */
import { describe, expect, it } from "vitest";
import { type Choices, STANDARD } from "../../demo/choices.ts";
import { type Entry, HEADS, textsOf } from "../../demo/compareTexts.ts";
import { accuracyCurves, layerCurves, layersShown, lossCurves, lossDecades, lossTop, positive } from "../../demo/curveData.ts";
import { differencesOf } from "../../demo/differences.ts";
import { experimentOf } from "../../demo/experimentOf.ts";
import { tickText } from "../../demo/frame.ts";
import { History } from "../../demo/history.ts";
import { withInsight } from "../../demo/insight.ts";
import { clippedName } from "../../demo/table.ts";
import { parseExperiment } from "../../src/experiment/index.ts";

const RELU = { ...STANDARD, depth: 5, activation: "relu", init: "heNormal" } as const;

describe("what differs between two runs", () => {
  it("is named by path, and nothing else is", () => {
    expect(differencesOf(experimentOf(RELU, "a"), experimentOf(RELU, "b"))).toEqual([]);
    expect(differencesOf(experimentOf(RELU), experimentOf({ ...RELU, depth: 9, rate: 0.1 }))).toEqual([
      { path: "model.2.times", from: "4", to: "8" },
      { path: "schedule.initial", from: "0.0015", to: "0.1" },
    ]);
    expect(differencesOf(experimentOf(RELU), experimentOf({ ...RELU, clip: "globalNorm" }))).toEqual([
      { path: "clip", from: "–", to: '{"type":"globalNorm","max":1}' },
    ]);
  });

  it("is an entry that a list gained or lost, wherever the others have moved to", () => {
    const normed = experimentOf({ ...RELU, normalisation: "batchNorm" });
    expect(differencesOf(experimentOf(RELU), normed)).toEqual([
      { path: "model.1", from: "–", to: '"batchNorm"' },
      { path: "model.3.body.1", from: "–", to: '"batchNorm"' },
    ]);
    expect(differencesOf(normed, experimentOf(RELU)).map(({ from, to }) => [from, to])).toEqual([
      ['"batchNorm"', "–"],
      ['"batchNorm"', "–"],
    ]);
    expect(differencesOf({ optimizer: "adam" }, { optimizer: { type: "sgd" } })).toEqual([
      { path: "optimizer", from: '"adam"', to: '{"type":"sgd"}' },
    ]);
  });
});

describe("the table of compared runs", () => {
  const entry = (choices: Choices, given: Partial<Entry> = {}): Entry => ({
    name: "",
    choices,
    experiment: null,
    colour: 0,
    history: null,
    interleaved: null,
    changed: "",
    ...given,
  });
  const differs = (one: Entry, first: Entry): string => textsOf(one, first, differencesOf).at(-1)!;

  it("says what differs as the form does, and by path where an experiment was written by hand", () => {
    const first = entry(RELU);
    expect(textsOf(first, first, differencesOf)).toHaveLength(HEADS.length);
    expect(differs(first, first)).toBe("–");
    expect(differs(entry({ ...RELU, skips: "residual", seed: 8 }), first)).toBe("skip connections: none → residual; seed: 7 → 8");
    // A limit that nothing is clipped at is none.
    expect(differs(entry({ ...RELU, clipMax: 3 }), first)).toBe("nothing");
    const byHand = entry(RELU, { experiment: JSON.stringify({ ...experimentOf(RELU), seed: 9 }) });
    expect(differs(byHand, first)).toBe("seed: 7 → 9");
    expect(textsOf(byHand, first, null).at(-1)).toBe("–");
  });

  it("tells what a step costs against the first where both took turns, and only there", () => {
    const cost = (mine: number | null, its: number | null): string => {
      const [first, other] = [its, mine].map((interleaved) => entry(RELU, { history: new History("", RELU, {}), interleaved }));
      return textsOf(other!, first!, null)[6]!;
    };
    expect(cost(3, 2)).toBe("+50 %");
    expect(cost(1, 2)).toBe("−50 %");
    expect(cost(3, null)).toBe("–");
    expect(cost(null, 2)).toBe("–");
  });
});

it("a name with little room keeps its end, where names of runs differ", () => {
  expect(clippedName("30 sigmoid, normal")).toBe("30 sigmoid, normal");
  expect(clippedName("30 sigmoid, normal, σ = 0.1, seed 12")).toBe("30 sigmoid,…0.1, seed 12");
});

describe("insight", () => {
  it("is asked for at most 500 times a run, and not where the experiment says itself what it wants", () => {
    expect(parseExperiment(withInsight(experimentOf(RELU))).insight).toMatchObject({ histograms: true, every: 1 });
    expect(parseExperiment(withInsight(JSON.stringify(experimentOf({ ...RELU, steps: 5000 })))).insight).toMatchObject({ every: 10 });
    const own = { ...experimentOf(RELU), insight: { every: 3 } };
    expect(withInsight(own)).toBe(own);
    for (const text of ["{", "[]", "7"]) expect(withInsight(text)).toBe(text);
  });
});

describe("the curves of a run", () => {
  it("keep the first and the last step of a long one, and have gaps where a number is not finite or not positive", () => {
    const history = new History("a", RELU, experimentOf(RELU));
    const count = 5000;
    history.prepare({
      type: "prepared",
      run: 1,
      weights: ["0.weight", "1.weight"],
      steps: count,
      classes: 10,
      parameters: 1,
      dispatches: 1,
      points: null,
    });
    const rows = Array.from({ length: count }, (_, step) => [
      step,
      step === 0 ? Number.NaN : 1 + step,
      0.1,
      1,
      1,
      step === 0 ? 0 : 1e-20,
      2,
    ]);
    history.append(Float32Array.from(rows.flat()), 1);
    const [[steps, losses]] = lossCurves(history);
    expect(steps.length).toBeLessThan(1300);
    expect([steps[0], steps.at(-1), losses[0], losses.at(-1)]).toEqual([0, 4999, null, 5000]);
    const [first] = layerCurves(history, [0]);
    expect(first![1][0]).toBeNull();
    expect(first![1].at(-1)).toBeCloseTo(1e-20, 25);
    expect(accuracyCurves(history)[1][0]).toEqual([]);
  });

  it("fit a scale of losses that a test loss far beyond those of the batches does not stretch", () => {
    const steps = [0, 1, 2];
    const batches = [steps, [2.5, null, 0.1]] as const;
    // As batch-norm has them before its statistics know the data.
    expect(lossTop([[batches, [steps, [1.8e32, 2.1, 0.2]]]], 2.3)).toBeCloseTo(1.05 * 2.5);
    expect(lossTop([[batches, [steps, [7.6, 2.1, 0.2]]]], 2.3)).toBeCloseTo(1.05 * 2.5);
    expect(lossTop([[batches, [steps, [7.4, 2.1, null]]]], 2.3)).toBeCloseTo(1.05 * 7.4);
    // The batches of one run make room for the tests of another.
    expect(
      lossTop(
        [
          [batches, [steps, [7.6]]],
          [
            [steps, [48, 3]],
            [[], []],
          ],
        ],
        2.3,
      ),
    ).toBeCloseTo(1.05 * 48);
    expect(
      lossTop(
        [
          [
            [[], []],
            [[0], [1.8e32]],
          ],
        ],
        2.3,
      ),
    ).toBeCloseTo(1.05 * 2.3);
    expect(lossTop([], 1)).toBeCloseTo(1.05);
  });

  it("have numbers beside them that fit there", () => {
    expect([0, 0.5, 0.30000000000000004, 50_000, 1e5, 250_000, 3e31, 2e-6].map(tickText)).toEqual([
      "0",
      "0.5",
      "0.3",
      "50000",
      "10⁵",
      "2.5·10⁵",
      "3·10³¹",
      "2·10⁻⁶",
    ]);
  });

  it("fit a scale of powers, on which a loss of 0 has no place", () => {
    const curves = [
      positive([
        [0, 1, 2],
        [48, 0, null],
      ]),
      positive([
        [0, 1],
        [2.3, 0.004],
      ]),
    ];
    expect(curves[0]![1]).toEqual([48, null, null]);
    expect(lossDecades(curves)).toEqual({ low: -3, high: 2 });
    expect(lossDecades([])).toEqual({ low: -1, high: 1 });
  });

  it("are those of 40 layers at most, from the first to the last", () => {
    expect(layersShown(3)).toEqual([0, 1, 2]);
    const some = layersShown(201);
    expect([some.length, some[0], some.at(-1), new Set(some).size]).toEqual([40, 0, 200, 40]);
  });
});
