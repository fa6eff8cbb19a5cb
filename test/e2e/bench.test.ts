/** The benchmark at its smallest, in a browser and on Dawn in Node: what it writes is what its schema says. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { afterAll, expect, it } from "vitest";
import { type BenchResult, resultSchema } from "../../bench/schema.ts";
import { findBrowser } from "../../src/cli/findBrowser.ts";
import { runModule } from "../support/childProcess.ts";

const folder = mkdtempSync(join(tmpdir(), "fathom-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

const OWN_SUITES = ["remedies", "benefits", "kernels", "depth"];
const suites = (names: readonly string[]): string[] => names.flatMap((name) => ["--suite", name]);

function written(): BenchResult {
  const result = v.parse(resultSchema, JSON.parse(readFileSync(join(folder, "bench.json"), "utf8")));
  for (const { name, left, entries } of result.suites) {
    expect(left, name).toEqual([]);
    expect(entries.length, name).toBeGreaterThan(0);
    for (const { id, median, lowerQuartile, upperQuartile } of entries) {
      expect(median, id).toBeGreaterThan(0);
      expect(lowerQuartile <= median && median <= upperQuartile, id).toBe(true);
    }
  }
  return result;
}

it("npm run bench -- --quick writes a valid result and a table, of every suite", async () => {
  const { code, stdout, stderr } = await runModule("bench/run.ts", ["--quick", ...suites(OWN_SUITES), "--out", folder]);
  expect(stderr).toBe("");
  expect(stdout).toContain("# Fathom benchmark");
  expect(code).toBe(0);
  const { suites: found, cautions, environment } = written();
  expect(found.map(({ name }) => name)).toEqual(OWN_SUITES);
  expect(environment.runtime).toBe("headless browser");
  expect(cautions.at(-1)).toMatch(/a trial/);
  const [remedies, benefits, kernels, depth] = found.map(({ entries }) => entries);
  const clip = remedies!.find(({ comparison }) => comparison !== null)!;
  expect(clip.comparison!.interval[0]).toBeLessThanOrEqual(clip.comparison!.interval[1]);
  expect(remedies!.some(({ id }) => id === clip.comparison!.over)).toBe(true);
  expect(benefits![0]!.facts["never got there"]).toMatch(/ of 1$/);
  expect(kernels!.find(({ title }) => title === "update_sgd")!.facts["% of ceiling"]).toBeGreaterThan(0);
  expect(depth!.map(({ id }) => id)).toEqual(["depth-2-never", "depth-2-always", "depth-6-never", "depth-6-always"]);
  const [shallow, shallowStack, deep, deepStack] = depth!.map(({ facts }) => Number(facts["dispatches"]));
  expect(deep! - shallow!).toBe(3 * (6 - 2));
  expect(deepStack).toBe(shallowStack);
  expect(depth![3]!.comparison!.over).toBe("depth-6-never");
  expect(readFileSync(join(folder, "bench.md"), "utf8")).toContain("| 6 layers, as a stack |");
});

it("the suite of peers leaves nobody out: their losses, products and norms agree", async () => {
  const { code, stdout } = await runModule("bench/run.ts", ["--quick", "--suite", "peers", "--out", folder]);
  expect(stdout).toContain("## peers");
  expect(code).toBe(0);
  const [suite] = written().suites;
  const all = ["fathom", "tfjs-wasm-by-hand", "tfjs-wasm", "jax-wasm", "jax", "tfjs-webgpu"];
  const byKernel = all.filter((name) => name !== "tfjs-wasm-by-hand");
  const cold = ["fathom", "jax"];
  expect(suite!.entries.map(({ id }) => id)).toEqual([
    ...cold.map((name) => `first-step-2x8-${name}`),
    ...all.filter((name) => name !== "tfjs-webgpu").map((name) => `step-2x8-${name}`),
    ...byKernel.map((name) => `matmul-16-${name}`),
    ...byKernel.map((name) => `batch-norm-${name}`),
  ]);
  for (const { samples, facts } of suite!.entries.slice(0, cold.length)) {
    expect(samples.length).toBe(1);
    // Each of a browser of its own, which had loaded nothing.
    expect(facts["modules ms"]).toBeGreaterThan(0);
    expect(facts["device ms"]).toBeGreaterThan(0);
  }
  for (const { id, comparison, facts } of suite!.entries) {
    expect(comparison?.over ?? null).toBe(id.endsWith("fathom") ? null : id.replace(/-(tfjs|jax).*/, "-fathom"));
    // The page is isolated, so that WebAssembly has threads where there are cores.
    if (id.includes("tfjs-wasm")) expect(facts["build"]).toBe("threads and SIMD");
  }
});

/** Dawn takes Chromium's own software driver, where a Chromium has brought one. */
const driver = await findBrowser("chromium").then(
  (path) => [dirname(path), "/usr/lib/chromium"].map((place) => join(place, "vk_swiftshader_icd.json")).find(existsSync),
  () => undefined,
);

it.skipIf(!driver)("runs on Dawn in Node", async () => {
  const args = ["--quick", "--device", "node", "--suite", "depth", "--out", folder];
  const { code, stdout } = await runModule("bench/run.ts", args, { env: { VK_DRIVER_FILES: driver! } });
  expect(stdout).toContain("Dawn of npm's webgpu");
  expect(code).toBe(0);
  expect(written().environment).toMatchObject({ runtime: "node", adapterClass: "software" });
});

it("says what is missing where Dawn finds no GPU", async () => {
  const { code, stderr } = await runModule("bench/run.ts", ["--quick", "--device", "node", "--suite", "depth", "--out", folder], {
    env: { VK_DRIVER_FILES: join(folder, "none.json") },
  });
  expect(stderr).toMatch(/no GPU adapter: Dawn found no Vulkan device.*VK_DRIVER_FILES/);
  expect(code).toBe(1);
});
