/** Losses as objects: what they refuse, the experiment's keys for them, and rows whose mean is the batch's. */
import { describe, expect, it } from "vitest";
import { PlanningRuntime } from "../../bench/kernels/planningRuntime.ts";
import { lossOf } from "../../src/experiment/loss.ts";
import { parseExperiment } from "../../src/experiment/parse.ts";
import * as nn from "../../src/nn/index.ts";
import { input } from "../../src/ops/define.ts";
import { computeFloat64, spread } from "../support/float64.ts";
import { minimal } from "../support/minimalExperiment.ts";
import { opCases } from "../support/opsFixture.ts";

const runtime = new PlanningRuntime({ adapterClass: "software", subgroups: false });

/** The mean over the batch, and the mean of the rows' own losses. */
function bothWays(loss: nn.Loss, shape: readonly number[], output: ArrayLike<number>, targets: ArrayLike<number>): [number, number] {
  const [z, y] = [input(shape, "f32"), loss.targets === "classes" ? input([shape[0]!], "i32") : input(shape, "f32")];
  const mean = loss.mean(runtime.wrap(z), runtime.wrap(y)).node;
  const rows = loss.perRow(runtime.wrap(z), runtime.wrap(y)).node;
  expect(rows.shape).toEqual([shape[0]]);
  const [one, each] = computeFloat64(
    [mean, rows],
    new Map([
      [z, output],
      [y, targets],
    ]),
  );
  return [one![0]!, each!.reduce((sum, value) => sum + value, 0) / shape[0]!];
}

describe("every loss of the experiment file", () => {
  it.each([
    "softmaxCrossEntropy",
    { type: "softmaxCrossEntropy", labelSmoothing: 0.3 },
    "binaryCrossEntropyWithLogits",
    "meanSquaredError",
    { type: "meanSquaredError", half: true },
    "meanAbsoluteError",
    "huber",
    { type: "huber", delta: 0.3 },
    "multiMargin",
    { type: "multiMargin", power: 2, margin: 0.6 },
  ])("%j is the mean of its rows", (spec) => {
    const loss = lossOf(parseExperiment({ ...minimal, loss: spec }).loss);
    expect(loss.name).toBe(typeof spec === "string" ? spec : spec.type);
    const output = spread(15, 5).map((value) => 2 * value);
    const [mean, rows] = bothWays(loss, [5, 3], output, loss.targets === "classes" ? [2, 0, 1, 1, 0] : spread(15, 9));
    expect(rows).toBeCloseTo(mean, 12);
    expect(mean).toBeGreaterThan(0.1);
  });

  it("passes its keys on: PyTorch's answers come out", () => {
    const given = new Set(["softmaxCrossEntropy", "multiMargin", "huber", "meanSquaredError", "meanAbsoluteError"]);
    const cases = opCases.filter(({ op }) => given.has(op));
    expect(cases.length).toBeGreaterThanOrEqual(18);
    for (const { op, options, inputs, constants, output } of cases) {
      const loss = lossOf(parseExperiment({ ...minimal, loss: { type: op, ...options } }).loss);
      const { shape, data } = inputs["x"]!;
      const targets = constants![loss.targets === "classes" ? "classes" : "targets"]!.data;
      for (const value of bothWays(loss, shape, data, targets))
        expect(Math.abs(value - output.data[0]!), `${op} ${JSON.stringify(options)}`).toBeLessThanOrEqual(1e-14 * output.data[0]!);
    }
  });
});

describe("options", () => {
  it("are refused by name", () => {
    expect(() => nn.softmaxCrossEntropy({ labelSmoothing: 1 })).toThrow("nn.softmaxCrossEntropy: labelSmoothing is 1; use a finite number");
    expect(() => nn.softmaxCrossEntropy({ smoothing: 0.1 } as never)).toThrow('there is no option "smoothing"; it has labelSmoothing');
    expect(() => nn.meanSquaredError({ half: 1 } as never)).toThrow("nn.meanSquaredError: half is 1; use true or false");
    expect(() => nn.huber({ delta: 0 })).toThrow("nn.huber: delta is 0");
    expect(() => nn.multiMargin({ power: 3 as never })).toThrow("nn.multiMargin: power is 3; use 1 or 2");
    expect(() => nn.multiMargin({ margin: Number.NaN })).toThrow("nn.multiMargin: margin is NaN");
  });
});
