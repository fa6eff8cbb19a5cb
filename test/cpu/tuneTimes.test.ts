/** What `tune()` times, and what it makes of the times, by a clock that only the products turn on. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { type ProductShape, productKey } from "../../src/core/tile.ts";
import type { Machinery } from "../../src/engine/machinery.ts";
import { type TunedLayer, tuneProducts } from "../../src/engine/tune.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { input } from "../../src/ops/define.ts";
import { linear } from "../../src/ops/linear.ts";
import { tilesFor } from "../../src/ops/matmulKernel.ts";
import { type TunedProduct, tileTable } from "../../src/ops/tuning.ts";
import { lower } from "../../src/plan/lower.ts";
import { productCandidates, productPlan } from "../../src/plan/productPlan.ts";
import type { Plan } from "../../src/plan/types.ts";

const fake = vi.hoisted(() => ({ now: 0, cost: (_: unknown): number => 1, plans: [] as unknown[] }));
vi.mock("../../src/gpu/executor.ts", () => ({
  instantiate: async (_gpu: unknown, _buffers: unknown, _pipelines: unknown, plan: unknown) => {
    fake.plans.push(plan);
    const encode = (): void => {
      fake.now += fake.cost(plan);
    };
    return { bind: () => ({ encode }), dispose: () => {} };
  },
}));
beforeEach(() => {
  fake.plans = [];
  vi.spyOn(performance, "now").mockImplementation(() => fake.now);
});
afterEach(() => vi.restoreAllMocks());

const TARGETS: readonly Target[] = (["software", "hardware"] as const).flatMap((adapterClass) =>
  [false, true].map((subgroups) => ({ adapterClass, subgroups })),
);

const pass = { end: () => {} };
const encoder = { beginComputePass: () => pass, finish: () => null };
const device = { createCommandEncoder: () => encoder, queue: { submit: () => {}, onSubmittedWorkDone: async () => {} } };
const gpu = { device, guard: <T>(promise: Promise<T>): Promise<T> => promise };

/** The choices for the products of a layer, where one takes that many milliseconds. */
function tuned(layer: TunedLayer, target: Target, cost: (plan: Plan) => number): Promise<TunedProduct[]> {
  fake.cost = (plan) => cost(plan as Plan);
  return tuneProducts({ gpu, target } as unknown as Machinery, [layer], { rounds: 1 }, productCandidates);
}

/** What runs, whatever buffers it is given. */
const textOf = ({ kernels, dispatches }: Plan): string => JSON.stringify([kernels, dispatches.map(({ workgroups }) => workgroups)]);

/** All that a plan binds is its own, within bounds, and of a dispatch no buffer is read and written. */
function checkBuffers({ kernels, dispatches, pools }: Plan): void {
  for (const { kernel, bindings } of dispatches) {
    const bound = bindings.map(({ buffer, offset, size }, at) => {
      const index = buffer.kind === "pool" ? buffer.index : -1;
      expect(offset + size).toBeLessThanOrEqual(pools[index]!.bytes);
      return { index, written: kernels[kernel]!.access[at] === "read_write" };
    });
    for (const { index } of bound.filter(({ written }) => written)) expect(bound.filter((other) => other.index === index).length).toBe(1);
  }
}

/** A head of 10, as the digits have, widths between the usual tiles, and a head whose factors lie in memory alike, transposed or not. */
const LAYERS = [10, 20, 32, 48, 64, 1].map((outFeatures) => ({ rows: 64, inFeatures: 64, outFeatures }));

it.each(TARGETS)(
  "leaves the table's tile only for one of less than 95 % of its time: $adapterClass, subgroups $subgroups",
  async (target) => {
    for (const layer of LAYERS) {
      const products = (await tuned(layer, target, () => 1)).map(({ tile: _, ...product }) => product);
      const tables = new Set(products.map((product) => textOf(productPlan(product, target))));
      for (const [others, kept] of [
        [0.96, true],
        [0.94, false],
      ] as const)
        for (const { tile, ...product } of await tuned(layer, target, (plan) => (tables.has(textOf(plan)) ? 1 : others)))
          expect(tables.has(textOf(productPlan(product, target, tile))), `${JSON.stringify(product)}: ${JSON.stringify(tile)}`).toBe(kept);
    }
  },
);

it.each(TARGETS)("times what a layer's training runs, split where it is split: $adapterClass, subgroups $subgroups", async (target) => {
  for (const layer of [
    { rows: 8192, inFeatures: 64, outFeatures: 64 },
    { rows: 8192, inFeatures: 8, outFeatures: 8 },
    { rows: 64, inFeatures: 64, outFeatures: 1 },
  ]) {
    fake.plans = [];
    const { rows, inFeatures, outFeatures } = layer;
    const [x, weight, bias, dy] = [
      input([rows, inFeatures], "f32"),
      input([outFeatures, inFeatures], "f32"),
      input([outFeatures], "f32"),
      input([rows, outFeatures], "f32"),
    ];
    const [dx, dw, db] = backward([{ node: linear(x, weight, bias), gradient: dy }], [x, weight, bias]) as [Node, Node, Node];
    const runs: readonly [ProductShape, Node[]][] = [
      [{ m: rows, n: outFeatures, k: inFeatures, layout: "NT" }, [linear(x, weight)]],
      [{ m: rows, n: inFeatures, k: outFeatures, layout: "NN" }, [dx]],
      [{ m: outFeatures, n: inFeatures, k: rows, layout: "TN" }, [dw, db]],
    ];
    const expected = runs.flatMap(([product, roots]) =>
      tilesFor(product, target).map((tile) => {
        const { m, n, k, layout } = product;
        const tuning = { format: "fathom-tuning/1", adapter: "here", products: [{ ...product, tile }] } as const;
        const tiles = tileTable(tuning, "here", target)!;
        expect([...tiles]).toEqual([[productKey(m, n, k, layout), tile]]);
        return textOf(lower({ roots, assignments: [], target: { ...target, tiles } }).plan);
      }),
    );
    await tuned(layer, target, () => 1);
    expect(fake.plans.map((plan) => textOf(plan as Plan))).toEqual(expected);
    for (const plan of fake.plans) checkBuffers(plan as Plan);
    // Each a kernel of its own, so that a tile that goes unused is seen; a thin gradient is split.
    expect(new Set(expected).size).toBe(expected.length);
    if (outFeatures === 8 || (rows === 8192 && target.adapterClass === "hardware")) expect(expected.at(-1)).toContain('"SPLIT":true');
  }
});
