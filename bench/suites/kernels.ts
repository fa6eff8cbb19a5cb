/** Every kernel by itself, over sizes and in every variant, against what the adapter can do at best. */

import type { ProductLayout, ProductShape } from "../../src/core/tile.ts";
import type { Target } from "../../src/graph/op.ts";
import { type Engine, FathomError } from "../../src/index.ts";
import { caseName, identityOf, type KernelCase, type KernelSize, kernelCases, rateOf } from "../kernels/cases.ts";
import { type Ceilings, ceilings } from "../kernels/ceilings.ts";
import { type FilledPlan, PlanRunner } from "../kernels/planRunner.ts";
import { filledProduct, shapeName, tileName, tilesFromTable, variantOf } from "../kernels/products.ts";
import type { Contestant } from "../measure.ts";
import type { Entry, Target as Promise_ } from "../schema.ts";
import type { Suite, SuiteContext } from "../suite.ts";

interface Sizes {
  readonly kernels: readonly KernelSize[];
  /** Square products, as the engine chooses; from `large` on in one layout only. */
  readonly products: readonly number[];
  readonly large: number;
  /** Others: those of a net's head, and of tiles and splits that the engine chooses for no square. */
  readonly shapes: readonly ProductShape[];
  /** Those that are also made with every tile; the first in every layout. */
  readonly tiled: readonly number[];
  readonly ceilings: Ceilings;
}

/** The three of a layer with 64 rows and 64 → 10 features. */
const HEAD: readonly ProductShape[] = [
  { m: 64, n: 10, k: 64, layout: "NT" },
  { m: 64, n: 64, k: 10, layout: "NN" },
  { m: 10, n: 64, k: 64, layout: "TN" },
];
/** The gradient of a thin layer's weight over many rows. */
const THIN: ProductShape = { m: 64, n: 64, k: 8192, layout: "TN" };

const SIZES = {
  software: {
    kernels: [
      { rows: 64, width: 64 },
      { rows: 256, width: 256 },
    ],
    products: [64, 256, 512, 1024],
    large: 1024,
    shapes: [
      ...HEAD,
      THIN,
      { m: 1, n: 16, k: 8192, layout: "TN" },
      { m: 8, n: 8, k: 8192, layout: "TN" },
      { m: 8, n: 10, k: 8192, layout: "TN" },
      { m: 32, n: 32, k: 32, layout: "NT" },
      { m: 1024, n: 8, k: 64, layout: "NT" },
      { m: 1024, n: 10, k: 64, layout: "NT" },
    ],
    tiled: [64, 512],
    ceilings: { invocations: 2 ** 14, copyBytes: 2 ** 25 },
  },
  hardware: {
    kernels: [
      { rows: 64, width: 64 },
      { rows: 512, width: 512 },
      { rows: 2048, width: 2048 },
    ],
    products: [64, 256, 512, 1024, 2048, 4096],
    large: 8192,
    shapes: [...HEAD, THIN, { m: 256, n: 256, k: 8192, layout: "TN" }],
    tiled: [64, 512, 2048],
    ceilings: { invocations: 2 ** 20, copyBytes: 2 ** 27 },
  },
} as const satisfies Record<"software" | "hardware", Sizes>;
const TINY: Sizes = {
  kernels: [{ rows: 8, width: 4 }],
  products: [16],
  large: 1,
  shapes: [{ m: 8, n: 8, k: 4096, layout: "TN" }],
  tiled: [],
  ceilings: { invocations: 2 ** 10, copyBytes: 2 ** 16 },
};

/** Shares of the time. */
const SHARES = { products: 0.35, tiles: 0.35 };
const LAYOUTS = ["NN", "NT", "TN"] as const satisfies readonly ProductLayout[];
/** Kernels that are timed in turns. */
const IN_GROUP = 8;

const PROMISED: Readonly<Record<number, Promise_>> = { 1024: { relation: "at least", value: 4, adapterClass: "software" } };

export const kernels: Suite = async (context) => {
  const gpu = await context.open();
  try {
    return await onEngine(gpu, context);
  } finally {
    gpu.dispose();
  }
};

async function onEngine(gpu: Engine, context: SuiteContext): Promise<Entry[]> {
  const { device, adapter } = gpu;
  const { quick, deadline } = context;
  const target: Target = { adapterClass: adapter.class, subgroups: device.features.has("subgroups") };
  const sizes = quick ? TINY : SIZES[adapter.class];
  const best = await context.measure("ceilings", ceilings(device, sizes.ceilings), { always: true });
  const products = await context.measure(
    "matrix products",
    productsOf(sizes).map((shape) => product(gpu, shape, target)),
    { deadline: deadline.part(SHARES.products) },
  );
  const tiles: Entry[] = [];
  const shapes = squares(sizes.tiled, (size) => size === sizes.tiled[0]);
  const tilesDeadline = deadline.part(SHARES.tiles);
  for (const [index, shape] of shapes.entries())
    tiles.push(
      ...(await context.measure(`tiles, ${shapeName(shape)}`, tilesOf(gpu, shape, target), {
        deadline: tilesDeadline.part(1 / (shapes.length - index)),
      })),
    );
  return [...best, ...withShares([...products, ...tiles, ...(await everyKernel(gpu, sizes.kernels, target, context))], best)];
}

/** The products that are timed as the engine chooses. */
export const chosenProducts = (adapterClass: Target["adapterClass"]): readonly ProductShape[] => productsOf(SIZES[adapterClass]);

