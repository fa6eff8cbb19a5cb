/** The kernels that the benchmark times: all there are, in plans whose buffers are what the kernels expect. */
import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { capturedStep } from "../../bench/kernels/capture.ts";
import { capturedPlans, caseName, type KernelCase, kernelCases, rateOf } from "../../bench/kernels/cases.ts";
import { everyTile, filledProduct, tileName, variantOf } from "../../bench/kernels/products.ts";
import { stackCases } from "../../bench/kernels/stackCases.ts";
import { plainNet } from "../../bench/remedies/plainNet.ts";
import { ALL_VARIANTS, experimentOf } from "../../bench/remedies/variants.ts";
import { chosenProducts, tilesOf } from "../../bench/suites/kernels.ts";
import { PRODUCT_LAYOUTS } from "../../src/core/tile.ts";
import type { Engine } from "../../src/index.ts";
import { productPlan } from "../../src/plan/productPlan.ts";
import type { Plan, PlanKernel } from "../../src/plan/types.ts";

/** Past what the smallest tile of a product is for; and groups of four features divide it. */
const SIZE = { rows: 32, width: 32 };

const made = new Map<"software" | "hardware", Promise<KernelCase[]>>();
/** Each layout's, captured once. */
function casesFor(adapterClass: "software" | "hardware"): Promise<KernelCase[]> {
  const known = made.get(adapterClass) ?? kernelCases(SIZE, { adapterClass, subgroups: true });
  made.set(adapterClass, known);
  return known;
}

it("are all that there are", async () => {
  const cases = [...(await casesFor("software")), ...(await casesFor("hardware"))];
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

/** Its name and what is true or false in it; but that there is a fused formula, and whatever a matrix product has. */
function variantText({ name, defines }: PlanKernel): string {
  const flags = Object.entries(defines).filter(([flag, value]) => typeof value === "boolean" && flag !== "FUSED");
  return [name, ...flags.map(([flag, value]) => `${flag}=${value}`).sort()].join(" ");
}
const variantsOf = (plans: readonly Plan[]): string[] =>
  plans.flatMap(({ kernels }) => kernels.filter(({ name }) => !name.startsWith("matmul_")).map(variantText));
const variantsTimed = (cases: readonly KernelCase[]): Set<string> =>
  new Set(
    cases.flatMap(({ filled, dispatches }) =>
      variantsOf([{ ...filled.plan, kernels: dispatches.map(({ kernel }) => filled.plan.kernels[kernel]!) }]),
    ),
  );

it.each(["software", "hardware"] as const)(
  "have each variant in the captured plans on %s, under a name of its own",
  async (adapterClass) => {
    const target = { adapterClass, subgroups: true };
    const cases = await casesFor(adapterClass);
    const names = cases.map(caseName);
    expect(new Set(names).size).toBe(names.length);
    const stacks = await stackCases(SIZE, target);
    const captured = (await capturedPlans(SIZE, target)).map(({ filled }) => filled.plan);
    expect([...variantsTimed(cases)].sort()).toEqual([...new Set([...variantsOf(captured), ...variantsTimed(stacks)])].sort());
    expect(names.filter((name) => name.startsWith("reduce")).map((name) => name.split(", ")[1] ?? "of all")).toEqual(
      expect.arrayContaining(["of all", "of columns", "of rows"]),
    );
    expect(names).toContain("update_sgd, with MOMENTUM");
    expect(names).toContain("row_norm, with LINE_SCALE, without CENTERED and FEATURE_SCALE and SHIFT");
  },
);

it("have each variant that the step of any remedy has", async () => {
  const target = { adapterClass: "software", subgroups: true } as const;
  const net = { depth: 3, width: SIZE.width, batchSize: SIZE.rows };
  const timed = variantsTimed(await casesFor("software"));
  const missing = new Map<string, string>();
  for (const variant of ALL_VARIANTS) {
    const { plan } = await capturedStep(experimentOf(plainNet(net, 7), variant, net), target);
    for (const own of variantsOf([plan])) if (!timed.has(own) && !missing.has(own)) missing.set(own, variant.id);
  }
  expect([...missing], "variants, each with a remedy that has it, which STEPS in bench/kernels/cases.ts lacks").toEqual([]);
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

it.each([
  ["software", true, "register, rows 32, quads true, group 4,1"],
  ["software", false, "register, rows 8, quads false, group 8,4"],
  ["hardware", true, "tiled, span 32"],
] as const)("compare every tile with the one of the engine's table, on %s, subgroups %s", (adapterClass, subgroups, table) => {
  const target = { adapterClass, subgroups };
  // Nothing is made until a contestant is prepared.
  const [base, ...others] = tilesOf({} as Engine, { m: 64, n: 64, k: 64, layout: "NN" }, target);
  expect(base).toMatchObject({ id: `product 64 × 64 × 64 NN ${table}`, title: table });
  expect(base).not.toHaveProperty("over");
  expect(others.map(({ title }) => title)).toEqual(
    everyTile(target)
      .map(tileName)
      .filter((name) => name !== table),
  );
  for (const { over } of others) expect(over).toEqual({ id: base!.id });
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
