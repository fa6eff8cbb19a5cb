/** Layer-sequential unit variance on the GPU: NumPy's answers, the batch that is taken, and when it happens. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, init, nn, open, optim, type TrainerOptions } from "../../src/index.ts";
import { decodeSafetensors, toFloat32 } from "../../src/io/index.ts";
import { DataOrder } from "../../src/train/order.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import text from "../oracle/lsuv.json?raw";

// Firefox compiles a pipeline on a software adapter in half a second.
vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const fixture = JSON.parse(text) as {
  readonly model: readonly { readonly type: string }[];
  readonly x: Numbers;
  readonly before: Readonly<Record<string, Numbers>>;
  readonly variants: readonly {
    readonly initialization: { readonly tolerance?: number; readonly iterations?: number };
    readonly after: Readonly<Record<string, Numbers>>;
  }[];
};

const given = (name: string): init.Initializer => ({ name, generate: () => Float64Array.from(fixture.before[name]!.data) });
const layer = (from: number, to: number, path: string): nn.Module =>
  nn.linear(from, to, { init: given(`${path}.weight`), biasInit: given(`${path}.bias`) });

/** The fixture's model, with its weights; dropout in it changes nothing, for nothing is dropped. */
const model = (): nn.Module =>
  nn.sequential(
    layer(7, 12, "0"),
    nn.batchNorm(12),
    nn.sequential(nn.tanh(), nn.dropout(0.5)),
    nn.residual(layer(12, 10, "3.0"), nn.relu(), layer(10, 12, "3.2"), { stochasticDepth: { rate: 0.5 } }),
    nn.silu(),
    layer(12, 3, "5"),
  );

function rows(x: ArrayLike<number>, count = 16): Dataset {
  const train = { count, x: Float32Array.from(x), xScale: 1, y: new Float32Array(count * 3), yShape: [3] };
  return { name: "normal numbers", sampleShape: [7], classes: null, train, test: null };
}

const options = (more: Partial<TrainerOptions> = {}): TrainerOptions => ({
  model: model(),
  loss: nn.meanSquaredError(),
  batchSize: 16,
  order: "sequential",
  optimizer: optim.sgd({ learningRate: 0 }),
  initialization: init.lsuv(),
  ...more,
});

async function weightsOf(trainer: Trainer): Promise<Map<string, Float32Array>> {
  const { tensors } = decodeSafetensors(await trainer.save(), "weights");
  return new Map([...tensors].flatMap(([name, tensor]) => (tensor.dtype === "F32" ? [[name, toFloat32(tensor)] as const] : [])));
}

async function initialized(dataset: Dataset, more: Partial<TrainerOptions> = {}): Promise<Map<string, Float32Array>> {
  const trainer = await gpu.train(options(more));
  await trainer.prepare(dataset);
  const weights = await weightsOf(trainer);
  trainer.dispose();
  return weights;
}

/**
 * A deviation of float32 outputs is off by a few tens of roundings (sums of up to 192 terms), and each layer's by those of the layers before it
 * besides: four layers.
 */
const TOLERANCE = 4 * 64 * 2 ** -24;

describe("lsuv", () => {
  it("gives NumPy's weights, and leaves everything else as it was", async () => {
    expect(fixture.model.map(({ type }) => type)).toEqual(["linear", "batchNorm", "tanh", "residual", "silu", "linear"]);
    expect(fixture.variants.length).toBeGreaterThanOrEqual(3);
    for (const { initialization, after } of fixture.variants) {
      const { tolerance, iterations } = initialization;
      const lsuv = init.lsuv({ ...(tolerance ? { tolerance } : {}), ...(iterations ? { iterations } : {}) });
      const found = await initialized(rows(fixture.x.data), { initialization: lsuv });
      for (const [name, { data }] of Object.entries(after)) {
        const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const worst = data.reduce((most, value, index) => Math.max(most, Math.abs(found.get(name)![index]! - Math.fround(value))), 0);
        expect(worst, `${name}, ${JSON.stringify(initialization)}`).toBeLessThanOrEqual(name.endsWith("weight") ? TOLERANCE * largest : 0);
      }
    }
  });

  it("takes the batch of step 0 in the run's order, and happens once, before the first step", async () => {
    const many = Float32Array.from({ length: 40 * 7 }, (_, index) => 3 * Math.sin(index * index));
    const order = new DataOrder("shuffled", 40, 16, 9);
    const permutation = new Uint32Array(order.size);
    order.prepare(0, (part, offset) => permutation.set(part, offset));
    const first = Array.from({ length: 16 }, (_, row) => permutation[order.start(0) + row]!);
    const shuffled = await gpu.train(options({ order: "shuffled", seed: 9 }));
    for await (const _ of shuffled.run(rows(many, 40), { steps: 2 }));
    await shuffled.prepare(rows(fixture.x.data));
    const sequential = await initialized(rows(first.flatMap((row) => [...many.subarray(7 * row, 7 * row + 7)])), { seed: 9 });
    const found = await weightsOf(shuffled);
    for (const [name, values] of sequential) if (!name.includes("running")) expect(found.get(name), name).toEqual(values);
    const other = await initialized(rows(many.subarray(0, 112)), { seed: 9 });
    expect(found.get("5.weight")).not.toEqual(other.get("5.weight"));
    shuffled.dispose();
  });

  it("does not touch weights that were loaded or restored", async () => {
    const from = await gpu.train(options({ initialization: init.lsuv({ tolerance: 0.5, iterations: 1 }) }));
    await from.prepare(rows(fixture.x.data));
    const [bytes, checkpoint, weights] = [await from.save(), await from.checkpoint(), await weightsOf(from)];
    from.dispose();
    for (const take of [(one: Trainer) => one.load(bytes), (one: Trainer) => one.restore(checkpoint)]) {
      const trainer = await gpu.train(options());
      await take(trainer);
      await trainer.prepare(rows(fixture.x.data));
      expect(await weightsOf(trainer)).toEqual(weights);
      trainer.dispose();
    }
  });

  it("says which layer it cannot scale, and leaves nothing behind", async () => {
    const { buffers, bytes } = gpu.counters;
    const dead = await gpu.train(options({ model: nn.sequential(nn.linear(7, 3, { init: init.zeros(), biasInit: init.constant(1) })) }));
    await expect(dead.prepare(rows(fixture.x.data))).rejects.toThrow(/outputs of 0 \(linear 7 → 3\) have the standard deviation 0/);
    dead.dispose();
    await expect(gpu.train(options({ model: nn.sequential(nn.batchNorm(7)), loss: nn.meanSquaredError() }))).rejects.toThrow(
      /has no linear layer to scale/,
    );
    expect(gpu.counters).toMatchObject({ buffers, bytes });
  });
});
