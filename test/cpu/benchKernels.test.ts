/** The kernels that the benchmark times: all there are, in plans whose buffers are what the kernels expect. */
import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { caseName, type KernelCase, kernelCases, rateOf } from "../../bench/kernels/cases.ts";
import { everyTile, filledProduct, variantOf } from "../../bench/kernels/products.ts";
import { stackCases } from "../../bench/kernels/stackCases.ts";
import { chosenProducts } from "../../bench/suites/kernels.ts";
import { PRODUCT_LAYOUTS } from "../../src/core/tile.ts";
import { productPlan } from "../../src/plan/productPlan.ts";

/** Past what the smallest tile of a product is for. */
const SIZE = { rows: 20, width: 20 };

it("are all that there are", async () => {
  const cases: KernelCase[] = [];
  for (const adapterClass of ["software", "hardware"] as const)
    cases.push(...(await kernelCases(SIZE, { adapterClass, subgroups: false })));
  const timed = new Set(cases.flatMap(({ kernels }) => kernels));
  const all = readdirSync(new URL("../../shaders", import.meta.url)).filter((file) => file.endsWith(".wgsl"));
  const missing = all.map((file) => file.replace(".wgsl", "")).filter((name) => !timed.has(name));
  expect(missing, "kernels without a case in bench/kernels/cases.ts").toEqual([]);
  for (const one of cases) {
    expect(one.dispatches.length).toBeGreaterThan(0);
    expect(rateOf(one).perMillisecond, caseName(one)).toBeGreaterThan(0);
  }
  // What a step reads was written: rate, batch and the weights themselves.
  const step = cases.find((one) => caseName(one) === "update_sgd")!.filled.states;
  for (const name of ["parameters", "x", "step", "chunks", "segments"])
    expect(
      step[name]?.some((word) => word !== 0),
      name,
    ).toBe(true);
});

it("walk stacks forward and backward and add up their weights' gradients, in one dispatch and in several", async () => {
  const cases = await stackCases({ rows: 8, width: 16 }, { adapterClass: "software", subgroups: true });
  expect(cases.map(caseName)).toEqual(
    ["", " in 3 dispatches"]
      .flatMap((parts) => [`stack, forward, 12 layers${parts}`, `stack, backward, 12 layers${parts}`, `stack_weights, 12 layers${parts}`])
      .concat(
        ["", " in 3 dispatches"].flatMap((parts) => {
          const what = `12 layers of residual, layer-norm and dropout${parts}`;
          return [`stack, forward, ${what}`, `stack, backward, ${what}`, `stack_weights, ${what}`];
        }),
      ),
  );
  for (const one of cases) {
    expect(one.dispatches.length, caseName(one)).toBe(caseName(one).endsWith("in 3 dispatches") ? 3 : 1);
    const layers = one.dispatches.map(({ kernel }) => Number(one.filled.plan.kernels[kernel]!.constants["LAYERS"]));
    expect(layers.reduce((sum, own) => sum + own, 0)).toBe(12);
    expect(rateOf(one)).toEqual({ unit: "GFLOP/s", perMillisecond: (2 * 8 * 16 * 16 * 12) / 1e6 });
  }
});

it("has every tile of a product, with the work that it names", () => {
  const shape = { m: 64, n: 32, k: 16, layout: "TN" } as const;
  const target = { adapterClass: "software", subgroups: true } as const;
  expect(everyTile(target).length).toBeGreaterThan(everyTile({ ...target, subgroups: false }).length);
  for (const tile of everyTile(target)) {
    const { plan, inputs } = filledProduct(shape, target, tile);
    expect(plan.kernels.map(({ name }) => name)).toEqual([tile.shader]);
    expect(plan.outputs.map((output) => output.shape)).toEqual([[64, 32], [64]]);
    expect(inputs.map(({ length }) => length)).toEqual([64 * 16, 32 * 16]);
  }
});

/** Up to sums so long that they must be split, which is tested but no product of a net. */
const SIZES = { outer: [1, 8, 10, 20, 64, 256, 1024], inner: [10, 64, 1024, 8192] };

it.each(["software", "hardware"] as const)("time every tile and split that the engine chooses for a product on %s", (adapterClass) => {
  for (const subgroups of [false, true]) {
    const target = { adapterClass, subgroups };
    const timed = new Set(chosenProducts(adapterClass).map((shape) => variantOf(productPlan(shape, target))));
    const chosen = new Set<string>();
    for (const m of SIZES.outer)
      for (const n of SIZES.outer)
        for (const k of SIZES.inner) for (const layout of PRODUCT_LAYOUTS) chosen.add(variantOf(productPlan({ m, n, k, layout }, target)));
    expect([...timed].filter((variant) => variant.endsWith("split")).length).toBeGreaterThan(0);
    expect(
      [...chosen].filter((variant) => !timed.has(variant)),
      "variants without a product in bench/suites/kernels.ts",
    ).toEqual([]);
  }
});
