/** The demo's controls, stories and remedies: each makes an experiment that the schema takes and the library builds. */
import { describe, expect, it } from "vitest";
import { CHOICE_NAMES, type ChoiceName, type Choices, CONTROLS, type Control, nameOf, STANDARD } from "../../demo/choices.ts";
import { experimentOf } from "../../demo/experimentOf.ts";
import { csvOf, fileNameOf } from "../../demo/exports.ts";
import { History } from "../../demo/history.ts";
import { remedyFor } from "../../demo/remedies.ts";
import { STORIES } from "../../demo/stories.ts";
import { durationText } from "../../demo/table.ts";
import { fromExperiment, type LayerSpec } from "../../src/experiment/index.ts";

const changed = (changes: Partial<Choices>): Choices => ({ ...STANDARD, ...changes });
/** Linear layers, those of repeats counted as often as they are made. */
const linears = (layers: readonly LayerSpec[]): number =>
  layers.reduce((sum, layer) => {
    const inner = "body" in layer ? linears(layer.body) : 0;
    return sum + (layer.type === "linear" ? 1 : "times" in layer ? layer.times * inner : inner);
  }, 0);

const EACH = CHOICE_NAMES.flatMap((name): [ChoiceName, string | number][] => {
  const control: Control = CONTROLS[name];
  const values = control.kind === "choice" ? Object.keys(control.options) : [control.least, control.most];
  return values.map((value) => [name, value]);
});

describe("the demo's choices", () => {
  it.each(EACH)("build with %s %s, among few remedies and among many", (name, value) => {
    const many = changed({ depth: 3, normalisation: "layerNorm", skips: "residual", clip: "globalNorm", regularizer: "l2", dropout: 0.1 });
    for (const others of [changed({ depth: 3 }), many])
      expect(() => fromExperiment(experimentOf({ ...others, [name]: value }))).not.toThrow();
  });

  it("make as many weights as there are hidden layers, and one for the output", () => {
    for (const skips of ["none", "residual", "rezero", "highway"] as const)
      for (const depth of [1, 2, 30])
        expect(linears(fromExperiment(experimentOf(changed({ depth, skips }))).experiment.model)).toBe(depth + 1);
  });

  it("say what they set", () => {
    const { experiment } = fromExperiment(
      experimentOf(
        changed({
          rate: 0.3,
          schedule: "cosine",
          steps: 40,
          clip: "value",
          clipMax: 2,
          regularizer: "l1",
          lambda: 0.5,
          data: "xor",
          samples: 50,
        }),
      ),
    );
    expect(experiment.schedule).toMatchObject({ type: "cosine", initial: 0.3, steps: 40 });
    expect(experiment.clip).toEqual({ type: "value", max: 2 });
    expect(experiment.regularizer).toMatchObject({ type: "l1", lambda: 0.5 });
    expect(experiment.dataset).toMatchObject({ type: "xor", samples: 50, noise: 0.05 });
  });

  it("name a run by its net and by what is not the standard", () => {
    expect(nameOf(STANDARD)).toBe("30 sigmoid, normal, σ = 0.1");
    expect(nameOf(changed({ activation: "relu", init: "heNormal", skips: "residual", rate: 0.1 }))).toBe(
      "30 ReLU, He, residual, learning rate 0.1",
    );
  });
});

describe("the demo's stories", () => {
  it.each(STORIES.flatMap(({ id, stages }) => stages.map((stage) => [`${id}: ${stage.label}`, stage] as const)))(
    "%s builds",
    (_, { choices }) => {
      expect(() => fromExperiment(experimentOf(choices))).not.toThrow();
    },
  );
});

describe("the demo's remedies", () => {
  const KINDS = ["nonFinite", "dead", "saturated", "vanishing", "exploding", "stalled"] as const;

  it.each(KINDS)("against %s change something, build, and come to an end", (kind) => {
    let choices = STANDARD;
    for (let tried = 0; ; tried++) {
      const remedy = remedyFor(kind, choices);
      if (!remedy) break;
      expect(tried).toBeLessThan(12);
      const next = { ...choices, ...remedy.changes };
      expect(next).not.toEqual(choices);
      choices = next;
      expect(() => fromExperiment(experimentOf(choices))).not.toThrow();
    }
    expect(choices).not.toEqual(STANDARD);
  });

  it("leave a healthy net alone, and begin with what is likeliest", () => {
    expect(remedyFor("healthy", STANDARD)).toBeNull();
    expect(remedyFor("vanishing", STANDARD)?.changes).toEqual({ activation: "tanh", init: "glorotUniform" });
    expect(remedyFor("exploding", changed({ activation: "relu", init: "large" }))?.changes).toEqual({ init: "heNormal" });
    expect(remedyFor("nonFinite", changed({ init: "large", rate: 10 }))?.changes).toEqual({ init: "glorotUniform" });
    expect(remedyFor("nonFinite", changed({ rate: 10 }))?.changes).toEqual({ clip: "globalNorm", clipMax: 1 });
  });
});

