/** Saving and resuming: a resumed run equals an uninterrupted one bit for bit; weights load by PyTorch's names; what does not fit is refused. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, data, nn, open, optim, type Report, schedule, type TrainerOptions } from "../../src/index.ts";
import { reportsOf } from "../support/oracleRun.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";

// Firefox compiles a pipeline on a software adapter in half a second, and a net may have forty.
vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

/** The digits as floats, cut short; the images of `bad` hold an infinity, so that a batch with one of them must be skipped. */
async function smallDigits(count: number, bad: readonly number[] = []): Promise<Dataset> {
  const digits = await data.digits();
  const x = Float32Array.from((digits.train.x as Uint8Array).subarray(0, count * 64));
  for (const image of bad) x[image * 64 + 5] = Number.POSITIVE_INFINITY;
  return { ...digits, train: { ...digits.train, count, x, y: digits.train.y.slice(0, count) }, test: null };
}

const everything = (): TrainerOptions => ({
  model: nn.sequential(
    nn.linear(64, 24),
    nn.batchNorm(24),
    nn.relu(),
    nn.dropout(0.2),
    nn.residual(nn.linear(24, 24), nn.batchNorm(24, { momentum: 0.3 }), nn.dropout(0.1), nn.tanh()),
    nn.linear(24, 10),
  ),
  loss: nn.softmaxCrossEntropy(),
  batchSize: 32,
  seed: 11,
  optimizer: optim.adamW({ learningRate: schedule.cosine(0.01, { steps: 40 }) }),
  clip: optim.clipGlobalNorm(1),
  regularizer: optim.l2(1e-3),
  nonFinite: "skip",
});

describe("a resumed run", () => {
  it("equals an uninterrupted one bit for bit: dropout, batch-norm, Adam, shuffling, and a skipped step before the cut", async () => {
    // 100 images at batch 32: the bad one comes by about every third step.
    const dataset = await smallDigits(100, [40]);
    const whole = await gpu.train(everything());
    const expected = await reportsOf(whole, dataset, { steps: 40 });
    expect(expected.slice(0, 17).some(({ skipped }) => skipped)).toBe(true);
    expect(expected.slice(17).some(({ skipped }) => skipped)).toBe(true);
    expect(expected.filter(({ skipped }) => !skipped).length).toBeGreaterThan(15);

    const first = await gpu.train(everything());
    const before = await reportsOf(first, dataset, { steps: 17 });
    const file = await first.checkpoint();
    first.dispose();

    // On a device of its own, and after other steps than those of the checkpoint.
    const other = await open();
    const second = await other.train({ ...everything(), optimizer: everything().optimizer });
    await reportsOf(second, dataset, { steps: 5 });
    await second.restore(file);
    expect(second.attemptedStep).toBe(17);
    const after = await reportsOf(second, dataset, { steps: 23 });

    expect([...before, ...after]).toEqual(expected);
    expect(await second.checkpoint()).toEqual(await whole.checkpoint());
    other.dispose();
    whole.dispose();
  });

  it("may be cut anywhere by leaving its loop", async () => {
    const dataset = await smallDigits(90);
    const whole = await gpu.train(everything());
    const expected = await reportsOf(whole, dataset, { steps: 30 });
    const trainer = await gpu.train(everything());
    const seen: Report[] = [];
    while (trainer.attemptedStep < 30) {
      const began = trainer.attemptedStep;
      for await (const report of trainer.run(dataset, { steps: 30 - began })) {
        seen.push(report);
        if (report.step >= began + 6) break;
      }
    }
    // What was under way when the loop was left is done, and not reported.
    const steps = new Set(seen.map(({ step }) => step));
    expect(seen).toEqual(expected.filter(({ step }) => steps.has(step)));
    expect(await trainer.checkpoint()).toEqual(await whole.checkpoint());
    whole.dispose();
    trainer.dispose();
  });

  it("is refused where the trainer is another", async () => {
    const trainer = await gpu.train(everything());
    const file = await trainer.checkpoint();
    for (const [change, message] of [
      [{ seed: 12 }, /was made with seed 11, and this trainer has 12/],
      [{ batchSize: 16 }, /batchSize 32/],
      [{ optimizer: optim.adam({ learningRate: 1 }) }, /optimizerType "adamW"/],
      [{ optimizer: optim.sgd({ learningRate: 1 }) }, /optimizerType "adamW"/],
      [{ model: nn.sequential(nn.linear(64, 10)) }, /0\.weight is \[24,64\] in the file and \[10,64\] in the model/],
    ] as const) {
      const other = await gpu.train({ ...everything(), ...change });
      await expect(other.restore(file, { fileName: "c.safetensors" })).rejects.toThrow(message);
      other.dispose();
    }
    await expect(trainer.restore(await trainer.save())).rejects.toThrow(/its format is "pt".*trainer\.load/);
    trainer.dispose();
  });
});

