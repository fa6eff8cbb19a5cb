/** Running a trainer: reports, pause, single steps, abort, several trainers on one device, evaluation and prediction. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, data, init, nn, open, optim, type Report, schedule, type TrainerOptions } from "../../src/index.ts";
import { reportsOf } from "../support/oracleRun.ts";

// Firefox compiles a pipeline on a software adapter in half a second, and a net may have forty.
vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
let digits: Dataset;
beforeAll(async () => {
  gpu = await open();
  digits = await data.digits();
});
afterAll(() => gpu.dispose());

const options = (seed = 7): TrainerOptions => ({
  model: nn.sequential(nn.linear(64, 32), nn.tanh(), nn.linear(32, 10)),
  loss: nn.softmaxCrossEntropy(),
  batchSize: 64,
  seed,
  optimizer: optim.sgd({ learningRate: 0.1, momentum: 0.9 }),
  clip: optim.clipGlobalNorm(1),
});

describe("the README's example", () => {
  it("runs as it is written there", async () => {
    const signal = new AbortController().signal;
    const model = nn.sequential(
      nn.linear(64, 128),
      nn.batchNorm(128),
      nn.relu(),
      nn.repeat(24, () => nn.residual(nn.linear(128, 128), nn.batchNorm(128), nn.relu())),
      nn.linear(128, 10),
    );

    const trainer = await gpu.train({
      model,
      loss: nn.softmaxCrossEntropy(),
      batchSize: 64,
      seed: 7,
      optimizer: optim.adamW({ learningRate: schedule.cosine(3e-3, { steps: 2000 }), weightDecay: 0.01 }),
      clip: optim.clipGlobalNorm(1),
      regularizer: optim.l2(1e-4),
    });
    const reports: Report[] = [];
    for await (const report of trainer.run(await data.digits(), { steps: 40, every: 20, signal })) reports.push(report);
    const file = await trainer.save();
    expect(reports.map(({ step }) => step)).toEqual([0, 20, 39]);
    expect(reports[2]!.loss).toBeLessThan(0.5 * reports[0]!.loss);
    expect(reports[0]!.layers).toHaveLength(4 + 24 * 4 + 2);
    expect(reports[0]!.regularization).toBeGreaterThan(0);
    expect(file.byteLength).toBeGreaterThan(4 * 24 * 128 * 128);
    expect(trainer.plan).toMatch(/^0: gather_batch.*\n(.*\n)*\d+ dispatches/);
    trainer.dispose();
  });
});

describe("a run", () => {
  it("learns, and reports every step in order with a norm for every parameter", async () => {
    const trainer = await gpu.train(options());
    const reports = await reportsOf(trainer, digits, { steps: 150 });
    expect(reports.map(({ step }) => step)).toEqual(Array.from({ length: 150 }, (_, step) => step));
    expect(reports[0]!.layers.map(({ name, role }) => `${name} ${role}`)).toEqual([
      "0.weight weight",
      "0.bias bias",
      "2.weight weight",
      "2.bias bias",
    ]);
    for (const { layers, gradientNorm, clipScale, learningRate } of reports) {
      expect(Math.abs(Math.hypot(...layers.map((layer) => layer.gradientNorm)) / gradientNorm - 1)).toBeLessThan(1e-6);
      expect(clipScale).toBe(Math.fround(Math.min(1, 1 / (gradientNorm + 1e-6))));
      expect(learningRate).toBe(Math.fround(0.1));
    }
    expect(reports[0]!.loss).toBeGreaterThan(2);
    expect(reports.at(-1)!.loss).toBeLessThan(0.5);
    const { loss, accuracy } = await trainer.evaluate(digits.test!);
    expect(loss).toBeLessThan(0.6);
    expect(accuracy).toBeGreaterThan(0.85);
    trainer.dispose();
  });

  it("may have a batch larger than the data set: it then runs through several epochs", async () => {
    const few: Dataset = {
      ...digits,
      train: { ...digits.train, count: 24, x: (digits.train.x as Uint8Array).slice(0, 24 * 64), y: digits.train.y.slice(0, 24) },
      test: null,
    };
    // 72 rows are three epochs: every batch is the whole set three times, whatever the order.
    const [large, whole] = [
      await gpu.train({ ...options(), batchSize: 72 }),
      await gpu.train({ ...options(), batchSize: 24, order: "sequential" }),
    ];
    const [a, b] = [await reportsOf(large, few, { steps: 6 }), await reportsOf(whole, few, { steps: 6 })];
    for (const [step, { loss }] of a.entries()) expect(Math.abs(loss / b[step]!.loss - 1), `step ${step}`).toBeLessThan(1e-5);
    large.dispose();
    whole.dispose();
  });

  it("gives the same bits each time", async () => {
    const runs = await Promise.all(
      [0, 1].map(async () => {
        const trainer = await gpu.train(options());
        const reports = await reportsOf(trainer, digits, { steps: 30, every: 7 });
        const file = await trainer.checkpoint();
        trainer.dispose();
        return { reports, file };
      }),
    );
    expect(runs[0]!.reports.map(({ step }) => step)).toEqual([0, 7, 14, 21, 28, 29]);
    expect(runs[1]).toEqual(runs[0]);
  });

  it("pauses, makes single steps, and goes on as if it had not stopped", async () => {
    const expected = await (async () => {
      const trainer = await gpu.train(options());
      const reports = await reportsOf(trainer, digits, { steps: 60 });
      trainer.dispose();
      return reports;
    })();
    const trainer = await gpu.train(options());
    const seen: Report[] = [];
    const done = (async () => {
      for await (const report of trainer.run(digits, { steps: 60, every: 10 })) {
        seen.push(report);
        if (report.step === 20) trainer.pause();
      }
    })();
    await expect(trainer.step(digits)).rejects.toThrow(/pause\(\) it before/);
    await vi.waitUntil(() => trainer.paused, { timeout: 20_000 });
    const first = await trainer.step(digits);
    const second = await trainer.step(digits);
    expect(second.step).toBe(first.step + 1);
    const [third, fourth] = await Promise.all([trainer.step(digits), trainer.step(digits)]);
    expect([third.step, fourth.step]).toEqual([first.step + 2, first.step + 3]);
    expect(trainer.attemptedStep).toBe(first.step + 4);
    trainer.resume();
    await done;
    expect([first, second, third, fourth]).toEqual(expected.slice(first.step, first.step + 4));
    expect(seen).toEqual(expected.filter(({ step }) => step % 10 === 0 || step === 59 || (step >= first.step && step <= fourth.step)));
    trainer.dispose();
  });

  it("ends for its signal, and another goes on from there", async () => {
    const trainer = await gpu.train(options());
    const abort = new AbortController();
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { step } of trainer.run(digits, { steps: 5000, signal: abort.signal })) {
        seen.push(step);
        if (step === 12) abort.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: "aborted" });
    expect(seen).toEqual(Array.from({ length: trainer.attemptedStep }, (_, step) => step));
    expect(trainer.attemptedStep).toBeLessThan(5000);
    const at = trainer.attemptedStep;
    expect((await reportsOf(trainer, digits, { steps: 2 })).map(({ step }) => step)).toEqual([at, at + 1]);
    expect(() => trainer.run(digits, { steps: 1, signal: abort.signal })).toThrow(/aborted/);
    trainer.dispose();
  });

  it("is one at a time for a trainer, and any number for an engine", async () => {
    const alone: Report[][] = [];
    for (const seed of [1, 2]) {
      const trainer = await gpu.train(options(seed));
      alone.push(await reportsOf(trainer, digits, { steps: 20 }));
      trainer.dispose();
    }
    const trainers = await Promise.all([1, 2].map((seed) => gpu.train(options(seed))));
    const together = trainers.map((trainer) => reportsOf(trainer, digits, { steps: 20 }));
    await expect(reportsOf(trainers[0]!, digits, { steps: 1 })).rejects.toThrow(/a run of this trainer is under way/);
    expect(await Promise.all(together)).toEqual(alone);
    for (const trainer of trainers) trainer.dispose();
    await expect(async () => reportsOf(trainers[0]!, digits, { steps: 1 })).rejects.toThrow(/disposed of/);
  });
});

describe("looking at a trainer while it runs", () => {
  it("changes nothing, and sees the state after the steps that were submitted", async () => {
    const [plain, watched] = [await gpu.train(options()), await gpu.train(options())];
    const expected = await reportsOf(plain, digits, { steps: 40 });
    const seen: Report[] = [];
    const losses: number[] = [];
    for await (const report of watched.run(digits, { steps: 40 })) {
      seen.push(report);
      if (report.step % 10 !== 5) continue;
      losses.push((await watched.evaluate(digits.train)).loss);
      await watched.save();
      await watched.checkpoint();
    }
    expect(seen).toEqual(expected);
    expect(await watched.checkpoint()).toEqual(await plain.checkpoint());
    // The run may have been ahead of its reports, up to its end.
    expect(losses).toHaveLength(4);
    for (const [index, loss] of losses.entries()) expect(loss).toBeLessThanOrEqual(losses[index - 1] ?? 2.2);
    await expect(
      Promise.all([watched.prepare(digits), watched.prepare(data.gaussian({ dimensions: 64, classes: 3 })), watched.prepare(digits)]),
    ).resolves.toBeDefined();
    plain.dispose();
    watched.dispose();
  });

  it("throws what the GPU reports, to the run that was under way and to all that comes after", async () => {
    const lost = await open();
    const trainer = await lost.train(options());
    const run = async (): Promise<void> => {
      for await (const { step } of trainer.run(digits, { steps: 10_000 })) if (step === 5) lost.device.destroy();
    };
    await expect(run()).rejects.toMatchObject({ name: "FathomError", code: "device-lost" });
    await expect(trainer.save()).rejects.toMatchObject({ code: "device-lost" });
  });
});

describe("dropout", () => {
  it("draws other numbers at every step, for every seed, and for every use in the model", async () => {
    const wide = 4096;
    const two: Dataset = {
      name: "two rows",
      sampleShape: [1],
      classes: null,
      test: null,
      train: { count: 2, x: new Float32Array(2), xScale: 1, y: new Float32Array(2), yShape: [1] },
    };
    const lossesOf = async (seed: number): Promise<number[]> => {
      // 4096 ones, dropped twice, averaged: the loss is the square of what is left of 1.
      const trainer = await gpu.train({
        model: nn.sequential(
          nn.linear(1, wide, { init: init.zeros(), biasInit: init.constant(1) }),
          nn.dropout(0.5),
          nn.dropout(0.5),
          nn.linear(wide, 1, { init: init.constant(1 / wide), bias: false }),
        ),
        loss: nn.meanSquaredError(),
        batchSize: 2,
        seed,
        order: "sequential",
        optimizer: optim.sgd({ learningRate: 0 }),
      });
      const reports = await reportsOf(trainer, two, { steps: 6 });
      expect((await trainer.evaluate(two.train)).loss).toBe(1);
      trainer.dispose();
      return reports.map(({ loss }) => loss);
    };
    const [first, second, again] = [await lossesOf(1), await lossesOf(2), await lossesOf(1)];
    expect(again).toEqual(first);
    expect(new Set([...first, ...second]).size).toBe(12);
    // Two masks leave a quarter of the elements, four times as large; one mask applied twice would leave half, and a loss of 4.
    // The mean over 4096 has a standard deviation of √(3/4096) = 0.027; the loss is twice as far off.
    for (const loss of [...first, ...second]) expect(Math.abs(loss - 1)).toBeLessThan(2 * 6 * 0.027);
  });
});

describe("evaluation", () => {
  it("covers each row once, whatever is left for the last batch", async () => {
    const trainer = await gpu.train(options());
    await reportsOf(trainer, digits, { steps: 40, every: 40 });
    const { test } = digits;
    const pixels = Float32Array.from(test!.x as Uint8Array, (value) => value / 16);
    const outputs = await trainer.predict(pixels);
    expect(outputs).toHaveLength(test!.count * 10);
    let loss = 0;
    let right = 0;
    for (let row = 0; row < test!.count; row++) {
      const logits = [...outputs.subarray(row * 10, row * 10 + 10)];
      const label = test!.y[row]!;
      loss += Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0)) - logits[label]!;
      if (logits.indexOf(Math.max(...logits)) === label) right++;
    }
    // 360 rows are 5 batches of 64 and one of 40.
    const evaluation = await trainer.evaluate(test!);
    expect(evaluation.accuracy).toBe(right / test!.count);
    // Each row's loss is rounded a few times in float32, and summed by lanes and batches: see DESIGN's bound for sums of 64.
    expect(Math.abs(evaluation.loss - loss / test!.count)).toBeLessThan(16 * 2 ** -23 * (loss / test!.count + 3));
    expect(await trainer.evaluate(test!)).toEqual(evaluation);
    trainer.dispose();
  });

  it("uses running statistics and no dropout, and a batch larger than the split", async () => {
    const model = nn.sequential(nn.linear(64, 16), nn.batchNorm(16, { affine: false }), nn.dropout(0.5), nn.linear(16, 10));
    const trainer = await gpu.train({ ...options(), model, batchSize: 500 });
    await reportsOf(trainer, digits, { steps: 3 });
    const pixels = Float32Array.from(digits.test!.x as Uint8Array, (value) => value / 16);
    const [all, one] = [await trainer.predict(pixels), await trainer.predict(pixels.subarray(64 * 7, 64 * 8))];
    // A row's output does not depend on the others of its batch.
    expect([...one]).toEqual([...all.subarray(70, 80)]);
    expect((await trainer.evaluate(digits.test!)).loss).toBeGreaterThan(0);
    trainer.dispose();
  });
});

describe("what does not fit", () => {
  it("is refused by name", async () => {
    const trainer = await gpu.train(options());
    await expect(reportsOf(trainer, data.parity({ bits: 4 }), { steps: 1 })).rejects.toThrow(/64/);
    const few = await gpu.train({ ...options(), model: nn.sequential(nn.linear(64, 9)) });
    await expect(reportsOf(few, digits, { steps: 1 })).rejects.toThrow(/has the class 9, and the model gives 9 outputs/);
    const wrong = await gpu.train({ ...options(), loss: nn.meanSquaredError() });
    await expect(reportsOf(wrong, digits, { steps: 1 })).rejects.toThrow(/meanSquaredError takes float targets/);
    const lone = await gpu.train({ ...options(), batchSize: 1, model: nn.sequential(nn.linear(64, 10), nn.batchNorm(10)) });
    await expect(reportsOf(lone, digits, { steps: 1 })).rejects.toThrow(/at least 2 rows/);
    await expect(gpu.train({ ...options(), model: nn.relu() })).rejects.toThrow(/has no parameters/);
    await expect(gpu.train({ ...options(), optimiser: 1 } as never)).rejects.toThrow(/no option "optimiser"/);
    const wild = await gpu.train({ ...options(), optimizer: optim.sgd({ learningRate: (step) => (step < 2 ? 0.1 : Number.NaN) }) });
    await expect(reportsOf(wild, digits, { steps: 5 })).rejects.toThrow(/gives NaN for step 2/);
    for (const one of [trainer, few, wrong, lone, wild]) one.dispose();
  });
});
