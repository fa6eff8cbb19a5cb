/** Training with activations that are computed again: bit for bit what training without is, and what PyTorch has. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { data, nn, open, optim } from "../../src/index.ts";
import { loadOracleCase } from "../support/oracleFixture.ts";
import { differences, reportsOf, trainerOf } from "../support/oracleRun.ts";

vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

it("is, to the last bit, the plain training: weights, running statistics, reports", async () => {
  const train = async (checkpoint: nn.CheckpointOptions) => {
    const body = () => [
      nn.residual(nn.linear(8, 8), nn.batchNorm(8), nn.gelu(), nn.dropout(0.2), { stochasticDepth: { rate: 0.2 } }),
      nn.layerNorm(8),
    ];
    const trainer = await gpu.train({
      model: nn.sequential(nn.linear(2, 8), nn.repeat(6, body, checkpoint), nn.linear(8, 3)),
      loss: nn.softmaxCrossEntropy(),
      batchSize: 16,
      seed: 3,
      optimizer: optim.adamW({ learningRate: 0.02 }),
      clip: optim.clipGlobalNorm(1),
      insight: { every: 2 },
    });
    const reports = await reportsOf(trainer, data.spirals({ samples: 60, seed: 1 }), { steps: 4 });
    const file = await trainer.checkpoint();
    const { peakBytes, dispatches } = trainer.counters;
    trainer.dispose();
    return { reports, file, peakBytes, dispatches };
  };
  const plain = await train({});
  const again = await train({ checkpoint: 2 });
  expect(again.dispatches).toBeGreaterThan(plain.dispatches);
  expect(again.peakBytes).toBeLessThan(plain.peakBytes);
  expect(again.reports).toEqual(plain.reports);
  expect(sameBytes(again.file, plain.file)).toBe(true);
});

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);

it("follows PyTorch in the case sixty-deep, with checkpoints between every 8 rounds", async () => {
  const oracle = await loadOracleCase("sixty-deep");
  const model = oracle.experiment.model.map((layer) => (layer.type === "repeat" ? { ...layer, checkpoint: 8 } : layer));
  expect(model).not.toEqual(oracle.experiment.model);
  const { trainer, dataset, run } = await trainerOf(gpu, { ...oracle, experiment: { ...oracle.experiment, model } });
  const reports = await reportsOf(trainer, dataset, run);
  expect(await differences(oracle, trainer, reports)).toBe("");
  trainer.dispose();
});
