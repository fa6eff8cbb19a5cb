/** Deep supervision: names, what is refused, what a step computes in float64, and what evaluation leaves out. */
import { describe, expect, it } from "vitest";
import { metricsText } from "../../src/cli/runFiles.ts";
import { nn, optim } from "../../src/index.ts";
import { collect } from "../../src/nn/collect.ts";
import { RECORD, recordWords } from "../../src/ops/arena/layout.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { decodeRecord, nonFiniteError } from "../../src/train/report.ts";
import { spread } from "../support/float64.ts";
import { runModel, traceModel } from "../support/modelFloat64.ts";
import { planTraining } from "../support/planningRuntime.ts";

const model = (): nn.Module =>
  nn.sequential(
    nn.linear(4, 5),
    nn.auxiliary({ name: "low", weight: 0.5 }, nn.linear(5, 3)),
    nn.tanh(),
    nn.residual(nn.linear(5, 5), nn.auxiliary({ name: "high" }, nn.linear(5, 4), nn.relu(), nn.linear(4, 3))),
    nn.linear(5, 3),
  );

describe("an auxiliary head", () => {
  it("has its parameters in the model, by the names of nn.Sequential", () => {
    const { parameters, auxiliaries } = collect(model());
    expect(parameters.map(({ name }) => name).filter((name) => name.endsWith("weight"))).toEqual([
      "0.weight",
      "1.0.weight",
      "3.0.weight",
      "3.1.0.weight",
      "3.1.2.weight",
      "4.weight",
    ]);
    expect(auxiliaries.map(({ name, weight, path }) => [name, weight, path])).toEqual([
      ["low", 0.5, "1"],
      ["high", 0.3, "3.1"],
    ]);
  });

  it("hands its input on, in training and outside, and is only run in training", () => {
    const weights = (name: string, size: number): Float32Array => spread(size, name.length + size);
    const x = spread(12, 3);
    const [training, evaluation] = [true, false].map((mode) => runModel(model(), [3, 4], x, weights, mode));
    expect(training).toEqual(evaluation);
    expect(traceModel(model(), [3, 4], true).trace.auxiliaryOutputs.map(({ shape }) => shape)).toEqual([
      [3, 3],
      [3, 3],
    ]);
    expect(traceModel(model(), [3, 4], false).trace.auxiliaryOutputs).toEqual([]);
  });

  it("is refused without a name or a body, with a negative weight, and beside another of its name", () => {
    expect(() => nn.auxiliary({} as never, nn.linear(4, 3))).toThrow(/nn.auxiliary: name is undefined; use a string/);
    expect(() => nn.auxiliary({ name: "a" })).toThrow('nn.auxiliary: "a" has no body');
    expect(() => nn.auxiliary({ name: "a", weight: -1 }, nn.linear(4, 3))).toThrow(/weight is -1; use a finite number from 0/);
    expect(() => nn.sequential(nn.linear(4, 5), nn.auxiliary({ name: "a" }, nn.linear(4, 3)))).toThrow(/takes 4 features/);
    const twice = nn.repeat(2, () => nn.auxiliary({ name: "a" }, nn.linear(4, 3)));
    expect(() => collect(twice)).toThrow('the auxiliary heads at 0.0 and at 1.0 are both called "a"; give each a name of its own');
  });
});

const data = { count: 16, x: new Float32Array(64), xScale: 1, y: new Int32Array(16), yShape: [] };
const dataset = { name: "zeros", sampleShape: [4], classes: 3, train: data, test: null };
const plans = (net: nn.Module) =>
  planTraining(
    { model: net, loss: nn.softmaxCrossEntropy(), batchSize: 8, optimizer: optim.sgd({ learningRate: 0.1 }) },
    dataset,
    { adapterClass: "software", subgroups: false },
    true,
  );

describe("plans", () => {
  it("of evaluation and prediction are those of the model without heads", async () => {
    const plain = nn.sequential(nn.linear(4, 5), nn.tanh(), nn.residual(nn.linear(5, 5)), nn.linear(5, 3));
    const labels = async (net: nn.Module): Promise<string[][]> =>
      (await plans(net)).slice(1).map(({ plan }) => plan.dispatches.map(({ label }) => label));
    expect(await labels(model())).toEqual(await labels(plain));
  });

  it("of a step say which head does not fit the targets", async () => {
    const narrow = nn.sequential(nn.linear(4, 3), nn.auxiliary({ name: "flat" }, nn.linear(3, 2)));
    const classes = { ...dataset, train: { ...data, y: new Int32Array(16).fill(2) } };
    const options = { model: narrow, loss: nn.softmaxCrossEntropy(), batchSize: 8, optimizer: optim.sgd({ learningRate: 0.1 }) };
    await expect(planTraining(options, classes, { adapterClass: "software", subgroups: false })).rejects.toThrow(
      'the data set has the class 2, and the auxiliary head "flat" gives 2 outputs',
    );
  });
});

describe("records", () => {
  const { segments } = layOutArena([{ name: "0.weight", role: "weight", shape: [2, 2] }]);

  it("have the heads' losses behind the norms, and so have the metrics", () => {
    const words = new Uint32Array(2 * recordWords(1, 2));
    const base = recordWords(1, 2);
    expect(base).toBe(RECORD.norms + 3);
    new Float32Array(words.buffer).set([4, 0.5, Number.NaN], base + RECORD.norms);
    const { report } = decodeRecord(words, 1, segments, ["low", "high"]);
    expect(report.layers[0]!.gradientNorm).toBe(4);
    expect(report.auxiliary).toEqual([
      { name: "low", loss: 0.5 },
      { name: "high", loss: Number.NaN },
    ]);
    expect(JSON.parse(metricsText([report])).auxiliary).toEqual([
      { name: "low", loss: 0.5 },
      { name: "high", loss: "NaN" },
    ]);
    const plain = decodeRecord(new Uint32Array(recordWords(1)), 0, segments).report;
    expect("auxiliary" in plain).toBe(false);
    expect(metricsText([plain])).not.toContain("auxiliary");
  });

  it("name the heads where a loss was not finite", () => {
    const bad = { step: 7, layer: null, segment: null };
    expect(nonFiniteError(bad, [], segments, ["low"]).message).toContain(
      "step 7: the loss, or that of an auxiliary head (low), is not finite",
    );
    expect(nonFiniteError(bad, [], segments).message).toContain("step 7: the loss is not finite");
  });
});