const productsOf = ({ products, large, shapes }: Sizes): readonly ProductShape[] => [
  ...squares(products, (size) => size < large),
  ...shapes,
];

/** First all in one layout, then those that are wanted in the others too. */
function squares(sizes: readonly number[], inEveryLayout: (size: number) => boolean): ProductShape[] {
  return LAYOUTS.flatMap((layout, index) =>
    sizes.filter((size) => index === 0 || inEveryLayout(size)).map((size): ProductShape => ({ m: size, n: size, k: size, layout })),
  );
}

/** Percent of what the adapter can do at best. */
function withShares(entries: readonly Entry[], best: readonly Entry[]): Entry[] {
  return entries.map((entry) => {
    const ceiling = best.find(({ unit }) => unit === entry.unit);
    return ceiling ? { ...entry, facts: { ...entry.facts, "% of ceiling": (100 * entry.median) / ceiling.median } } : entry;
  });
}

function product(gpu: Engine, shape: ProductShape, target: Target, tile?: Parameters<typeof tileName>[0]): Contestant {
  const { m, n, k, layout } = shape;
  const promised = tile || layout !== "NN" ? undefined : PROMISED[m];
  return {
    id: `product ${shapeName(shape)}${tile ? ` ${tileName(tile)}` : ""}`,
    title: tile ? tileName(tile) : `${shapeName(shape)}, as chosen`,
    rate: { unit: "GFLOP/s", perMillisecond: (2 * m * n * k) / 1e6 },
    ...(promised ? { target: promised } : {}),
    async prepare() {
      const filled = filledProduct(shape, target, tile);
      const { dispatches } = filled.plan;
      const runner = new PlanRunner(gpu.device, filled);
      const compileMilliseconds = await runner.compile(dispatches);
      const facts = { kernel: variantOf(filled.plan), dispatches: dispatches.length };
      return { run: (times) => runner.run(dispatches, times), compileMilliseconds, facts, dispose: () => runner.dispose() };
    },
  };
}

/** Each tile against the one that the engine's table names, which is first. */
export function tilesOf(gpu: Engine, shape: ProductShape, target: Target): Contestant[] {
  const [table, ...others] = tilesFromTable(shape, target).map((tile) => product(gpu, shape, target, tile));
  return [table!, ...others.map((one) => ({ ...one, over: { id: table!.id } }))];
}

/** As the engine lays them out here, and where that differs as it would on the other kind of adapter. */
async function everyKernel(gpu: Engine, sizes: readonly KernelSize[], target: Target, context: SuiteContext): Promise<Entry[]> {
  const entries: Entry[] = [];
  const other: Target = { ...target, adapterClass: target.adapterClass === "software" ? "hardware" : "software" };
  for (const [index, size] of sizes.entries()) {
    const own = await kernelCases(size, target, context.quick);
    const known = new Set(own.map(identityOf));
    const others = context.quick ? [] : (await kernelCases(size, other)).filter((one) => !known.has(identityOf(one)));
    // Variants of one kernel are neighbours, so that they are timed in turns.
    const all = [...own, ...others].sort((one, two) => caseName(one).localeCompare(caseName(two), "en"));
    const runners = new Runners(gpu.device);
    const deadline = context.deadline.part(1 / (sizes.length - index));
    for (let at = 0; at < all.length; at += IN_GROUP) {
      const part = all.slice(at, at + IN_GROUP).map((one) => kernel(runners, one, target));
      const share = deadline.part(part.length / (all.length - at));
      entries.push(...(await context.measure(`kernels, ${size.rows} × ${size.width}`, part, { deadline: share })));
    }
  }
  return entries;
}

/** Kernels of one plan share its buffers; they go when the last of those that are timed together is done. */
class Runners {
  private readonly device: GPUDevice;
  private readonly held = new Map<FilledPlan, { readonly runner: PlanRunner; users: number }>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** A runner whose plan has run once, so that nothing is read that was never written: a kernel finds its own data, or what a later one left in its place. */
  async take(filled: FilledPlan): Promise<PlanRunner> {
    const known = this.held.get(filled);
    if (known) {
      known.users++;
      return known.runner;
    }
    const runner = new PlanRunner(this.device, filled);
    this.held.set(filled, { runner, users: 1 });
    try {
      await runner.compile(filled.plan.dispatches);
      this.device.pushErrorScope("validation");
      const ran = runner.run(filled.plan.dispatches, 1);
      const error = await this.device.popErrorScope();
      if (error) throw new FathomError("validation", error.message);
      await ran;
      return runner;
    } catch (error) {
      this.give(filled);
      throw error;
    }
  }

  give(filled: FilledPlan): void {
    const known = this.held.get(filled);
    if (!known || --known.users > 0) return;
    known.runner.dispose();
    this.held.delete(filled);
  }
}

function kernel(runners: Runners, one: KernelCase, target: Target): Contestant {
  const { size, layout, filled, dispatches } = one;
  const name = caseName(one);
  const isOwn = layout === target.adapterClass;
  return {
    id: `${name} ${size.rows}x${size.width} ${layout}`,
    title: isOwn ? name : `${name}, as for ${layout}`,
    rate: rateOf(one),
    async prepare() {
      const runner = await runners.take(filled);
      return {
        run: (times) => runner.run(dispatches, times),
        facts: { workgroups: workgroupsOf(one) },
        dispose: () => runners.give(filled),
      };
    },
  };
}

const workgroupsOf = ({ dispatches }: KernelCase): number => dispatches.reduce((sum, { workgroups: [x, y, z] }) => sum + x * y * z, 0);
