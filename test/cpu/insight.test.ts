import { describe, expect, it } from "vitest";
import { metricsText } from "../../src/cli/runFiles.ts";
import { parseExperiment, trainerOptions } from "../../src/experiment/index.ts";
import { nn, optim, type TrainerOptions } from "../../src/index.ts";
import { relu, tanh } from "../../src/ops/activations.ts";
import { bitsOf } from "../../src/ops/arena/layout.ts";
import { add } from "../../src/ops/binary.ts";
import { input } from "../../src/ops/define.ts";
import { binOf } from "../../src/ops/insight/layout.ts";
import { linear } from "../../src/ops/linear.ts";
import { activationsOf, placeActivations, SATURATION } from "../../src/train/activationLayers.ts";
import { decodeInsight } from "../../src/train/decodeInsight.ts";
import type { InsightLayout } from "../../src/train/insight.ts";
import type { Report } from "../../src/train/report.ts";
import { minimal } from "../support/minimalExperiment.ts";
import { planTraining } from "../support/planningRuntime.ts";

const segment = (name: string, size: number) => ({ name, role: "weight" as const, shape: [size], offset: 0, size });

describe("a record of insight", () => {
  const layout: InsightLayout = {
    segments: [segment("a", 10), segment("b", 4)],
    activations: [{ name: "1", type: "relu", units: 5 }],
    asked: { parameters: true, activations: true, histograms: true, every: 1 },
    batchSize: 8,
  };
  const counts = (...filled: number[]): number[] => Array.from({ length: 64 }, (_, bin) => filled[bin] ?? 0);
  const part = (max: number, zeros: number, norm: number, ratio: number, bins: number[]): number[] => [
    bitsOf(max),
    zeros,
    bitsOf(norm),
    bitsOf(ratio),
    ...bins,
  ];
  const parameterRecord = (step: number): number[] => [
    step,
    0,
    0,
    0,
    ...part(0.5, 5, 3, 0.25, counts(5, 5)),
    ...part(Number.NaN, 1, 2, Infinity, counts(1, 2)),
  ];
  const activationRecord = (step: number): number[] => [step, 0, 0, 0, bitsOf(0.75), bitsOf(0.5), 10, 1];
  const words = {
    parameters: Uint32Array.from([...parameterRecord(6), ...parameterRecord(7)]),
    activations: Uint32Array.from([...activationRecord(6), ...activationRecord(7)]),
  };

  it("is read with fractions of a tensor's size, of all outputs and of units", () => {
    expect(decodeInsight(words, 1, 7, layout, [1, 2])).toEqual({
      parameters: [
        { name: "a", role: "weight", gradientNorm: 1, gradientMax: 0.5, gradientZeros: 0.5, weightNorm: 3, updateRatio: 0.25 },
        { name: "b", role: "weight", gradientNorm: 2, gradientMax: Number.NaN, gradientZeros: 0.25, weightNorm: 2, updateRatio: Infinity },
      ],
      activations: [{ name: "1", type: "relu", mean: 0.75, standardDeviation: 0.5, saturated: 0.25, dead: 0.2 }],
      histograms: [
        { name: "a", counts: counts(5, 5) },
        { name: "b", counts: counts(1, 2) },
      ],
    });
  });

  it("is not taken for another step's, which the ring may still hold", () => {
    expect(decodeInsight(words, 1, 8, layout, [1, 2])).toBeNull();
    expect(decodeInsight({ ...words, activations: Uint32Array.from(activationRecord(3)) }, 0, 6, layout, [1, 2])).toBeNull();
  });

  it("is part of a line of metrics where there is one, with strings for what is not finite", () => {
    const report: Report = {
      step: 7,
      loss: 1,
      regularization: 0,
      learningRate: 0.1,
      gradientNorm: 2,
      clipScale: 1,
      layers: [{ name: "a", role: "weight", gradientNorm: 1 }],
      appliedStep: 8,
      skipped: false,
    };
    const insight = decodeInsight(words, 1, 7, layout, [1, 2])!;
    const [without, line] = metricsText([report, { ...report, insight }])
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(without).not.toHaveProperty("insight");
    expect(Object.keys(line.insight)).toEqual(["parameters", "activations", "histograms"]);
    expect(line.insight.parameters[1]).toMatchObject({ role: "weight", gradientMax: "NaN", updateRatio: "Infinity" });
    expect(line.insight.activations).toEqual(insight.activations);
  });
});

describe("bins", () => {
  it.each([
    [0, 0],
    [-0, 0],
    [2 ** -140, 1],
    [2 ** -45, 1],
    [2 ** -44, 2],
    [1 - 2 ** -24, 45],
    [1, 46],
    [-1.99, 46],
    [2 ** 17, 63],
    [3e38, 63],
  ])("%d is in bin %d", (value, bin) => {
    expect(binOf(value)).toBe(bin);
  });
});

