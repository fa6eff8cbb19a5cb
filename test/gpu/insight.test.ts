/** Insight through the trainer: its numbers against weights read before and after a step and a forward pass in float64, its cost, and that it changes nothing. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, data, init, nn, open, optim, type Report, type TrainerOptions } from "../../src/index.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { countCalls } from "../support/countedCalls.ts";
import { reportsOf } from "../support/oracleRun.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";

// Firefox compiles a pipeline on a software adapter in half a second, and a net may have forty.
vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
let digits: Dataset;
beforeAll(async () => {
  gpu = await open();
  digits = await data.digits();
});
afterAll(() => gpu.dispose());

const BATCH = 32;

const options = (more: Partial<TrainerOptions> = {}): TrainerOptions => ({
  model: nn.sequential(
    nn.linear(64, 70),
    nn.tanh(),
    nn.linear(70, 20, { init: init.glorotNormal(), biasInit: init.uniform({ low: -4, high: 1 }) }),
    nn.relu(),
    nn.linear(20, 20),
    nn.sigmoid(),
    nn.linear(20, 10),
  ),
  loss: nn.softmaxCrossEntropy(),
  batchSize: BATCH,
  seed: 7,
  order: "sequential",
  optimizer: optim.sgd({ learningRate: 0.5 }),
  insight: {},
  ...more,
});

const weightsOf = async (trainer: Trainer) =>
  new Map([...readSafetensors(await trainer.save())].map(([name, { data }]) => [name, data as Float32Array]));
const norm = (values: Iterable<number>): number => Math.sqrt([...values].reduce((sum, value) => sum + value * value, 0));

/** Outputs of the three activations for the first batch, in float64. */
function forward(weights: ReadonlyMap<string, Float32Array>): Float64Array[] {
  const { x, xScale } = digits.train;
  const rows = Float64Array.from(x.subarray(0, BATCH * 64), (value) => value * xScale);
  const functions = [Math.tanh, (z: number) => Math.max(z, 0), (z: number) => 1 / (1 + Math.exp(-z))];
  const outputs: Float64Array[] = [];
  let given = rows;
  for (const [layer, apply] of functions.entries()) {
    const [w, b] = [weights.get(`${2 * layer}.weight`)!, weights.get(`${2 * layer}.bias`)!];
    const inputs = given.length / BATCH;
    given = Float64Array.from({ length: BATCH * b.length }, (_, at) => {
      const [row, unit] = [Math.floor(at / b.length), at % b.length];
      let sum = b[unit]!;
      for (let k = 0; k < inputs; k++) sum += given[row * inputs + k]! * w[unit * inputs + k]!;
      return apply(sum);
    });
    outputs.push(given);
  }
  return outputs;
}

describe("a report's insight", () => {
  it("tells of parameters what reading them before and after the step tells", async () => {
    const trainer = await gpu.train(options({ insight: { histograms: true } }));
    for (let step = 0; step < 3; step++) {
      const before = await weightsOf(trainer);
      const { insight, layers } = await trainer.step(digits);
      const after = await weightsOf(trainer);
      expect(insight!.parameters.map(({ name, role, gradientNorm }) => ({ name, role, gradientNorm }))).toEqual(layers);
      for (const [index, { name, gradientMax, gradientZeros, weightNorm, updateRatio }] of insight!.parameters.entries()) {
        const w = before.get(name)!;
        const change = after.get(name)!.map((value, at) => value - w[at]!);
        expect(weightNorm / norm(w), name).toBeCloseTo(1, 5);
        expect(updateRatio / (norm(change) / norm(w)), name).toBeCloseTo(1, 5);
        // Plain SGD moves by half the gradient; the difference of two weights has lost some digits.
        const largest = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(Math.abs(gradientMax - 2 * largest), name).toBeLessThanOrEqual(2 ** -21);
        const { counts } = insight!.histograms![index]!;
        expect(counts.reduce((sum, count) => sum + count)).toBe(w.length);
        expect(gradientZeros).toBe(counts[0]! / w.length);
        expect(change.filter((value) => value === 0).length).toBeGreaterThanOrEqual(counts[0]!);
        const top = counts.findLastIndex((count) => count > 0);
        expect(top, name).toBe(Math.floor(Math.log2(gradientMax)) + 46);
      }
    }
    trainer.dispose();
  });

  it("tells of activations what a forward pass in float64 gives", async () => {
    const trainer = await gpu.train(options());
    const outputs = forward(await weightsOf(trainer));
    const { insight } = await trainer.step(digits);
    expect(insight!.activations.map(({ name, type }) => `${name} ${type}`)).toEqual(["1 tanh", "3 relu", "5 sigmoid"]);
    expect(insight).not.toHaveProperty("histograms");
    const saturated = [(y: number) => Math.abs(y) >= 0.95, (y: number) => y === 0, (y: number) => y <= 0.05 || y >= 0.95];
    for (const [layer, { mean, standardDeviation, ...fractions }] of insight!.activations.entries()) {
      const y = outputs[layer]!;
      const units = y.length / BATCH;
      const truth = y.reduce((sum, value) => sum + value, 0) / y.length;
      expect(mean).toBeCloseTo(truth, 5);
      expect(standardDeviation).toBeCloseTo(Math.sqrt(y.reduce((sum, value) => sum + (value - truth) ** 2, 0) / y.length), 5);
      expect(fractions.saturated).toBe(y.filter(saturated[layer]!).length / y.length);
      const dead = Array.from({ length: units }, (_, unit) => y.every((value, at) => at % units !== unit || value === 0));
      expect(fractions.dead).toBe(dead.filter((is) => is).length / units);
    }
    expect(insight!.activations[1]!.dead).toBeGreaterThan(0);
    expect(insight!.activations[1]!.saturated).toBeGreaterThan(insight!.activations[1]!.dead);
    trainer.dispose();
  });

  it("comes with the reports that it is asked for, each with its own step's numbers", async () => {
    const all = await gpu.train(options());
    const some = await gpu.train(options({ insight: { every: 3 } }));
    const everyStep = await reportsOf(all, digits, { steps: 140 });
    const reports = await reportsOf(some, digits, { steps: 140, every: 2 });
    expect(everyStep.every(({ insight }) => insight !== undefined)).toBe(true);
    expect(reports.filter(({ insight }) => insight).map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, index) => 6 * index));
    for (const report of reports) if (report.insight) expect(report).toEqual(everyStep[report.step]);
    // Left out, it is in every report, the last among them.
    const last = await reportsOf(all, digits, { steps: 6, every: 4 });
    expect(last.map(({ step, insight }) => [step, insight !== undefined])).toEqual([
      [140, true],
      [144, true],
      [145, true],
    ]);
    all.dispose();
    some.dispose();
  });

  it("says of a run that blew up that it did", async () => {
    const trainer = await gpu.train(options({ optimizer: optim.sgd({ learningRate: 1e38 }), nonFinite: "ignore" }));
    const reports = await reportsOf(trainer, digits, { steps: 4 });
    const last = reports.at(-1)!.insight!;
    expect(last.parameters[0]!.weightNorm).toBe(Number.NaN);
    expect(last.parameters[0]!.updateRatio).toBe(Number.NaN);
    expect(last.activations[0]!.mean).toBe(Number.NaN);
    trainer.dispose();
  });
});

