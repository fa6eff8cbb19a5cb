/** A step without statistics: the same training, by one dispatch less and with nothing checked, and no number that nobody computed. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { nn, open, optim, type TrainerOptions } from "../../src/index.ts";
import { reportsOf } from "../support/oracleRun.ts";
import { waves } from "../support/waves.ts";

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const dataset = waves(8, 3);
const options = (more: Partial<TrainerOptions>): TrainerOptions => ({
  model: nn.sequential(nn.linear(3, 5), nn.tanh(), nn.batchNorm(5), nn.linear(5, 2)),
  loss: nn.meanSquaredError(),
  batchSize: 4,
  seed: 3,
  optimizer: optim.sgd({ learningRate: 0.125, momentum: 0.75 }),
  regularizer: optim.l2(0.5),
  nonFinite: "ignore",
  ...more,
});

const stack = nn.repeat(3, () => nn.sequential(nn.linear(5, 5), nn.tanh()));
it.each([
  ["layer by layer", {}],
  ["as a stack", { model: nn.sequential(nn.linear(3, 5), stack, nn.linear(5, 2)), depthFusion: "always" as const }],
])("trains as with them, bit for bit, and reports the loss and no norms, %s", async (_how, more) => {
  const whole = await gpu.train(options(more));
  const bare = await gpu.train(options({ ...more, statistics: false }));
  const [expected, reports] = [await reportsOf(whole, dataset, { steps: 5 }), await reportsOf(bare, dataset, { steps: 5 })];
  expect(await bare.save()).toEqual(await whole.save());
  for (const [step, report] of reports.entries()) {
    const { loss, learningRate } = expected[step]!;
    expect(loss).toBeGreaterThan(0);
    expect(report).toMatchObject({ step, loss, learningRate, layers: [], clipScale: 1, appliedStep: step + 1, skipped: false });
    expect([report.gradientNorm, report.regularization]).toEqual([Number.NaN, Number.NaN]);
  }
  expect(bare.counters.dispatches).toBe(whole.counters.dispatches - 1);
  const flagged = (trainer: typeof bare): number => trainer.plan.split("\n").filter((line) => /→flags\[\d+\+4\]/.test(line)).length;
  expect(flagged(whole)).toBeGreaterThan(0);
  expect(flagged(bare)).toBe(0);
});

it("refuses what is made of them", async () => {
  const adjusted = await gpu.train(options({ statistics: false }));
  const refusals: [string, () => Promise<unknown>][] = [
    ['train: statistics is false, and nonFinite "stop" needs them', () => gpu.train(options({ statistics: false, nonFinite: "stop" }))],
    ['train: statistics is false, and clip "value" needs them', () => gpu.train(options({ statistics: false, clip: optim.clipValue(1) }))],
    ["train: statistics is false, and insight needs them", () => gpu.train(options({ statistics: false, insight: {} }))],
    ['statistics is false, and clip "globalNorm" needs them', () => adjusted.adjust({ clip: optim.clipGlobalNorm(1) })],
  ];
  for (const [message, refused] of refusals)
    await expect(refused()).rejects.toMatchObject({ code: "argument", message: expect.stringContaining(message) });
});
