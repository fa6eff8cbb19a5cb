/** Deep supervision on the GPU, beside what PyTorch's cases show: heads that are not finite, and weights of them in files. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { parseExperiment } from "../../src/experiment/parse.ts";
import { init, nn, open, optim, type TrainerOptions } from "../../src/index.ts";
import { compareTrace, describeViolations } from "../support/compareTrace.ts";
import { loadOracleCase } from "../support/oracleFixture.ts";
import { reportsOf, trainerOf } from "../support/oracleRun.ts";
import { waves } from "../support/waves.ts";

// Firefox compiles a pipeline on a software adapter in half a second.
vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const dataset = waves(8, 4);

/** The head's output is 1e20, whose square is no float32, though all its layers and gradients are. */
const options = (policy: "stop" | "skip", bias: number): TrainerOptions => ({
  model: nn.sequential(
    nn.linear(4, 3),
    nn.auxiliary({ name: "tail", weight: 0 }, nn.linear(3, 2, { init: init.zeros(), biasInit: init.constant(bias) })),
    nn.linear(3, 2),
  ),
  loss: nn.meanSquaredError(),
  batchSize: 8,
  order: "sequential",
  optimizer: optim.sgd({ learningRate: 0.1 }),
  nonFinite: policy,
});

describe("a step with auxiliary heads", () => {
  it("has PyTorch's losses and gradients, whatever the optimizer", async () => {
    const oracle = await loadOracleCase("auxiliary");
    const experiment = parseExperiment({ ...JSON.parse(oracle.experimentText), optimizer: "sgd" });
    const { trainer, dataset } = await trainerOf(gpu, { ...oracle, experiment });
    const reports = await reportsOf(trainer, dataset, { steps: 1 });
    expect(reports[0]!.auxiliary!.map(({ name }) => name)).toEqual(["early", "late"]);
    expect(describeViolations(compareTrace(reports, { ...oracle.trace, steps: oracle.trace.steps.slice(0, 1) }))).toBe("");
    trainer.dispose();
  });
});

describe("an auxiliary loss that is not finite", () => {
  it("stops training like the main one, or leaves the update out", async () => {
    const stopping = await gpu.train(options("stop", 1e20));
    await expect(reportsOf(stopping, dataset, { steps: 2 })).rejects.toThrow(
      /stopped at step 0: the loss, or that of an auxiliary head \(tail\), is not finite/,
    );
    stopping.dispose();
    const skipping = await gpu.train(options("skip", 1e20));
    const before = await skipping.save();
    const reports = await reportsOf(skipping, dataset, { steps: 2 });
    expect(reports.map(({ skipped, auxiliary }) => [skipped, auxiliary])).toEqual([
      [true, [{ name: "tail", loss: Infinity }]],
      [true, [{ name: "tail", loss: Infinity }]],
    ]);
    expect(Number.isFinite(reports[0]!.loss)).toBe(true);
    expect(await skipping.save()).toEqual(before);
    skipping.dispose();
  });

  it("is not what evaluation and prediction look at", async () => {
    const trainer = await gpu.train(options("stop", 1));
    const [{ loss, auxiliary }] = (await reportsOf(trainer, dataset, { steps: 1 })) as [Awaited<ReturnType<typeof reportsOf>>[number]];
    const mean = Float32Array.from(dataset.train.y).reduce((sum, value) => sum + (1 - value) ** 2, 0) / 16;
    expect(Math.abs(auxiliary![0]!.loss - mean)).toBeLessThan(1e-6 * mean);
    const { loss: after } = await trainer.evaluate(dataset.train);
    expect(after).toBeLessThan(loss);
    trainer.dispose();
  });
});
