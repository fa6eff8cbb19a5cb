/** The benchmark at its smallest: what it writes is what its schema says. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, expect, it } from "vitest";
import { resultSchema } from "../../bench/schema.ts";
import { runModule } from "../support/childProcess.ts";

const folder = mkdtempSync(join(tmpdir(), "fathom-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("npm run bench -- --quick writes a valid result and a table", async () => {
  const { code, stdout } = await runModule("bench/run.ts", ["--quick", "--suite", "spine", "--out", folder]);
  expect(stdout).toContain("# Fathom benchmark");
  expect(code).toBe(0);
  const result = v.parse(resultSchema, JSON.parse(readFileSync(join(folder, "bench.json"), "utf8")));
  const entries = new Map(result.suites[0]!.entries.map((entry) => [entry.id, entry]));
  expect([...entries.keys()]).toEqual(["step-2", "step-4", "matmul-16"]);
  for (const { median, lowerQuartile, upperQuartile } of entries.values()) {
    expect(median).toBeGreaterThan(0);
    expect(lowerQuartile <= median && median <= upperQuartile).toBe(true);
  }
  expect(entries.get("step-4")!.facts["dispatches"]).toBeLessThanOrEqual(3 * 4 + 8);
  expect(readFileSync(join(folder, "bench.md"), "utf8")).toContain("| training step, 4 layers |");
});

it("names a suite that does not exist", async () => {
  const { code, stderr } = await runModule("bench/run.ts", ["--suite", "spin"]);
  expect(stderr).toMatch(/there is no suite "spin"; --suite takes remedies/);
  expect(code).toBe(2);
});
