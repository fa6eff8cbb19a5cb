/** Measures the tiles of matrix products on this very adapter, in rounds, so that what else the machine does falls on all of them alike. */
import { checkInteger, checkOptions, show } from "../core/check.ts";
import { FathomError, throwIfAborted } from "../core/errors.ts";
import type { ProductShape, Tile } from "../core/tile.ts";
import { type Instance, instantiate } from "../gpu/executor.ts";
import type { Target } from "../graph/op.ts";
import type { TunedProduct } from "../ops/tuning.ts";
import type { ProductCandidate } from "../plan/productPlan.ts";
import type { BufferReference, Plan } from "../plan/types.ts";
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

/** `productCandidates`, handed over: this module is fetched when it is asked for, and what it shared with the engine would be files of their own. */
type CandidatesOf = (product: ProductShape, target: Target) => readonly ProductCandidate[];

export async function tuneProducts(
  machinery: Machinery,
  layers: readonly TunedLayer[],
  options: TuneOptions,
  candidatesOf: CandidatesOf,
): Promise<TunedProduct[]> {
  checkOptions("tune", options, ["rounds", "signal"]);
  const rounds = checkInteger("tune", "rounds", options.rounds ?? 7, 1, 1000);
  if (!Array.isArray(layers))
    throw new FathomError("argument", `tune: layers is ${show(layers)}; pass a list of { rows, inFeatures, outFeatures }`);
  const products = new Map(layers.flatMap((layer, index) => productsOf(layer, index).map((one) => [JSON.stringify(one), one])));
  const shortest = Math.max(SHORTEST_SAMPLE, LATENCIES * (await run(machinery, null, 0)));
  const tuned: TunedProduct[] = [];
  for (const product of products.values()) {
    throwIfAborted(options.signal, "tune");
    tuned.push({ ...product, tile: await fastest(machinery, candidatesOf(product, machinery.target), rounds, shortest, options.signal) });
  }
  return tuned;
}

interface Runner {
  readonly tile: Tile;
  readonly instance: Instance;
  readonly repeats: number;
  best: number;
}

async function fastest(
  machinery: Machinery,
  candidates: readonly ProductCandidate[],
  rounds: number,
  shortest: number,
  signal: AbortSignal | undefined,
): Promise<Tile> {
  const runners: Runner[] = [];
  try {
    for (const { tile, plan } of candidates) {
      const instance = await instantiate(machinery.gpu, machinery.buffers, machinery.pipelines, withOwnBuffers(plan));
      let repeats = 1;
      // The first run may compile; only later ones tell how long it takes.
      await run(machinery, instance, 1);
      while (repeats < MOST_REPEATS && (await run(machinery, instance, repeats)) < shortest) repeats *= 2;
      runners.push({ tile, instance, repeats, best: Number.POSITIVE_INFINITY });
    }
    for (let round = 0; round < rounds; round++)
      for (const runner of round % 2 === 0 ? runners : runners.toReversed()) {
        throwIfAborted(signal, "tune");
        runner.best = Math.min(runner.best, (await run(machinery, runner.instance, runner.repeats)) / runner.repeats);
      }
    // The first is what the engine chooses untuned.
    const table = runners[0]!;
    const best = runners.reduce((one, other) => (other.best < one.best ? other : one));
    return best.best > WORTH_IT * table.best ? table.tile : best.tile;
  } finally {
    for (const { instance } of runners) instance.dispose();
  }
}

/** Milliseconds until the product is done so many times, one after the other. */
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

/** The plan with its inputs and outputs among its pools, so that it runs without being given a buffer. */
function withOwnBuffers(plan: Plan): Plan {
  const given = [...plan.inputs, ...plan.outputs].map(({ shape }) => 4 * shape.reduce((size, axis) => size * axis, 1));
  const moved = (buffer: BufferReference): BufferReference => {
    if (buffer.kind !== "input" && buffer.kind !== "output") return buffer;
    return { kind: "pool", index: plan.pools.length + (buffer.kind === "input" ? 0 : plan.inputs.length) + buffer.index };
  };
  return {
    ...plan,
    dispatches: plan.dispatches.map((dispatch) => ({
      ...dispatch,
      bindings: dispatch.bindings.map((binding) => ({ ...binding, buffer: moved(binding.buffer) })),
    })),
    pools: [...plan.pools, ...given.map((bytes) => ({ bytes, persistent: true }))],
    peakBytes: given.reduce((sum, bytes) => sum + bytes, plan.peakBytes),
    inputs: [],
    outputs: [],
  };
}
