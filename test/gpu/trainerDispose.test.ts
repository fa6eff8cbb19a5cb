/** Ending a trainer, or losing the device, while a run waits or goes on; and data sets that are not there. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, data, nn, open, optim, type Report, type Trainer } from "../../src/index.ts";

let gpu: Engine;
let trainer: Trainer;
let dataset: Dataset;

beforeEach(async () => {
  gpu = await open();
  dataset = data.xor({ samples: 64, seed: 1 });
  const model = nn.sequential(nn.linear(2, 8), nn.tanh(), nn.linear(8, 2));
  trainer = await gpu.train({ model, loss: nn.softmaxCrossEntropy(), batchSize: 16, seed: 1, optimizer: optim.sgd({ learningRate: 0.1 }) });
});
afterEach(() => gpu.dispose());

/** A run that is paused after its first report, and what becomes of it. */
async function pausedRun(): Promise<{ readonly next: Promise<IteratorResult<Report>> }> {
  const run = trainer.run(dataset, { steps: 1000 });
  await run.next();
  trainer.pause();
  const drained = (async () => {
    for (;;) {
      const result = await run.next();
      if (result.done) return result;
    }
  })();
  drained.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { next: drained };
}

describe("a paused run", () => {
  it("ends with an error when its trainer is disposed of", async () => {
    const { next } = await pausedRun();
    trainer.dispose();
    await expect(next).rejects.toMatchObject({ code: "disposed" });
  });

  it("ends with an error when the device is lost", async () => {
    const { next } = await pausedRun();
    gpu.device.destroy();
    await expect(next).rejects.toMatchObject({ code: "device-lost" });
  });
});

it("a trainer that was disposed of in a run writes into nobody's memory", async () => {
  const run = trainer.run(dataset, { steps: 1000 });
  await run.next();
  trainer.dispose();
  // These take up the buffers that the trainer gave back.
  const tensors = Array.from({ length: 20 }, () => gpu.tensor(new Float32Array(16).fill(3)));
  await expect(
    (async () => {
      for await (const _ of run);
    })(),
  ).rejects.toMatchObject({ code: "disposed" });
  for (const tensor of tensors) expect([...(await tensor.data())].every((value) => value === 3)).toBe(true);
});

describe("what is no data set", () => {
  it("is refused with advice", async () => {
    const promise = data.digits() as unknown as Dataset;
    await expect(trainer.run(promise, { steps: 1 }).next()).rejects.toThrow(/promise of a data set; await it first/);
    await expect(trainer.evaluate(null as never)).rejects.toThrow(/the split is null/);
    await expect(trainer.evaluate({ ...dataset.train, count: 0 })).rejects.toThrow(/count is 0/);
  });
});

it("a trainer made after another was disposed of takes up its memory, cleared, and trains as the first did", async () => {
  const model = nn.sequential(nn.linear(2, 8), nn.tanh(), nn.linear(8, 2));
  const optimizer = optim.sgd({ learningRate: 0.1, momentum: 0.9 });
  const seen: { losses: number[]; created: number }[] = [];
  for (let round = 0; round < 3; round++) {
    trainer.dispose();
    trainer = await gpu.train({ model, loss: nn.softmaxCrossEntropy(), batchSize: 16, seed: 1, optimizer });
    const losses: number[] = [];
    for await (const { loss } of trainer.run(dataset, { steps: 5 })) losses.push(loss);
    await trainer.evaluate(dataset.test!);
    seen.push({ losses, created: gpu.counters.buffersCreated });
  }
  expect(seen[1]!.losses).toEqual(seen[0]!.losses);
  expect(seen[2]).toEqual(seen[1]);
});
