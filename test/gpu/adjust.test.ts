/** trainer.adjust: another learning rate, clip or regulariser between two steps equals a trainer that goes on from a checkpoint under those. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Adjustment, nn, open, optim, type Report, schedule, type Trainer, type TrainerOptions } from "../../src/index.ts";
import { reportsOf } from "../support/oracleRun.ts";
import { waves } from "../support/waves.ts";

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const dataset = waves(8, 3);

const trainerOf = (more: Partial<TrainerOptions> = {}, learningRate: optim.SgdOptions["learningRate"] = 0.125): Promise<Trainer> =>
  gpu.train({
    model: nn.sequential(nn.linear(3, 5), nn.tanh(), nn.linear(5, 2)),
    loss: nn.meanSquaredError(),
    batchSize: 4,
    seed: 3,
    optimizer: optim.sgd({ learningRate, momentum: 0.75 }),
    ...more,
  });

const CHANGES: readonly [string, Partial<TrainerOptions>, Adjustment][] = [
  [
    "numbers",
    { clip: optim.clipGlobalNorm(1), regularizer: optim.l2(0.5) },
    { clip: optim.clipGlobalNorm(0.01), regularizer: optim.l1(0.25) },
  ],
  ["a clip that comes", {}, { clip: optim.clipValue(0.01) }],
  ["an adaptive clip", {}, { clip: optim.clipAdaptive({ ratio: 1e-3 }) }],
  ["a regulariser that comes", {}, { regularizer: optim.l2(0.5) }],
  ["remedies that go", { clip: optim.clipGlobalNorm(0.01), regularizer: optim.l2(0.5) }, { clip: null, regularizer: null }],
];

describe("trainer.adjust", () => {
  it.each(CHANGES)("goes on under %s, bit for bit as a trainer that was made so", async (_, before, change) => {
    const trainer = await trainerOf(before);
    await reportsOf(trainer, dataset, { steps: 3 });
    const checkpoint = await trainer.checkpoint();
    expect(await trainer.adjust(change)).toBe(3);
    const reports = await reportsOf(trainer, dataset, { steps: 4 });

    const kept = { ...before, ...change };
    const { clip, regularizer } = kept;
    const other = await trainerOf({ ...(clip ? { clip } : {}), ...(regularizer ? { regularizer } : {}) });
    await other.restore(checkpoint);
    expect(reports).toEqual(await reportsOf(other, dataset, { steps: 4 }));
    expect(await trainer.save()).toEqual(await other.save());

    const same = await trainerOf(before);
    await same.restore(checkpoint);
    expect(await reportsOf(same, dataset, { steps: 4 })).not.toEqual(reports);
    for (const one of [trainer, other, same]) one.dispose();
  });

  it("changes numbers while a run is under way, from the step on that it names, and loses none", async () => {
    const trainer = await trainerOf({ clip: optim.clipGlobalNorm(1) });
    const reports: Report[] = [];
    let from = -1;
    for await (const report of trainer.run(dataset, { steps: 400 })) {
      reports.push(report);
      if (report.step === 5) from = await trainer.adjust({ learningRate: schedule.linear(0.5, { steps: 800, end: 0 }) });
    }
    expect(reports.map(({ step }) => step)).toEqual(Array.from({ length: 400 }, (_, step) => step));
    expect(from).toBeGreaterThan(5);
    const rateOf = schedule.linear(0.5, { steps: 800, end: 0 });
    for (const { step, learningRate } of reports) expect(learningRate).toBe(Math.fround(step < from ? 0.125 : rateOf(step)));
    trainer.dispose();
  });

  it("refuses another form during a run, which goes on unharmed, and what is none", async () => {
    const trainer = await trainerOf();
    let refused = "";
    let seen = 0;
    for await (const { step } of trainer.run(dataset, { steps: 4 })) {
      seen++;
      if (step === 0) refused = await trainer.adjust({ clip: optim.clipGlobalNorm(1) }).then(String, (error: Error) => error.message);
    }
    expect(refused).toMatch(/^trainer\.adjust: a run is under way/);
    expect(seen).toBe(4);
    await expect(trainer.adjust({ learningRate: -1 })).rejects.toThrow("trainer.adjust: learning rate is -1");
    await expect(trainer.adjust({ clip: 1 as unknown as null })).rejects.toThrow("trainer.adjust: clip is 1; pass optim.clipGlobalNorm(1)");
    await expect(trainer.adjust({ regularizer: 1 as unknown as null })).rejects.toThrow("trainer.adjust: regularizer is 1; pass optim.l2");
    await expect(trainer.adjust({ rate: 1 } as Adjustment)).rejects.toThrow("rate");
    trainer.dispose();
  });
});
