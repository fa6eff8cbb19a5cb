/** What a step costs in WebGPU calls, counted by wrapping the API, in the very runs that are held against PyTorch's traces. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, data, init, nn, open, optim, type TrainerOptions } from "../../src/index.ts";
import { type CallCounts, countCalls } from "../support/countedCalls.ts";
import { loadOracleCase } from "../support/oracleFixture.ts";
import { differences, reportsOf, trainerOf } from "../support/oracleRun.ts";

// Firefox compiles a pipeline on a software adapter in half a second, and a net may have forty.
vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const commands = ({ dispatches, copies, clears }: CallCounts): number => dispatches + copies + clears;

describe("an MLP of L hidden layers, tanh, SGD, clip and per-parameter norms", () => {
  it.each([3, 10, 50, 200])("of L = %i takes at most 3·L + 8 commands a step, and follows PyTorch", async (hidden) => {
    const oracle = await loadOracleCase(`count-${hidden}`);
    const { trainer, dataset, run } = await trainerOf(gpu, oracle);
    await trainer.prepare(dataset);
    const stop = countCalls();
    const reports = await reportsOf(trainer, dataset, run);
    const counts = stop();
    expect(run).toEqual({ steps: 5, every: 1 });
    expect(reports).toHaveLength(5);
    expect(counts.dispatches + counts.clears).toBeLessThanOrEqual(5 * (3 * hidden + 8));
    expect(counts.dispatches).toBe(5 * trainer.counters.dispatches);
    expect(counts.copies, "at most one for each monitored step").toBeLessThanOrEqual(5);
    expect(await differences(oracle, trainer, reports)).toBe("");
    trainer.dispose();
  });
});

describe("2,000 layers", () => {
  it("train: no walk over them is recursive, and the commands stay 3 a layer", async () => {
    const train = {
      count: 16,
      x: Float32Array.from({ length: 64 }, (_, index) => Math.sin(index)),
      xScale: 1,
      y: new Float32Array(64),
      yShape: [4],
    };
    const trainer = await gpu.train({
      model: nn.sequential(
        nn.repeat(2000, () => nn.sequential(nn.linear(4, 4, { init: init.orthogonal() }), nn.tanh())),
        nn.linear(4, 4),
      ),
      loss: nn.meanSquaredError(),
      batchSize: 8,
      optimizer: optim.sgd({ learningRate: 0.01 }),
      clip: optim.clipGlobalNorm(1),
    });
    const reports = await reportsOf(trainer, { name: "waves", sampleShape: [4], classes: null, train, test: null }, { steps: 3 });
    expect(reports.map(({ loss, gradientNorm }) => Number.isFinite(loss) && gradientNorm > 0)).toEqual([true, true, true]);
    expect(reports[0]!.layers).toHaveLength(4002);
    expect(trainer.counters.dispatches).toBeLessThanOrEqual(3 * 2000 + 8);
    trainer.dispose();
  });
});

/** The commands of one step of a net on the digits. */
async function commandsOf(options: Omit<TrainerOptions, "loss" | "batchSize" | "optimizer">, digits: Dataset): Promise<number> {
  const trainer = await gpu.train({
    loss: nn.softmaxCrossEntropy(),
    batchSize: 64,
    optimizer: optim.sgd({ learningRate: 0.01 }),
    ...options,
  });
  await trainer.prepare(digits);
  const stop = countCalls();
  await reportsOf(trainer, digits, { steps: 3, every: 3 });
  const counts = stop();
  trainer.dispose();
  // The last step's report is one copy.
  return (commands(counts) - 1) / 3;
}

describe("remedies", () => {
  const plain = (hidden: number): nn.Module =>
    nn.sequential(
      nn.repeat(hidden, () => [nn.linear(64, 64), nn.tanh()]),
      nn.linear(64, 10),
    );
  const normed = (hidden: number): nn.Module =>
    nn.sequential(
      nn.repeat(hidden, () => [nn.linear(64, 64), nn.batchNorm(64), nn.tanh()]),
      nn.linear(64, 10),
    );

  it("clip by at most 2 commands at any depth, and normalise a batch by at most 2 a layer and 1 in all", async () => {
    const digits = await data.digits();
    for (const hidden of [3, 20]) {
      const base = await commandsOf({ model: plain(hidden) }, digits);
      expect(
        (await commandsOf({ model: plain(hidden), clip: optim.clipGlobalNorm(1) }, digits)) - base,
        `clip, L = ${hidden}`,
      ).toBeLessThanOrEqual(2);
      expect((await commandsOf({ model: normed(hidden) }, digits)) - base, `batch-norm, L = ${hidden}`).toBeLessThanOrEqual(2 * hidden + 1);
    }
  });
});

