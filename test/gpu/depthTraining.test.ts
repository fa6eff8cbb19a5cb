/** Training with stacks: it follows PyTorch, its dispatches do not depend on depth, its memory is counted, and it repeats itself. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, init, nn, open, optim, type TrainerOptions } from "../../src/index.ts";
import { countCalls } from "../support/countedCalls.ts";
import { loadOracleCase } from "../support/oracleFixture.ts";
import { differences, reportsOf, trainerOf } from "../support/oracleRun.ts";
import { BODIES } from "../support/stackCases.ts";

vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const ROWS = 32;
const split = {
  count: ROWS,
  x: Float32Array.from({ length: ROWS * 8 }, (_, index) => Math.sin(3 * index)),
  xScale: 1,
  y: Int32Array.from({ length: ROWS }, (_, index) => index % 3),
  yShape: [],
};
const dataset: Dataset = { name: "sines", sampleShape: [8], classes: 3, train: split, test: null };

const net = (depth: number, body: () => readonly nn.Module[], width: number): TrainerOptions => ({
  model: nn.sequential(nn.linear(8, width), nn.tanh(), nn.repeat(depth, body), nn.linear(width, 3)),
  loss: nn.softmaxCrossEntropy(),
  batchSize: ROWS,
  seed: 5,
  optimizer: optim.sgd({ learningRate: 0.01 }),
  clip: optim.clipGlobalNorm(1),
  depthFusion: "always",
});

describe("training with stacks", () => {
  it.each(["sixty-deep", "adaptive-clip", "stochastic-depth"])("follows PyTorch in the case %s", async (name) => {
    const oracle = await loadOracleCase(name);
    const { trainer, dataset: own, run } = await trainerOf(gpu, oracle, { depthFusion: "always" });
    const reports = await reportsOf(trainer, own, run);
    expect(trainer.plan).toMatch(/ is fused into /);
    expect(await differences(oracle, trainer, reports)).toBe("");
    const evaluation = await trainer.evaluate(own.train);
    const { loss, stray } = oracle.trace.evaluation;
    expect(Math.abs(evaluation.loss - loss)).toBeLessThanOrEqual(Math.max(10 * stray, 1e-5) * Math.abs(loss));
    trainer.dispose();
  });

  it("takes at most 16 dispatches a step for 1,000 layers of 32, and keeps x and dz of each, no more", async () => {
    const options = net(1000, () => [nn.linear(32, 32, { init: init.orthogonal() }), nn.tanh()], 32);
    const trainer = await gpu.train(options);
    await trainer.prepare(dataset);
    const stop = countCalls();
    const reports = await reportsOf(trainer, dataset, { steps: 2, every: 2 });
    const counts = stop();
    expect(trainer.plan).toContain("2 (repeat × 1000) is fused into one stack");
    expect(counts.dispatches).toBe(2 * trainer.counters.dispatches);
    expect(trainer.counters.dispatches).toBeLessThanOrEqual(16);
    expect(reports.at(-1)!.layers).toHaveLength(2004);
    // Of every layer x and dz, and the last y; beside that the gradients, and less than 20 activations and gradients of a layer by itself.
    const value = 4 * ROWS * 32;
    const gradients = 4 * (1000 * (32 * 32 + 64) + 32 * 8 + 64 + 64 * 3);
    const { bytes } = trainer.counters;
    expect(bytes).toBeGreaterThanOrEqual(2001 * value + gradients);
    expect(bytes).toBeLessThanOrEqual(2021 * value + gradients + 4 * 1000 * 64);
    trainer.dispose();
  });

  it("repeats itself bit for bit, and goes on bit for bit from a checkpoint", async () => {
    const make = () => gpu.train(net(3, () => BODIES.together(12), 12));
    const [first, second, third] = [await make(), await make(), await make()];
    await reportsOf(first, dataset, { steps: 2 });
    await third.restore(await first.checkpoint());
    for (const [trainer, steps] of [
      [first, 2],
      [second, 4],
      [third, 2],
    ] as const)
      await reportsOf(trainer, dataset, { steps });
    const [weights, again, resumed] = await Promise.all([first.save(), second.save(), third.save()]);
    expect(again).toEqual(weights);
    expect(resumed).toEqual(weights);
    for (const trainer of [first, second, third]) trainer.dispose();
  });

  it("goes on from a checkpoint as that trainer had chosen, where it may choose", async () => {
    const fused = await gpu.train(net(3, () => BODIES.together(12), 12));
    await reportsOf(fused, dataset, { steps: 2 });
    const checkpoint = await fused.checkpoint();
    // By itself it would not fuse so few.
    const resumed = await gpu.train({ ...net(3, () => BODIES.together(12), 12), depthFusion: "auto" });
    await resumed.prepare(dataset);
    expect(resumed.plan).toMatch(/is not fused/);
    await resumed.restore(checkpoint);
    expect(resumed.plan).toMatch(/is fused into one stack/);
    for (const trainer of [fused, resumed]) await reportsOf(trainer, dataset, { steps: 2 });
    expect(await resumed.save()).toEqual(await fused.save());
    for (const trainer of [fused, resumed]) trainer.dispose();
  });

  it("tells which layer's values are not finite first", async () => {
    // Round 2 overflows; what follows is not finite either.
    const huge = (round: number): nn.Module => nn.linear(12, 12, { init: init.constant(round === 2 ? 3e38 : 0.1), bias: false });
    let round = 0;
    const trainer = await gpu.train(net(4, () => [huge(round++), nn.tanh()], 12));
    await expect(reportsOf(trainer, dataset, { steps: 1 })).rejects.toThrow(/2\.2\.0/);
    trainer.dispose();
  });
});