/** Every kind of node that activations may be fused with, or stand beside. */
const mixed = (): nn.Module =>
  nn.sequential(
    nn.linear(64, 24),
    nn.batchNorm(24),
    nn.relu(),
    nn.dropout(0.1),
    nn.repeat(3, () => nn.residual(nn.linear(24, 24), nn.gelu(), nn.linear(24, 24), nn.tanh())),
    nn.concat(nn.sequential(nn.linear(24, 8), nn.silu()), nn.sequential(nn.linear(24, 8), nn.elu(), nn.linear(8, 8), nn.selu())),
    nn.linear(16, 10),
  );

describe("training", () => {
  it("is the same with insight and without, to the last bit", async () => {
    const run = async (insight?: TrainerOptions["insight"]): Promise<{ reports: Report[]; file: Uint8Array; dispatches: number }> => {
      const { insight: _, ...plain } = options({
        model: mixed(),
        optimizer: optim.adamW({ learningRate: 0.01 }),
        regularizer: optim.l2(1e-3),
      });
      const trainer = await gpu.train(insight ? { ...plain, insight } : plain);
      const reports = await reportsOf(trainer, digits, { steps: 20 });
      const { dispatches } = trainer.insightCounters ?? trainer.counters;
      const file = await trainer.save();
      trainer.dispose();
      return { reports, file, dispatches };
    };
    const [without, observed] = [await run(), await run({ histograms: true })];
    expect(observed.file).toEqual(without.file);
    expect(observed.reports.map(({ insight: _, ...report }) => report)).toEqual(without.reports);
    expect(observed.reports[0]!.insight!.activations).toHaveLength(10);
    expect(observed.dispatches - without.dispatches).toBeLessThanOrEqual(6);
  });
});

describe("a step with insight", () => {
  it("creates nothing in the steady state, and copies two records more where a report has insight", async () => {
    const trainer = await gpu.train(options({ insight: { every: 20 } }));
    await reportsOf(trainer, digits, { steps: 60, every: 10 });
    const stop = countCalls();
    const reports = await reportsOf(trainer, digits, { steps: 200, every: 10 });
    const counts = stop();
    const observed = reports.filter(({ insight }) => insight).length;
    expect([reports.length, observed]).toEqual([21, 10]);
    expect(counts.creates).toEqual({});
    expect([counts.encoders, counts.passes, counts.submits]).toEqual([200, 200, 200]);
    expect(counts.copies).toBeLessThanOrEqual(reports.length * 3);
    expect(counts.dispatches).toBe(200 * trainer.counters.dispatches + observed * 5);
    trainer.dispose();
  });

  it("is the only one that is compiled where every step has it, and gives all memory back", async () => {
    const { buffers, bytes } = gpu.counters;
    const trainer = await gpu.train(options());
    await reportsOf(trainer, digits, { steps: 2 });
    expect(trainer.counters).toBe(trainer.insightCounters);
    trainer.dispose();
    expect(gpu.counters).toMatchObject({ buffers, bytes });
  });

  it("leaves out what was not asked for", async () => {
    const trainer = await gpu.train(options({ insight: { parameters: false } }));
    const [first] = await reportsOf(trainer, digits, { steps: 1 });
    expect(first!.insight!.parameters).toEqual([]);
    expect(first!.insight!.activations).toHaveLength(3);
    const only = await gpu.train(options({ insight: { activations: false } }));
    const [other] = await reportsOf(only, digits, { steps: 1 });
    expect(other!.insight!.activations).toEqual([]);
    expect(only.counters.dispatches - trainer.counters.dispatches).toBe(1);
    trainer.dispose();
    only.dispose();
    await expect(gpu.train(options({ insight: { histogram: true } as never }))).rejects.toThrow(/no option "histogram"/);
    await expect(gpu.train(options({ insight: { every: 0 } }))).rejects.toThrow(/every is 0; use a whole number from 1/);
    await expect(gpu.train(options({ insight: { activations: 1 } as never }))).rejects.toThrow(/activations is 1; use true or false/);
  });
});