describe("in steady state", () => {
  it("a step is one encoder, one pass and one submit; nothing is created, and nothing read but reports", async () => {
    const digits = await data.digits();
    const model = nn.sequential(
      nn.linear(64, 32),
      nn.batchNorm(32),
      nn.relu(),
      nn.dropout(0.1),
      nn.residual(nn.linear(32, 32), nn.tanh()),
      nn.linear(32, 10),
    );
    const trainer = await gpu.train({
      model,
      loss: nn.softmaxCrossEntropy(),
      batchSize: 64,
      optimizer: optim.adamW({ learningRate: 0.001 }),
      clip: optim.clipGlobalNorm(1),
      regularizer: optim.l2(1e-4),
    });
    await reportsOf(trainer, digits, { steps: 60, every: 10 });
    const stop = countCalls();
    const reports = await reportsOf(trainer, digits, { steps: 1000, every: 50 });
    const counts = stop();
    expect(reports).toHaveLength(1 + 20);
    expect(counts.creates).toEqual({});
    expect(counts.encoders).toBe(1000);
    expect(counts.passes).toBe(1000);
    expect(counts.submits).toBe(1000);
    expect(counts.writes).toBeLessThanOrEqual(2000);
    expect(counts.maps).toBeLessThanOrEqual(reports.length);
    expect(counts.copies).toBeLessThanOrEqual(reports.length);
    expect(counts.dispatches).toBe(1000 * trainer.counters.dispatches);
    trainer.dispose();
  });

  it("gives all buffers back when it is disposed of", async () => {
    const digits = await data.digits();
    const make = async (): Promise<void> => {
      const model = nn.sequential(nn.linear(64, 32), nn.batchNorm(32), nn.relu(), nn.linear(32, 10));
      const trainer = await gpu.train({
        model,
        loss: nn.softmaxCrossEntropy(),
        batchSize: 64,
        optimizer: optim.adam({ learningRate: 0.001 }),
      });
      await reportsOf(trainer, digits, { steps: 5 });
      await trainer.evaluate(digits.test!);
      await trainer.predict(new Float32Array(64));
      await trainer.checkpoint();
      trainer.dispose();
    };
    const { buffers, bytes } = gpu.counters;
    await make();
    expect(gpu.counters).toMatchObject({ buffers, bytes });
  });
});

describe("pipelines", () => {
  const mlp = (hidden: number): nn.Module =>
    nn.sequential(
      nn.repeat(hidden, () => [nn.linear(64, 64), nn.tanh()]),
      nn.linear(64, 10),
    );

  it("are at most 20 for 50 layers, and no more for 500", async () => {
    const digits = await data.digits();
    const count = async (hidden: number): Promise<number> => {
      const trainer = await gpu.train({
        model: mlp(hidden),
        loss: nn.softmaxCrossEntropy(),
        batchSize: 64,
        optimizer: optim.sgd({ learningRate: 0.01 }),
        clip: optim.clipGlobalNorm(1),
      });
      await trainer.prepare(digits);
      const { pipelines } = trainer.counters;
      trainer.dispose();
      return pipelines;
    };
    const fifty = await count(50);
    expect(fifty).toBeLessThanOrEqual(20);
    expect(await count(500)).toBeLessThanOrEqual(fifty);
  });

  it("are at most 40 for a mixed net", async () => {
    const digits = await data.digits();
    const model = nn.sequential(
      nn.linear(64, 96),
      nn.batchNorm(96),
      nn.relu(),
      nn.dropout(0.1),
      nn.repeat(4, () => nn.residual(nn.linear(96, 96), nn.batchNorm(96), nn.relu())),
      nn.residual(nn.linear(96, 48), nn.tanh()),
      nn.dropout(0.2),
      nn.linear(48, 10),
    );
    const trainer = await gpu.train({
      model,
      loss: nn.softmaxCrossEntropy(),
      batchSize: 64,
      optimizer: optim.adamW({ learningRate: 0.01 }),
      clip: optim.clipGlobalNorm(1),
      regularizer: optim.l2(1e-4),
    });
    await trainer.prepare(digits);
    expect(trainer.counters.pipelines).toBeLessThanOrEqual(40);
    trainer.dispose();
  });
});