it("times are told in two units at most", () => {
  expect([0.2, 99, 99.5, 5380, 5999, 6001, 90_000].map(durationText)).toEqual([
    "1 s",
    "99 s",
    "2 min",
    "90 min",
    "1 h 40 min",
    "1 h 41 min",
    "25 h 0 min",
  ]);
});

describe("the demo's history", () => {
  it("keeps rows as they grow, and writes them as CSV", () => {
    const history = new History("", STANDARD, {});
    history.prepare({
      type: "prepared",
      run: 1,
      weights: ['a,"b"', "c"],
      steps: 500,
      classes: 2,
      parameters: 1,
      dispatches: 1,
      points: null,
    });
    for (let step = 0; step < 300; step++) history.append(Float32Array.of(step, 0.5, 0.25, 2, 1, step + 1, 2), 10 * step);
    expect(history.count).toBe(300);
    expect(history.step).toBe(300);
    expect(history.ratio(99)).toBe(50);
    expect(history.stepsPerSecond).toBeCloseTo(100, 6);
    history.see({ step: 99, trainLoss: 0.25, trainAccuracy: 0.5, testLoss: null, testAccuracy: null });
    history.see({ step: 300, trainLoss: 0.125, trainAccuracy: 1, testLoss: 2, testAccuracy: 0 });
    history.marks.push({ step: 100, text: 'rate "3"' });
    const other = new History("other", STANDARD, {});
    other.prepare({ type: "prepared", run: 2, weights: ["c", "d"], steps: 1, classes: 2, parameters: 1, dispatches: 1, points: null });
    other.append(Float32Array.of(0, 0.05, 16_777_217, Number.NaN, 1, 1e-20, 0.123456789), 1);
    const lines = csvOf([history, other]).trimEnd().split("\n");
    expect(lines[0]).toBe(
      'run,step,loss,learningRate,gradientNorm,clipScale,trainLoss,trainAccuracy,testLoss,testAccuracy,changed,"gradientNorm a,""b""","gradientNorm c","gradientNorm d"',
    );
    expect(lines).toHaveLength(303);
    expect(lines[100]).toBe('"",99,0.5,0.25,2,1,0.25,0.5,,,,100,2,');
    expect(lines[101]).toBe('"",100,0.5,0.25,2,1,,,,,"rate ""3""",101,2,');
    expect(lines[301]).toBe('"",300,,,,,0.125,1,2,0,,,,');
    expect(lines[302]).toBe('"other",0,0.05,16777216,NaN,1,,,,,,,1e-20,0.12345679');
    expect(fileNameOf({ name: "30 sigmoid, normal, σ = 0.1", step: 12 }, "reports.csv")).toBe("30-sigmoid-normal-0.1-step-12-reports.csv");
    expect(fileNameOf({ name: "é".repeat(9), step: 1 }, "charts.png")).toBe("step-1-charts.png");
    expect(fileNameOf({ name: "x".repeat(99), step: 1 }, "charts.png")).toBe(`${"x".repeat(60)}-step-1-charts.png`);
  });

  it("counts steps where not every one is reported, and times those of this session alone", () => {
    const history = new History("", STANDARD, {});
    history.prepare({ type: "prepared", run: 1, weights: ["a"], steps: 5000, classes: 2, parameters: 1, dispatches: 1, points: null });
    const row = (step: number): Float32Array => Float32Array.of(step, 0.5, 0.25, 2, 1, 1);
    history.restore({ rows: Float32Array.from([...row(0), ...row(989)]), milliseconds: 0, evaluations: [], marks: [] });
    expect([history.step, history.millisecondsPerStep, history.stepsPerSecond]).toEqual([990, null, null]);
    // Every tenth step, ten steps in 5 ms.
    for (let step = 999; step < 2000; step += 10) history.append(row(step), (step - 989) / 2);
    expect(history.step).toBe(2000);
    expect(history.stepsPerSecond).toBeCloseTo(2000, 6);
    expect(history.millisecondsPerStep).toBeCloseTo(0.5, 6);
  });
});