describe("saved weights", () => {
  it("have PyTorch's names and layouts, and load again", async () => {
    const dataset = await smallDigits(64);
    const trainer = await gpu.train(everything());
    await reportsOf(trainer, dataset, { steps: 4 });
    const file = await trainer.save();
    const tensors = readSafetensors(file);
    expect([...tensors].map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`).sort()).toEqual(
      [
        "0.weight F32 [24,64]",
        "0.bias F32 [24]",
        "1.weight F32 [24]",
        "1.bias F32 [24]",
        "1.running_mean F32 [24]",
        "1.running_var F32 [24]",
        "1.num_batches_tracked I64 []",
        "4.0.weight F32 [24,24]",
        "4.0.bias F32 [24]",
        "4.1.weight F32 [24]",
        "4.1.bias F32 [24]",
        "4.1.running_mean F32 [24]",
        "4.1.running_var F32 [24]",
        "4.1.num_batches_tracked I64 []",
        "5.weight F32 [10,24]",
        "5.bias F32 [10]",
      ].sort(),
    );
    expect(tensors.get("1.num_batches_tracked")!.data[0]).toBe(4);

    const other = await gpu.train({ ...everything(), seed: 99 });
    const result = await other.load(file);
    expect(result).toMatchObject({ missing: [], unexpected: [] });
    expect(await other.save()).toEqual(file);
    const [a, b] = await Promise.all([trainer.evaluate(dataset.train), other.evaluate(dataset.train)]);
    expect(b).toEqual(a);
    // Counts go on from those in the file.
    await reportsOf(other, dataset, { steps: 3 });
    expect(readSafetensors(await other.save()).get("4.1.num_batches_tracked")!.data[0]).toBe(7);
    trainer.dispose();
    other.dispose();
  });

  it("are refused by name where they do not fit, and taken in part if asked", async () => {
    const trainer = await gpu.train({ ...everything(), model: nn.sequential(nn.linear(64, 24), nn.tanh(), nn.linear(24, 10)) });
    const other = await gpu.train(everything());
    const file = await other.save();
    await expect(trainer.load(file, { fileName: "w.safetensors" })).rejects.toThrow(
      /w\.safetensors: .*lacks 2\.weight, 2\.bias, and has .*1\.weight/,
    );
    const result = await trainer.load(file, { partial: true });
    expect(result.loaded).toEqual(["0.weight", "0.bias"]);
    expect(readSafetensors(await trainer.save()).get("0.weight")!.data).toEqual(readSafetensors(file).get("0.weight")!.data);
    trainer.dispose();
    other.dispose();
  });

  it("hold a shared layer under both its names", async () => {
    const shared = nn.linear(16, 16);
    const trainer = await gpu.train({
      ...everything(),
      model: nn.sequential(nn.linear(64, 16), shared, nn.tanh(), shared, nn.linear(16, 10)),
    });
    await reportsOf(trainer, await smallDigits(64), { steps: 2 });
    const tensors = readSafetensors(await trainer.save());
    expect(tensors.get("1.weight")!.data).toEqual(tensors.get("3.weight")!.data);
    await trainer.load(await trainer.save());
    trainer.dispose();
  });
});
