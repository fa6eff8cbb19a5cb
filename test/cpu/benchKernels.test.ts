/** The kernels that the benchmark times: all there are, in plans whose buffers are what the kernels expect. */
import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { type KernelCase, kernelCases, rateOf } from "../../bench/kernels/cases.ts";
import { everyTile, filledProduct } from "../../bench/kernels/products.ts";

/** Past what the smallest tile of a product is for. */
const SIZE = { rows: 20, width: 20 };
/** Scoring a test set is no part of a step, stacks are whole nets (suite "depth"), and the others are for batches of thousands of rows. */
const ELSEWHERE = new Set([
  "score_batch",
  "stack",
  "stack_weights",
  "finish_loss",
  "batch_norm_partials",
  "batch_norm_gradient_partials",
  "row_norm_gradient_partials",
]);

it("are all that there are, but for those of evaluation, whole stacks and very long batches", async () => {
  const cases: KernelCase[] = [];
  for (const adapterClass of ["software", "hardware"] as const)
    cases.push(...(await kernelCases(SIZE, { adapterClass, subgroups: false })));
  const timed = new Set(cases.flatMap(({ kernel }) => kernel.split(", ")));
  const all = readdirSync(new URL("../../shaders", import.meta.url)).filter((file) => file.endsWith(".wgsl"));
  const missing = all.map((file) => file.replace(".wgsl", "")).filter((name) => !timed.has(name) && !ELSEWHERE.has(name));
  expect(missing, "kernels without a case in bench/kernels/cases.ts").toEqual([]);
  for (const one of cases) {
    expect(one.dispatches.length).toBeGreaterThan(0);
    expect(rateOf(one).perMillisecond, one.kernel).toBeGreaterThan(0);
  }
  // What a step reads was written: rate, batch and the weights themselves.
  const step = cases.find(({ kernel }) => kernel === "update_sgd")!.filled.states;
  for (const name of ["parameters", "x", "step", "chunks", "segments"])
    expect(
      step[name]?.some((word) => word !== 0),
      name,
    ).toBe(true);
});

it("has every tile of a product, with the work that it names", () => {
  const shape = { m: 64, n: 32, k: 16, layout: "TN" } as const;
  const target = { adapterClass: "software", subgroups: true } as const;
  expect(everyTile(target).length).toBeGreaterThan(everyTile({ ...target, subgroups: false }).length);
  for (const tile of everyTile(target)) {
    const { plan, dispatch, inputs } = filledProduct(shape, target, tile);
    expect(plan.kernels[0]!.name).toBe(tile.shader);
    expect(plan.kernels[0]!.access.length).toBe(dispatch.bindings.length);
    expect(inputs.map(({ length }) => length)).toEqual([64 * 16, 32 * 16, 64, 64 * 32]);
  }
});
