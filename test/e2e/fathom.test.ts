/** The fathom command: an experiment file in, metrics, weights and a summary out; and what it says of wrong ones. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Finished, runModule, runProgram } from "../support/childProcess.ts";
import { compareFinal, compareTrace } from "../support/compareTrace.ts";
import { loadOracleCase } from "../support/oracleFixture.ts";
import { caseFolder } from "../support/oraclePython.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";

const folder = mkdtempSync(join(tmpdir(), "fathom-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fathom = (...args: string[]): Promise<Finished> => runModule("scripts/fathom.ts", args);

const small = {
  format: "fathom-experiment/1",
  name: "small",
  seed: 5,
  dataset: { type: "digits" },
  batchSize: 16,
  steps: 6,
  model: [{ type: "linear", units: 8, init: "heNormal" }, "relu", { type: "linear", units: 10 }],
  loss: "softmaxCrossEntropy",
  optimizer: "sgd",
  schedule: { type: "constant", initial: 0.1 },
  monitor: { every: 4 },
};

function experimentFile(name: string, change: object = {}): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify({ ...small, ...change }));
  return path;
}

describe("fathom train", () => {
  it("trains from given weights and data as PyTorch does, and saves what PyTorch would", async () => {
    const oracleCase = await loadOracleCase("count-3");
    const cases = caseFolder("count-3");
    const out = join(folder, "count-3");
    const { code, stderr, stdout } = await fathom(
      "train",
      `${cases}experiment.json`,
      "--weights",
      `${cases}weights.safetensors`,
      "--out",
      out,
      "--quiet",
    );
    expect([code, stderr, stdout]).toEqual([0, "", ""]);
    const metrics = readFileSync(join(out, "metrics.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(compareTrace(metrics, oracleCase.trace)).toEqual([]);
    expect(compareFinal(readSafetensors(new Uint8Array(readFileSync(join(out, "weights.safetensors")))), oracleCase)).toEqual([]);
    const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8"));
    // This data set has no test part.
    expect(summary).toMatchObject({ testLoss: null, testAccuracy: null, trainLoss: expect.closeTo(oracleCase.trace.evaluation.loss, 3) });
  });

  it("reports the monitored steps and always the last; --steps overrides the file", async () => {
    const out = join(folder, "monitored");
    const { code } = await fathom("train", experimentFile("monitored"), "--steps", "7", "--out", out);
    expect(code).toBe(0);
    const steps = readFileSync(join(out, "metrics.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).step);
    expect(steps).toEqual([0, 4, 6]);
    const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8"));
    expect(summary).toMatchObject({ name: "monitored", title: "small", steps: 7, experiment: { steps: 7 } });
  });

  it("stops with code 1 where a number is not finite, names step and layer, and writes what it has", async () => {
    const out = join(folder, "explodes");
    const file = experimentFile("explodes", { schedule: { type: "constant", initial: 1e30 }, monitor: { every: 1 } });
    const { code, stdout } = await fathom("train", file, "--out", out);
    expect(code).toBe(1);
    expect(stdout).toMatch(/training stopped at step \d+: .*not finite/);
    const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8"));
    expect(summary).toMatchObject({
      verdict: { kind: "nonFinite" },
      stopped: { code: "non-finite", step: expect.any(Number) },
      trainAccuracy: null,
    });
    const lines = readFileSync(join(out, "metrics.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.at(-1).step).toBe(summary.stopped.step);
    expect(JSON.stringify(lines.at(-1))).toMatch(/"(NaN|Infinity)"/);
    expect(existsSync(join(out, "weights.safetensors"))).toBe(true);
  });

  it("refuses weights of another net by name", async () => {
    const { code, stderr } = await fathom(
      "train",
      experimentFile("other"),
      "--weights",
      `${caseFolder("count-3")}weights.safetensors`,
      "--out",
      join(folder, "other"),
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/0\.weight/);
  });

  it.each([
    [["train"], /name one experiment file/],
    [["train", "nowhere.json", "--out", "x"], /nowhere\.json: cannot be read/],
    [["train", "package.json"], /say where the files go: --out DIR/],
    [["dance"], /there is no command "dance"; use train, check, compare, init/],
  ])("ends with code 2 for %j", async (args, message) => {
    const { code, stderr } = await fathom(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe("fathom check", () => {
  it("passes the oracle's files, from a clone by npx too, and names what is wrong in others by its path", async () => {
    const good = await runProgram("npx", ["fathom", "check", `${caseFolder("deep-tanh")}experiment.json`]);
    expect([good.code, good.stderr]).toEqual([0, ""]);
    const wrong = experimentFile("wrong", { model: [{ type: "linear", units: -3 }] });
    const lost = experimentFile("lost", { dataset: { type: "safetensors", file: "gone.safetensors", order: "sequential" } });
    const { code, stderr } = await fathom("check", wrong, lost);
    expect(code).toBe(2);
    expect(stderr).toMatch(/wrong\.json: model\[0\]\.units/);
    expect(stderr).toMatch(/the data set names "gone\.safetensors", and there is no file/);
  });
});

describe("fathom compare", () => {
  it("trains several files and writes one report", async () => {
    const out = join(folder, "compared");
    const { code, stdout } = await fathom(
      "compare",
      experimentFile("one"),
      experimentFile("two", { name: "with <markup>", clip: { type: "globalNorm", max: 1 } }),
      "--out",
      out,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^small .*plain$/m);
    expect(existsSync(join(out, "one", "weights.safetensors")) && existsSync(join(out, "two", "summary.json"))).toBe(true);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("with &lt;markup&gt;");
  });
});
