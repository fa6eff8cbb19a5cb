/** What is not finite is found, named, and handled by the policy that was asked for. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, nn, open, optim, type TrainerOptions } from "../../src/index.ts";
import { decodeSafetensors, encodeSafetensors, type StoredArray, storedArray } from "../../src/io/index.ts";
import { reportsOf } from "../support/oracleRun.ts";

// Firefox compiles a pipeline on a software adapter in half a second, and a net may have forty.
vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

/** 40 rows of 6 numbers, in file order; the values of row `bad` are `value`. */
function rows(bad: number | null, value = Number.NaN): Dataset {
  const x = Float32Array.from({ length: 240 }, (_, index) => Math.sin(index));
  if (bad !== null) x.fill(value, bad * 6, bad * 6 + 6);
  const train = { count: 40, x, xScale: 1, y: Int32Array.from({ length: 40 }, (_, row) => row % 3), yShape: [] };
  return { name: "rows", sampleShape: [6], classes: 3, train, test: null };
}

const options = (policy: "stop" | "skip" | "ignore"): TrainerOptions => ({
  model: nn.sequential(nn.linear(6, 8), nn.batchNorm(8), nn.relu(), nn.linear(8, 3)),
  loss: nn.softmaxCrossEntropy(),
  batchSize: 8,
  order: "sequential",
  optimizer: optim.adam({ learningRate: 0.01 }),
  clip: optim.clipGlobalNorm(1),
  nonFinite: policy,
});

const tensorsOf = (file: Uint8Array): Map<string, StoredArray> =>
  new Map([...decodeSafetensors(file, "checkpoint").tensors].map(([name, tensor]) => [name, storedArray(tensor)]));

describe('"skip"', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "leaves parameters, moments, running statistics and the applied step untouched, bit for bit (%d)",
    async (value) => {
      const dataset = rows(27, value);
      const trainer = await gpu.train(options("skip"));
      await reportsOf(trainer, dataset, { steps: 3 });
      const before = tensorsOf(await trainer.checkpoint());
      // Row 27 is in the batch of step 3: rows 24 to 31.
      const [report] = await reportsOf(trainer, dataset, { steps: 1 });
      expect(report).toMatchObject({ step: 3, skipped: true, appliedStep: 3 });
      const after = tensorsOf(await trainer.checkpoint());
      // Applied, stopped, skipped.
      expect([...after.get("trainer.counters")!].slice(0, 3)).toEqual([3, 0, 1]);
      after.delete("trainer.counters");
      before.delete("trainer.counters");
      expect(after).toEqual(before);

      const next = await reportsOf(trainer, dataset, { steps: 2 });
      expect(next.map(({ skipped, appliedStep }) => [skipped, appliedStep])).toEqual([
        [false, 4],
        [false, 5],
      ]);
      expect(next.every(({ loss, gradientNorm }) => Number.isFinite(loss) && Number.isFinite(gradientNorm))).toBe(true);
      trainer.dispose();
    },
  );
});

describe('"stop"', () => {
  const failure = async (trainer: Awaited<ReturnType<Engine["train"]>>, dataset: Dataset, run: { steps: number; every?: number }) => {
    const reports: number[] = [];
    let error: unknown = null;
    try {
      for await (const { step } of trainer.run(dataset, run)) reports.push(step);
    } catch (thrown) {
      error = thrown;
    }
    return { reports, error };
  };

  it("names the step and the first bad layer, and leaves the trainer before that step", async () => {
    const dataset = rows(27);
    const reference = await gpu.train(options("stop"));
    await reportsOf(reference, dataset, { steps: 3 });
    for (const every of [1, 4, 100]) {
      const trainer = await gpu.train(options("stop"));
      const { reports, error } = await failure(trainer, dataset, { steps: 30, every });
      expect(error, `every ${every}`).toMatchObject({ code: "non-finite", details: { step: 3, layer: 0, layerName: "0 (linear 6 → 8)" } });
      expect((error as Error).message).toContain("training stopped at step 3: the output of layer 0, 0 (linear 6 → 8), is not finite");
      expect(reports).toEqual([0, 1, 2, 3].filter((step) => step % every === 0));
      expect(trainer.attemptedStep).toBe(3);
      expect(await trainer.checkpoint()).toEqual(await reference.checkpoint());
      // With better data it goes on.
      expect((await reportsOf(trainer, rows(null), { steps: 2 })).map(({ step, appliedStep }) => [step, appliedStep])).toEqual([
        [3, 4],
        [4, 5],
      ]);
      trainer.dispose();
    }
    reference.dispose();
  });

  /** Three linear layers of one unit with given weights, no biases' help. */
  const chain = async (weights: readonly number[], x: number, loss: nn.Loss): Promise<unknown> => {
    const trainer = await gpu.train({
      model: nn.sequential(...weights.map(() => nn.linear(1, 1))),
      loss,
      batchSize: 2,
      order: "sequential",
      optimizer: optim.sgd({ learningRate: 0.1 }),
    });
    const tensors = Object.fromEntries(
      weights.flatMap((weight, layer) => [
        [`${layer}.weight`, { dtype: "F32" as const, shape: [1, 1], data: Float32Array.of(weight) }],
        [`${layer}.bias`, { dtype: "F32" as const, shape: [1], data: Float32Array.of(0) }],
      ]),
    );
    await trainer.load(encodeSafetensors(tensors));
    const train = { count: 2, x: Float32Array.of(x, x), xScale: 1, y: new Float32Array(2), yShape: [1] };
    const { error } = await failure(trainer, { name: "two", sampleShape: [1], classes: null, train, test: null }, { steps: 3 });
    trainer.dispose();
    return error;
  };

  it("tells a layer from the loss and from a gradient", async () => {
    // 1e25² overflows in the second layer.
    expect(await chain([1e25, 1e25, 1], 1, nn.meanSquaredError())).toMatchObject({
      details: { step: 0, layer: 1, layerName: "1 (linear 1 → 1)" },
    });
    // The output 1e25 is finite, its square is not; 2·1e25 is.
    expect(await chain([1e12, 1e13], 1, nn.meanSquaredError())).toMatchObject({
      message: expect.stringContaining("the loss is not finite"),
      details: { layer: null, parameter: null },
    });
    // Forward 1e-38 → 1e-18 → 100 → 1e22, a loss of 1e22; backward 1, 1e20, 1e40: infinite at the first layer only.
    expect(await chain([1e20, 1e20, 1e20], 1e-36, nn.binaryCrossEntropyWithLogits())).toMatchObject({
      message: expect.stringContaining("the gradient of 0.bias is not finite"),
      details: { layer: null, parameter: "0.bias" },
    });
  });
});

describe('"ignore"', () => {
  it("goes on as if nothing were wrong", async () => {
    const trainer = await gpu.train(options("ignore"));
    const reports = await reportsOf(trainer, rows(27), { steps: 5 });
    expect(reports.map(({ appliedStep, skipped }) => [appliedStep, skipped])).toEqual([1, 2, 3, 4, 5].map((step) => [step, false]));
    expect(Number.isNaN(reports[4]!.loss)).toBe(true);
    trainer.dispose();
  });
});
