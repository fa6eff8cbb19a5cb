/**
 * Five findings of the papers that the remedies come from, with dense nets on the digits (docs/references.md).
 *
 * Bounds were fixed beforehand: from the papers' formulas, or from PyTorch runs of the same nets over three seeds, with room on both sides.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { parseExperiment, prepareExperiment } from "../../src/experiment/index.ts";
import { type Dataset, data, open } from "../../src/index.ts";
import type { Evaluation, Report } from "../../src/train/trainer.ts";

const FILES = import.meta.glob<string>("../../demo/experiments/findings/*.json", { query: "?raw", import: "default", eager: true });

let gpu: Engine;
let digits: Dataset;
beforeAll(async () => {
  gpu = await open();
  digits = await data.digits();
});
afterAll(() => gpu.dispose());

interface Outcome {
  readonly reports: readonly Report[];
  readonly train: Evaluation;
}

/** Trains a finding's experiment, as far as it goes or for so many steps. */
async function outcomeOf(name: string, steps?: number): Promise<Outcome> {
  const { dataset, options, run } = await prepareExperiment(parseExperiment(FILES[`../../demo/experiments/findings/${name}.json`]!, name));
  const trainer = await gpu.train(options);
  const reports: Report[] = [];
  for await (const report of trainer.run(dataset, { ...run, ...(steps === undefined ? {} : { steps }) })) reports.push(report);
  const train = await trainer.evaluate(digits.train);
  trainer.dispose();
  return { reports, train };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("Glorot and Bengio, 2010", () => {
  /** What the first of ten layers has over what the last has: of activations' spread, of weights' gradients, and of biases', which sum what is propagated back. */
  async function firstOverLast(name: string): Promise<{ spread: number; weights: number; biases: number }> {
    const [report] = (await outcomeOf(name, 1)).reports;
    const norms = (role: string): number[] => report!.layers.filter((layer) => layer.role === role).map(({ gradientNorm }) => gradientNorm);
    // The eleventh linear layer is the output's.
    const ratio = (values: readonly number[]): number => values[0]! / values[9]!;
    return {
      spread: ratio(report!.insight!.activations!.map(({ standardDeviation }) => standardDeviation)),
      weights: ratio(norms("weight")),
      biases: ratio(norms("bias")),
    };
  }

  it("has activations and gradients fade from standard initial weights", async () => {
    const { spread, weights, biases } = await firstOverLast("glorot-standard");
    // √3 for each of nine layers: 140. Tanh's curve adds to what the first, widest layer loses.
    expect(spread).toBeGreaterThan(140 / 3);
    expect(spread).toBeLessThan(140 * 3);
    expect(biases).toBeGreaterThan(1 / 140 / 3);
    expect(biases).toBeLessThan(3 / 140);
    // The product of both, which is the weights' gradient, stays level.
    expect(weights).toBeGreaterThan(1 / 3);
    expect(weights).toBeLessThan(3);
  });

  it("keeps both level from normalised ones", async () => {
    const { spread, weights, biases } = await firstOverLast("glorot-normalized");
    for (const ratio of [spread, weights, biases]) {
      expect(ratio).toBeGreaterThan(1 / 5);
      expect(ratio).toBeLessThan(5);
    }
  });
});

describe("He et al., 2016", () => {
  it("has plain nets get worse with depth, and residual ones not", async () => {
    const loss = async (name: string): Promise<number> => (await outcomeOf(name)).train.loss;
    const plain = { shallow: await loss("plain-8"), deep: await loss("plain-56") };
    const residual = { shallow: await loss("residual-8"), deep: await loss("residual-56") };
    // PyTorch: 0.04 and 2.46 or more; 0.02 and 0.06.
    expect(plain.shallow).toBeLessThan(0.15);
    expect(plain.deep).toBeGreaterThan(1);
    expect(residual.shallow).toBeLessThan(0.15);
    expect(residual.deep).toBeLessThan(0.3);
  });
});

describe("Ioffe and Szegedy, 2015", () => {
  it("lets a net with batch-norm learn at a rate at which the same net without it does not", async () => {
    // PyTorch: accuracy 0.97 with. Without, the loss is stuck at chance or stops being finite.
    const { train } = await outcomeOf("rate-with-batch-norm");
    expect(train.accuracy).toBeGreaterThan(0.9);
    const without = await outcomeOf("rate-without-batch-norm").catch((error: unknown) => {
      expect(error).toMatchObject({ code: "non-finite" });
      return null;
    });
    if (without) expect(without.train.accuracy).toBeLessThan(0.3);
  });

  it("has noise from batch-norm that fades as batches grow", async () => {
    const noise: number[] = [];
    for (const size of [4, 16, 64, 256]) {
      const { reports, train } = await outcomeOf(`batch-norm-noise-${size}`);
      noise.push(mean(reports.slice(-50).map(({ loss }) => loss)) - train.loss);
    }
    // PyTorch: 0.5, 0.12, 0.015, 0.003.
    expect(noise[0]).toBeGreaterThan(0.2);
    for (let index = 1; index < noise.length; index++) expect(noise[index]).toBeLessThan(noise[index - 1]! / 2);
    expect(noise[3]).toBeLessThan(0.02);
  });
});

describe("He et al., 2015", () => {
  it("has thirty relu layers learn from He's initial weights and stall from Glorot's", async () => {
    const [he, glorot] = [await outcomeOf("thirty-relu-he"), await outcomeOf("thirty-relu-glorot")];
    // PyTorch: 0.7 to 1.2, and chance, ln 10 = 2.303.
    expect(he.train.loss).toBeLessThan(1.6);
    expect(glorot.train.loss).toBeGreaterThan(2.28);
    const change = glorot.reports.map(({ loss }) => loss);
    expect(Math.max(...change) - Math.min(...change)).toBeLessThan(0.1);
  });
});