describe("activations", () => {
  it("have a rule each, whatever the experiment file calls one", () => {
    const names =
      "sigmoid tanh relu selu silu softplus mish hardSigmoid hardSwish softsign lecunTanh leakyRelu elu celu gelu prelu glu swiglu";
    expect(Object.keys(SATURATION).sort()).toEqual(names.split(" ").sort());
  });

  it("are found by their paths, in the order in which they run", () => {
    const model = nn.sequential(
      nn.linear(4, 4),
      nn.tanh(),
      nn.repeat(2, () => nn.residual(nn.linear(4, 4), nn.relu())),
      nn.dropout(0.5),
      nn.concat(nn.gelu(), nn.sequential(nn.linear(4, 2), nn.silu())),
    );
    expect(activationsOf(model).map(({ name, type }) => `${name} ${type}`)).toEqual([
      "1 tanh",
      "2.0.0.1 relu",
      "2.1.0.1 relu",
      "4.0 gelu",
      "4.1.1 silu",
    ]);
  });

  it("lie in two buffers by turns, each in the one that its latest ancestor is not in", () => {
    const weight = input([3, 3], "f32");
    const first = tanh(linear(input([5, 3], "f32"), weight));
    const second = tanh(linear(first, weight));
    const stream = add(second, first);
    const third = relu(linear(stream, weight));
    const branch = relu(linear(first, weight));
    const layers = [first, second, third, branch].map((node, index) => ({ name: `${index}`, type: "tanh", units: 3, node }));
    const { places, sizes } = placeActivations(layers, 5);
    expect(places.map(({ buffer, offset }) => [buffer, offset])).toEqual([
      [0, 0],
      [1, 0],
      [0, 64],
      [1, 64],
    ]);
    expect(sizes).toEqual([128, 128]);
  });
});

describe("a step with insight", () => {
  const split = { count: 8, x: new Float32Array(64), xScale: 1, y: new Float32Array(64), yShape: [8] };
  const dataset = { name: "zeros", sampleShape: [8], classes: null, train: split, test: null };
  const dispatches = async (model: nn.Module, insight?: TrainerOptions["insight"]): Promise<number[]> => {
    const options = {
      model,
      loss: nn.meanSquaredError(),
      batchSize: 8,
      optimizer: optim.sgd({ learningRate: 0.1 }),
      // A stack has no activations to look at: insight is compared with the same kernels.
      depthFusion: "never" as const,
      ...(insight ? { insight } : {}),
    };
    const plans = await planTraining(options, dataset, { adapterClass: "software", subgroups: false });
    return plans.map(({ plan }) => plan.dispatches.length);
  };
  const NETS = [
    { name: "a plain net", extra: 5, body: () => [nn.linear(8, 8), nn.tanh()] },
    { name: "a plain net of smooth activations", extra: 5, body: () => [nn.linear(8, 8), nn.gelu()] },
    { name: "residual bodies of two layers", extra: 5, body: () => nn.residual(nn.linear(8, 8), nn.relu(), nn.linear(8, 8), nn.relu()) },
    { name: "residual batch-normed bodies", extra: 5, body: () => nn.residual(nn.linear(8, 8), nn.batchNorm(8), nn.relu()) },
    { name: "normalised inputs of layers", extra: 5, body: () => nn.residual(nn.batchNorm(8), nn.relu(), nn.linear(8, 8)) },
  ] as const;

  it.each(NETS)("takes $extra dispatches more at any depth of $name, and one without takes none", async ({ extra, body }) => {
    for (const depth of [3, 30]) {
      const model = nn.sequential(nn.repeat(depth, body), nn.linear(8, 8));
      const [alone] = await dispatches(model);
      const [plain, observed] = (await dispatches(model, { histograms: true })) as [number, number];
      expect(plain).toBe(alone);
      expect(observed - plain, `depth ${depth}`).toBe(extra);
    }
  });

  it("measures the update with the constraint that follows it", async () => {
    const model = nn.linear(8, 8);
    const options = { model, loss: nn.meanSquaredError(), batchSize: 8, optimizer: optim.sgd({ learningRate: 0.1 }), insight: {} };
    const plans = await planTraining({ ...options, constraint: optim.maxNorm(1) }, dataset, { adapterClass: "software", subgroups: false });
    const order = plans[1]!.plan.dispatches.map(({ label }) => label);
    expect(order.slice(order.indexOf("insightGradients"))).toEqual([
      "insightGradients",
      "updateSgd",
      "maxNorm",
      "insightUpdate",
      "finishInsight",
    ]);
  });

  it("takes two less where only parameters are looked at, and three less where only activations are", async () => {
    const model = nn.sequential(nn.linear(8, 8), nn.tanh(), nn.linear(8, 8));
    const [plain, parameters] = (await dispatches(model, { activations: false })) as [number, number];
    const [, activations] = (await dispatches(model, { parameters: false })) as [number, number];
    expect([parameters - plain, activations - plain]).toEqual([3, 2]);
  });
});

describe("the experiment file", () => {
  const experiment = (more: object) => parseExperiment({ ...minimal, ...more });

  it("asks for insight where it has the key, at the monitored steps unless it says otherwise", () => {
    const of = (more: object) => trainerOptions(experiment(more), 64).insight;
    expect(of({})).toBeUndefined();
    expect(of({ insight: {}, monitor: { every: 5 } })).toEqual({ parameters: true, activations: true, histograms: false, every: 5 });
    expect(of({ insight: { histograms: true, activations: false, every: 10 } })).toEqual({
      parameters: true,
      activations: false,
      histograms: true,
      every: 10,
    });
  });
});
