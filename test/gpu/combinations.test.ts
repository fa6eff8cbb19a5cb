/** Nearly every remedy in one experiment: it trains, keeps what is frozen, and goes on from a checkpoint bit for bit. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { parseExperiment, prepareExperiment } from "../../src/experiment/index.ts";
import { open } from "../../src/index.ts";
import { reportsOf } from "../support/oracleRun.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";

// Firefox compiles a pipeline on a software adapter in half a second, and these nets have some eighty.
vi.setConfig({ testTimeout: 300_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const norm = { type: "linear", units: 16, parametrization: "weightNorm", init: "orthogonal" };
const linear = { type: "linear", units: 16, init: "orthogonal" };

const warmUp = (then: object) => ({ type: "warmUp", steps: 2, then });

const everything = (optimizer: string) => ({
  format: "fathom-experiment/1",
  seed: 5,
  dataset: { type: "spirals", classes: 3, samples: 100 },
  batchSize: 12,
  steps: 9,
  model: [
    linear,
    { type: "batchNorm" },
    { type: "relu" },
    { type: "dropout", rate: 0.1 },
    {
      type: "repeat",
      times: 2,
      body: [
        {
          type: "residual",
          body: [norm, { type: "layerNorm" }, { type: "prelu" }, linear],
          scale: "layerScale",
          stochasticDepth: { rate: 0.3, decay: "linear" },
        },
      ],
    },
    { type: "auxiliary", name: "middle", body: [{ type: "linear", units: 3 }] },
    { type: "highway", body: [linear, "tanh"] },
    { type: "dense", times: 1, body: [{ type: "linear", units: 4 }, "mish"] },
    { type: "linear", units: 3 },
  ],
  initialization: "lsuv",
  loss: { type: "softmaxCrossEntropy", labelSmoothing: 0.1 },
  optimizer,
  schedule: warmUp({ type: "plateau", initial: 0.01, patience: 0, every: 2, factor: 0.5, threshold: 0.5 }),
  groups: [
    { parameters: "0.*", learningRateFactor: 0 },
    { parameters: "4.0.*", role: "weight", learningRateFactor: 0.5, weightDecayFactor: 2 },
  ],
  regularizer: { type: "elasticNet", l1: 1e-4, l2: 1e-3, divideBy: "samples" },
  gradientNoise: { eta: 0.01 },
  clip: { type: "adaptive", ratio: 0.02 },
  constraint: { type: "maxNorm", max: 1 },
  insight: { histograms: true, every: 2 },
  nonFinite: "skip",
});

it.each(["lamb", "muon"])("everything with %s trains, and a run that was cut goes on bit for bit", async (optimizer) => {
  const { dataset, options } = await prepareExperiment(parseExperiment(everything(optimizer)));
  const whole = await gpu.train(options);
  await whole.prepare(dataset);
  const began = readSafetensors(await whole.save());
  const reports = await reportsOf(whole, dataset, { steps: 9 });
  const ended = readSafetensors(await whole.save());

  for (const { loss, regularization, gradientNorm, clipScale, skipped, auxiliary } of reports) {
    expect([loss, regularization, gradientNorm, auxiliary![0]!.loss].every(Number.isFinite)).toBe(true);
    expect(skipped).toBe(false);
    expect(clipScale).toBeGreaterThan(0);
    expect(clipScale).toBeLessThan(1);
  }
  expect(reports.map(({ insight }) => insight !== undefined)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((step) => step % 2 === 0));
  // The warm-up, and then a plateau that no loss gets past: halved after each interval that was no better than the best.
  expect(reports[0]!.learningRate).toBeCloseTo(0.01 / 3, 8);
  expect(reports.at(-1)!.learningRate).toBeLessThan(0.01);
  const moved = [...ended].filter(([name, { data }]) => data.some((value, at) => value !== began.get(name)!.data[at]));
  const names = moved.map(([name]) => name);
  expect(names.filter((name) => name.startsWith("0."))).toEqual([]);
  expect([...ended.keys()].filter((name) => !names.includes(name))).toEqual(["0.weight", "0.bias"]);

  const first = await gpu.train(options);
  const before = await reportsOf(first, dataset, { steps: 5 });
  const second = await gpu.train(options);
  await second.restore(await first.checkpoint());
  const after = await reportsOf(second, dataset, { steps: 4 });
  expect([...before, ...after]).toEqual(reports);
  expect(await second.checkpoint()).toEqual(await whole.checkpoint());
  for (const trainer of [whole, first, second]) trainer.dispose();
});
