/** Tuning: what it measures is plain JSON, changes plans but not answers, leaves nothing behind, and is recorded in checkpoints. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, FathomError, nn, open, optim, type Trainer, type Tuning } from "../../src/index.ts";
import { matmulDepth, tilesFor } from "../../src/ops/matmulKernel.ts";

const LAYER = { rows: 12, inFeatures: 20, outFeatures: 24 };
const FORWARD = { m: LAYER.rows, n: LAYER.outFeatures, k: LAYER.inFeatures } as const;

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const target = () => ({ adapterClass: gpu.adapter.class, subgroups: gpu.device.features.has("subgroups") });
const waves = (length: number): Float32Array<ArrayBuffer> => Float32Array.from({ length }, (_, at) => Math.sin(at * 1.3 + 1));

it("measures forward and both gradients of a layer, as JSON that another engine takes, and frees its buffers", async () => {
  const own = await open();
  const { buffers, bytes } = own.counters;
  const tuning = await own.tune([LAYER, LAYER], { rounds: 1 });
  expect(own.counters).toMatchObject({ buffers, bytes });
  expect(own.tuning).toEqual(tuning);
  expect(tuning).toMatchObject({ format: "fathom-tuning/1", adapter: gpu.adapter.description });
  expect(tuning.products.map(({ m, n, k, layout }) => `${m}×${n}×${k} ${layout}`)).toEqual(["12×24×20 NT", "12×20×24 NN", "24×20×12 TN"]);
  for (const { tile, ...product } of tuning.products) expect(tilesFor(product, target())).toContainEqual(tile);
  const kept = JSON.parse(JSON.stringify(tuning)) as Tuning;
  const other = await open({ tuning: kept });
  expect(other.tuning).toEqual(tuning);
  own.dispose();
  other.dispose();
});

it("uses any tile that it may choose, with the same answer within rounding, and replays what it computes eagerly", async () => {
  const { rows, inFeatures, outFeatures } = LAYER;
  const [x, w] = [waves(rows * inFeatures), waves(inFeatures * outFeatures)];
  for (const tile of tilesFor({ ...FORWARD, layout: "NN" }, target())) {
    const product = { ...FORWARD, layout: "NN", tile } as const;
    const own = await open({ tuning: { format: "fathom-tuning/1", adapter: gpu.adapter.description, products: [product] } });
    const [a, b] = [own.tensor(x, [rows, inFeatures]), own.tensor(w, [inFeatures, outFeatures])];
    const c = a.matmul(b);
    const eager = await c.data();
    for (let at = 0; at < rows * outFeatures; at++) {
      const terms = Array.from(
        { length: inFeatures },
        (_, k) => x[Math.floor(at / outFeatures) * inFeatures + k]! * w[k * outFeatures + (at % outFeatures)]!,
      );
      const magnitude = terms.reduce((sum, term) => sum + Math.abs(term), 0);
      const truth = terms.reduce((sum, term) => sum + term, 0);
      expect(Math.abs(eager[at]! - truth), `${JSON.stringify(tile)}[${at}]`).toBeLessThanOrEqual(
        4 * 2 ** -23 * matmulDepth(inFeatures, tile.shader) * magnitude,
      );
    }
    const replay = await own.compile(
      (one, two) => one!.matmul(two!),
      [{ shape: [rows, inFeatures] }, { shape: [inFeatures, outFeatures] }],
    );
    expect(await replay.run(a, b)[0]!.data()).toEqual(eager);
    own.dispose();
  }
});

it("leaves a tuning of another adapter unused, and refuses what tune() did not return", async () => {
  const foreign = { format: "fathom-tuning/1", adapter: "another", products: [] } as const;
  const own = await open({ tuning: foreign });
  expect(own.tuning).toBeNull();
  own.dispose();
  const adapter = gpu.adapter.description;
  const tile = { shader: "matmul_register", rows: 7, quads: false, group: [1, 1] };
  for (const [tuning, message] of [
    [{ ...foreign, format: "v0" }, /format is "v0"/],
    [{ ...foreign, adapter, products: [{ m: 0, n: 1, k: 1, layout: "NN", tile }] }, /products\[0\]\.m is 0/],
    [{ ...foreign, adapter, products: [{ m: 1, n: 1, k: 1, layout: "NX", tile }] }, /products\[0\]\.layout is "NX"/],
    [
      { ...foreign, adapter, products: [{ m: 1, n: 1, k: 1, layout: "NN", tile }] },
      /products\[0\]\.tile is .*"rows":7.*Call tune\(\) again/,
    ],
  ] as const)
    await expect(open({ tuning: tuning as unknown as Tuning })).rejects.toThrow(message);
  await expect(gpu.tune([{ ...LAYER, rows: 1.5 }])).rejects.toThrow(/layers\[0\]\.rows is 1\.5/);
  await expect(gpu.tune([LAYER], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
});

it("is recorded in a checkpoint, which an engine with other tiles refuses", async () => {
  const rows = 16;
  const train = { count: rows, x: waves(rows * 8), xScale: 1, y: waves(rows * 4), yShape: [4] };
  const dataset: Dataset = { name: "waves", sampleShape: [8], classes: null, train, test: null };
  const trainerOf = async (engine: Engine): Promise<Trainer> => {
    const options = { model: nn.linear(8, 4), loss: nn.meanSquaredError(), batchSize: 8, optimizer: optim.sgd({ learningRate: 0.1 }) };
    const trainer = await engine.train(options);
    await trainer.prepare(dataset);
    return trainer;
  };
  const tile = tilesFor({ m: 8, n: 4, k: 8, layout: "NT" }, target()).at(-1)!;
  const tuning: Tuning = {
    format: "fathom-tuning/1",
    adapter: gpu.adapter.description,
    products: [{ m: 8, n: 4, k: 8, layout: "NT", tile }],
  };
  const tuned = await open({ tuning });
  const [one, two, plain] = [await trainerOf(tuned), await trainerOf(tuned), await trainerOf(gpu)];
  for await (const _ of one.run(dataset, { steps: 2, every: 2 }));
  const file = await one.checkpoint();
  await two.restore(file);
  expect(await two.save()).toEqual(await one.save());
  const error = await plain.restore(file).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FathomError);
  expect(error).toMatchObject({
    code: "argument",
    details: { tuning },
    message: expect.stringMatching(/with other measured tiles.*open\(\{ tuning \}\)/),
  });
  await expect(two.restore(await plain.checkpoint())).rejects.toThrow(/without measured tiles/);
  tuned.dispose();
  plain.dispose();
});
