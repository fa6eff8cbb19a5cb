/** Measures the tiles of matrix products on this very adapter, in rounds, so that what else the machine does falls on all of them alike. */
import { checkInteger, checkOptions, show } from "../core/check.ts";
import { FathomError, throwIfAborted } from "../core/errors.ts";
import type { ProductShape, Tile } from "../core/tile.ts";
import { type Instance, instantiate } from "../gpu/executor.ts";
import { tilesFor } from "../ops/matmulKernel.ts";
import type { TunedProduct } from "../ops/tuning.ts";
import { productPlan } from "../plan/productPlan.ts";
import type { Machinery } from "./machinery.ts";

/** A linear layer as it trains: x [rows, inFeatures] times W [outFeatures, inFeatures] transposed. */
export interface TunedLayer {
  readonly rows: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

export interface TuneOptions {
  /** Samples of each tile (7). */
  readonly rounds?: number;
  readonly signal?: AbortSignal;
}

/** Samples are at least so long, in milliseconds, and so many times what it takes to hear of an empty submit: Firefox looks every 100 ms. */
const SHORTEST_SAMPLE = 4;
const LATENCIES = 3;
const MOST_REPEATS = 4096;
/** A tile replaces the table's only if it takes less than this share of its time: less is noise. */
const WORTH_IT = 0.95;

/** Forward, the gradient of the input, and the gradient of the weight. */
function productsOf(layer: TunedLayer, index: number): ProductShape[] {
  const what = "tune";
  checkOptions(`${what}: layers[${index}]`, layer, ["rows", "inFeatures", "outFeatures"]);
  const [rows, inFeatures, outFeatures] = (["rows", "inFeatures", "outFeatures"] as const).map((name) =>
    checkInteger(what, `layers[${index}].${name}`, layer[name], 1),
  ) as [number, number, number];
  return [
    { m: rows, n: outFeatures, k: inFeatures, layout: "NT" },
    { m: rows, n: inFeatures, k: outFeatures, layout: "NN" },
    { m: outFeatures, n: inFeatures, k: rows, layout: "TN" },
  ];
}

export async function tuneProducts(machinery: Machinery, layers: readonly TunedLayer[], options: TuneOptions): Promise<TunedProduct[]> {
  checkOptions("tune", options, ["rounds", "signal"]);
  const rounds = checkInteger("tune", "rounds", options.rounds ?? 7, 1, 1000);
  if (!Array.isArray(layers))
    throw new FathomError("argument", `tune: layers is ${show(layers)}; pass a list of { rows, inFeatures, outFeatures }`);
  const products = new Map(layers.flatMap((layer, index) => productsOf(layer, index).map((one) => [JSON.stringify(one), one])));
  const shortest = Math.max(SHORTEST_SAMPLE, LATENCIES * (await run(machinery, null, 0)));
  const tuned: TunedProduct[] = [];
  for (const product of products.values()) {
    throwIfAborted(options.signal, "tune");
    tuned.push({ ...product, tile: await fastest(machinery, product, rounds, shortest, options.signal) });
  }
  return tuned;
}

interface Runner {
  readonly tile: Tile;
  /** Whether it is what the engine's table would choose. */
  readonly isTables: boolean;
  readonly instance: Instance;
  readonly repeats: number;
  best: number;
}

async function fastest(
  machinery: Machinery,
  product: ProductShape,
  rounds: number,
  shortest: number,
  signal: AbortSignal | undefined,
): Promise<Tile> {
  const runners: Runner[] = [];
  try {
    const { tiles: _, ...untuned } = machinery.target;
    const table = productPlan(product, untuned);
    for (const tile of tilesFor(untuned)) {
      const plan = productPlan(product, untuned, tile);
      const instance = await instantiate(machinery.gpu, machinery.buffers, machinery.pipelines, plan);
      const isTables = JSON.stringify(plan) === JSON.stringify(table);
      let repeats = 1;
      // The first run may compile; only later ones tell how long it takes.
      await run(machinery, instance, 1);
      while (repeats < MOST_REPEATS && (await run(machinery, instance, repeats)) < shortest) repeats *= 2;
      runners.push({ tile, isTables, instance, repeats, best: Number.POSITIVE_INFINITY });
    }
    for (let round = 0; round < rounds; round++)
      for (const runner of round % 2 === 0 ? runners : runners.toReversed()) {
        throwIfAborted(signal, "tune");
        runner.best = Math.min(runner.best, (await run(machinery, runner.instance, runner.repeats)) / runner.repeats);
      }
    const tables = runners.find(({ isTables }) => isTables);
    const best = runners.reduce((one, other) => (other.best < one.best ? other : one));
    return tables && best.best > WORTH_IT * tables.best ? tables.tile : best.tile;
  } finally {
    for (const { instance } of runners) instance.dispose();
  }
}

/** Milliseconds until so many dispatches, each after the one before it, are done. */
async function run({ gpu }: Machinery, instance: Instance | null, repeats: number): Promise<number> {
  const { device } = gpu;
  const replay = instance?.bind({ inputs: [], outputs: [], states: {} });
  const begun = performance.now();
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let repeat = 0; repeat < repeats; repeat++) replay?.encode(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await gpu.guard(device.queue.onSubmittedWorkDone());
  return performance.now() - begun;
}
