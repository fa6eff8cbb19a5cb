/** The benchmark at its smallest, in a browser and on Dawn in Node: what it writes is what its schema says. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { afterAll, expect, it } from "vitest";
import { type BenchResult, resultSchema } from "../../bench/schema.ts";
import { findBrowser } from "../../src/cli/findBrowser.ts";
import { REPOSITORY, type RunOptions, runModule, runProgram } from "../support/childProcess.ts";

const folder = mkdtempSync(join(tmpdir(), "fathom-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

const OWN_SUITES = ["remedies", "benefits", "kernels", "depth"];
const suites = (names: readonly string[]): string[] => names.flatMap((name) => ["--suite", name]);

const document = (): BenchResult => v.parse(resultSchema, JSON.parse(readFileSync(join(folder, "bench.json"), "utf8")));

function written(): BenchResult {
  const result = document();
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
  expect(stdout).toMatch(/Dawn of npm's webgpu \d+\.\d+/);
  expect(code).toBe(0);
  expect(written().environment).toMatchObject({ runtime: "node", adapterClass: "software" });
});

it("keeps what was measured where Ctrl-C ends it, but under no name; and refuses to add to another machine's before it measures", async () => {
  // In a folder of its own, so that bench/results stays as it is.
  const bench = (args: readonly string[], options: RunOptions = {}) =>
    runProgram(process.execPath, [join(REPOSITORY, "scripts/run.mjs"), "bench/run.ts", ...args], { ...options, cwd: folder });
  const args = ["--quick", "--rounds", "60", "--suite", "depth", "--out", folder, "--save", "a"];
  const saved = join(folder, "bench/results/a.json");
  let isAsked = false;
  const { code, stdout, stderr } = await bench(args, {
    onOutput: (text, kill) => {
      if (isAsked || !text.includes("depth: 6 layers: round 1 of 60")) return;
      isAsked = true;
      kill("SIGINT");
    },
  });
  expect(code).toBe(130);
  expect(stderr).toMatch(/interrupted, keeping what was measured.*\n.*a\.json is left as it was, because the run did not reach its end/);
  expect(stdout).not.toContain("depth: 6 layers: round 60 of 60");
  const { environment, suites: found, ...rest } = document();
  expect(found[0]!.left).toEqual(["the rest: stopped"]);
  expect(found[0]!.entries.map(({ id }) => id)).toEqual(["depth-2-never", "depth-2-always"]);
  // The version, though the run did not reach its end.
  expect(environment.browser).toMatch(/\/\d+\./);
  expect(existsSync(saved)).toBe(false);

  mkdirSync(dirname(saved), { recursive: true });
  writeFileSync(saved, JSON.stringify({ ...rest, suites: found, environment: { ...environment, adapter: "a card" } }));
  const refused = await bench([...args, "--join"]);
  expect(refused.stderr).toMatch(/--join: the document is of another run: adapter was a card, and is [^;]*\. Save/);
  expect(refused.stdout).toBe("");
  expect(refused.code).toBe(2);
});

it("says what is missing where Dawn finds no GPU", async () => {
  const { code, stderr } = await runModule("bench/run.ts", ["--quick", "--device", "node", "--suite", "depth", "--out", folder], {
    env: { VK_DRIVER_FILES: join(folder, "none.json") },
  });
  expect(stderr).toMatch(/no GPU adapter: Dawn found no Vulkan device.*VK_DRIVER_FILES/);
  expect(code).toBe(1);
});
