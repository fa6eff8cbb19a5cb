/** What the benchmark of kernels times runs on a device: every case as the engine lays it out here, and every tile of a product. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { caseName, kernelCases } from "../../bench/kernels/cases.ts";
import { type FilledPlan, PlanRunner } from "../../bench/kernels/planRunner.ts";
import { everyTile, filledProduct, tileName } from "../../bench/kernels/products.ts";
import type { Engine } from "../../src/engine.ts";
import { sourceOf, typeIn } from "../../src/gpu/kernelSource.ts";
import { open } from "../../src/index.ts";
import type { PlanDispatch } from "../../src/plan/types.ts";

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const target = () => ({ adapterClass: gpu.adapter.class, subgroups: gpu.device.features.has("subgroups") });

/** Firefox compiles these hundreds of pipelines for too long; what they are made of it tests elsewhere. */
const slow = navigator.userAgent.includes("Firefox");

/** Bindings that hold floats: the others' bits may look like any number. */
function isFloat({ plan }: FilledPlan, { kernel }: PlanDispatch, binding: number): boolean {
  const source = sourceOf(plan.kernels[kernel]!);
  const type = new RegExp(`@binding\\(${binding}\\) var<storage, read_write> \\w+: array<(\\w+)`).exec(source)?.[1];
  const element = type && typeIn(source, type);
  return element === "f32" || element === "vec2f" || element === "vec4f";
}

/** Runs the plan until those are done, for what comes later may lie where they read, and gives the floats that they wrote. Rejects with what the device finds wrong. */
async function written(runner: PlanRunner, filled: FilledPlan, dispatches: readonly PlanDispatch[]): Promise<Float32Array> {
  const { plan } = filled;
  const until = plan.dispatches.slice(0, plan.dispatches.indexOf(dispatches.at(-1)!) + 1);
  gpu.device.pushErrorScope("validation");
  gpu.device.pushErrorScope("out-of-memory");
  await runner.compile(until);
  await runner.run(until, 1);
  for (const error of [await gpu.device.popErrorScope(), await gpu.device.popErrorScope()])
    if (error) throw new Error(`${plan.kernels[dispatches[0]!.kernel]!.name}: ${error.message}`);
  const bindings = dispatches.flatMap((dispatch) => {
    const { access } = plan.kernels[dispatch.kernel]!;
    return dispatch.bindings.filter((_, at) => access[at] === "read_write" && isFloat(filled, dispatch, at));
  });
  return runner.read(bindings);
}

const wrong = (floats: Float32Array): number => floats.reduce((count, value) => (Number.isFinite(value) ? count : count + 1), 0);

it.skipIf(slow)("runs every case of a kernel, in its plan", async () => {
  const cases = await kernelCases({ rows: 8, width: 8 }, target());
  expect(cases.length).toBeGreaterThan(60);
  const runners = new Map<FilledPlan, PlanRunner>();
  let floats = 0;
  for (const one of cases) {
    const { filled, dispatches } = one;
    let runner = runners.get(filled);
    if (!runner) {
      runner = new PlanRunner(gpu.device, filled);
      runners.set(filled, runner);
    }
    const own = await written(runner, filled, dispatches);
    floats += own.length;
    expect(wrong(own), caseName(one)).toBe(0);
  }
  expect(floats).toBeGreaterThan(1000);
  for (const runner of runners.values()) runner.dispose();
});

it.skipIf(slow)("runs every tile of a product, large ones in one shape of workgroups", async () => {
  const tiles = everyTile(target()).filter((tile) => !("rows" in tile) || tile.rows === 8 || tile.group[1] === 1);
  for (const tile of tiles) {
    const filled = filledProduct({ m: 40, n: 36, k: 12, layout: "NN" }, target(), tile);
    const runner = new PlanRunner(gpu.device, filled);
    const product = await written(runner, filled, filled.plan.dispatches);
    expect(wrong(product), tileName(tile)).toBe(0);
    expect(product.filter((value) => value !== 0).length, tileName(tile)).toBe(40 * 36);
    runner.dispose();
  }
});
