/** Parameter groups in training: factors, freezing, and other groups between two steps. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { nn, open, optim, type Trainer, type TrainerOptions } from "../../src/index.ts";
import { reportsOf } from "../support/oracleRun.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";
import { waves } from "../support/waves.ts";

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const dataset = waves(8, 3);

const options = (more: Partial<TrainerOptions> = {}): TrainerOptions => ({
  model: nn.sequential(nn.linear(3, 5), nn.batchNorm(5), nn.tanh(), nn.linear(5, 2)),
  loss: nn.meanSquaredError(),
  batchSize: 4,
  seed: 3,
  optimizer: optim.sgd({ learningRate: 0.125, momentum: 0.75, weightDecay: 0.25 }),
  ...more,
});

async function weightsOf(trainer: Trainer): Promise<Map<string, number[]>> {
  const tensors = readSafetensors(await trainer.save());
  return new Map([...tensors].map(([name, { data }]) => [name, Array.from(data as Float32Array)]));
}

describe("frozen parameters", () => {
  it("keep their bits, have no norm, and count nowhere; what is above them trains", async () => {
    const frozen = [{ parameters: "0.*", learningRateFactor: 0 }];
    const trainer = await gpu.train(options({ groups: frozen, regularizer: optim.l2(0.5), clip: optim.clipGlobalNorm(0.1) }));
    const before = await weightsOf(trainer);
    const reports = await reportsOf(trainer, dataset, { steps: 6 });
    const after = await weightsOf(trainer);
    for (const name of ["0.weight", "0.bias"]) expect(after.get(name)).toEqual(before.get(name));
    for (const name of ["1.weight", "1.bias", "3.weight", "3.bias"]) expect(after.get(name)).not.toEqual(before.get(name));
    for (const { layers, gradientNorm } of reports) {
      const norms = Object.fromEntries(layers.map(({ name, gradientNorm: norm }) => [name, norm]));
      expect([norms["0.weight"], norms["0.bias"]]).toEqual([0, 0]);
      expect(Math.abs(Math.hypot(...Object.values(norms)) / gradientNorm - 1)).toBeLessThan(1e-6);
    }
    const squares = before.get("3.weight")!.reduce((sum, w) => sum + w * w, 0);
    expect(Math.abs(reports[0]!.regularization / (0.25 * squares) - 1)).toBeLessThan(1e-6);
    trainer.dispose();
  });

  it("take no backward pass", async () => {
    const counts = async (groups: TrainerOptions["groups"]): Promise<number> => {
      const trainer = await gpu.train(
        options({ model: nn.sequential(nn.linear(3, 5), nn.tanh(), nn.linear(5, 4), nn.tanh(), nn.linear(4, 2)), groups: groups! }),
      );
      await trainer.prepare(dataset);
      const { dispatches } = trainer.counters;
      trainer.dispose();
      return dispatches;
    };
    const all = await counts([]);
    // Of the lowest layer that trains only its own gradient is taken.
    expect(await counts([{ parameters: "0.*", learningRateFactor: 0 }])).toBe(all - 2);
    expect(await counts([{ parameters: "4.*", learningRateFactor: 0 }])).toBe(all - 1);
  });
});

describe("factors", () => {
  it("multiply the learning rate and the weight decay of their parameters", async () => {
    const stepsOf = async (groups: TrainerOptions["groups"]): Promise<Map<string, number[]>> => {
      const trainer = await gpu.train(options({ groups: groups! }));
      const before = await weightsOf(trainer);
      await reportsOf(trainer, dataset, { steps: 1 });
      const after = await weightsOf(trainer);
      trainer.dispose();
      return new Map([...after].map(([name, values]) => [name, values.map((value, index) => value - before.get(name)![index]!)]));
    };
    const plain = await stepsOf([]);
    const other = await stepsOf([
      { parameters: "1.*", role: "normScale", weightDecayFactor: 0 },
      { parameters: "3.weight", learningRateFactor: 0.5 },
    ]);
    for (const name of ["0.weight", "0.bias", "1.bias", "3.bias"]) expect(other.get(name)).toEqual(plain.get(name));
    for (const [index, change] of other.get("3.weight")!.entries())
      expect(Math.abs(change - 0.5 * plain.get("3.weight")![index]!)).toBeLessThan(2 ** -24);
    // A norm's scale begins as 1: 0.125 · 0.25 · 1 is what the decay took.
    for (const [index, change] of other.get("1.weight")!.entries())
      expect(Math.abs(change - plain.get("1.weight")![index]! - 0.125 * 0.25)).toBeLessThan(2 ** -22);
  });
});

describe("setGroups", () => {
  it("thaws and freezes between two steps, and goes on as a trainer would that had those groups", async () => {
    const frozen = [
      { parameters: "0.*", learningRateFactor: 0 },
      { parameters: "*", learningRateFactor: 0.5 },
    ];
    const trainer = await gpu.train(options({ groups: frozen }));
    await reportsOf(trainer, dataset, { steps: 3 });
    const checkpoint = await trainer.checkpoint();
    await trainer.setGroups([]);
    const after = await reportsOf(trainer, dataset, { steps: 3 });
    const other = await gpu.train(options());
    await other.restore(checkpoint);
    expect(await reportsOf(other, dataset, { steps: 3 })).toEqual(after);
    expect(await weightsOf(other)).toEqual(await weightsOf(trainer));
    expect(after[0]!.layers[0]!.gradientNorm).toBeGreaterThan(0);

    await trainer.setGroups([{ parameters: "3.*", learningRateFactor: 0 }]);
    const before = await weightsOf(trainer);
    await reportsOf(trainer, dataset, { steps: 3 });
    const changed = await weightsOf(trainer);
    expect(changed.get("3.weight")).toEqual(before.get("3.weight"));
    expect(changed.get("0.weight")).not.toEqual(before.get("0.weight"));
    trainer.dispose();
    other.dispose();
  });

  it("writes factors without another plan, and refuses what the options would", async () => {
    const trainer = await gpu.train(options());
    await reportsOf(trainer, dataset, { steps: 2 });
    const { plan } = trainer;
    const { buffersCreated } = gpu.counters;
    await trainer.setGroups([{ parameters: "*", learningRateFactor: 0.25 }]);
    expect([trainer.plan, gpu.counters.buffersCreated]).toEqual([plan, buffersCreated]);
    const before = await weightsOf(trainer);
    await reportsOf(trainer, dataset, { steps: 1 });
    expect(await weightsOf(trainer)).not.toEqual(before);
    await expect(trainer.setGroups([{ parameters: "7.*" }])).rejects.toThrow(/trainer\.setGroups: no parameter is in groups\[0\], "7\.\*"/);
    const run = trainer.run(dataset, { steps: 2 });
    await run.next();
    await expect(trainer.setGroups([])).rejects.toThrow(/a run is under way/);
    await run.return();
    trainer.dispose();
  });
});
