/** The oracle itself: its fixtures are what its sources make, and PyTorch takes their weights strictly. Skipped where there is no PyTorch. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runModule } from "../support/childProcess.ts";
import { loadOracleCase } from "../support/oracleFixture.ts";
import { caseFolder, oracleMissing, pytorchOutputs, runOracle } from "../support/oraclePython.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";

const missing = oracleMissing();
if (missing !== undefined) console.warn(`oracle: regenerating is skipped, comparing is not. ${missing}`);

const head = { type: "auxiliary", name: "a", body: [{ type: "linear", units: 3 }] };
const folder = mkdtempSync(join(tmpdir(), "fathom-oracle-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(missing !== undefined)("oracle", () => {
  it("makes the committed fixtures", () => {
    const { code, stdout, stderr } = runOracle("generate.py", "--check");
    expect(`${stdout}${stderr}`).toContain("the committed fixtures are what these sources make");
    expect(code).toBe(0);
  });

  it("loads the weights of a case strictly; the loss of its outputs is the one in the trace", async () => {
    const { trace, data } = await loadOracleCase("batch-norm-sgd");
    const outputs = pytorchOutputs(
      `${caseFolder("batch-norm-sgd")}experiment.json`,
      `${caseFolder("batch-norm-sgd")}final.safetensors`,
      data.x.shape[0],
    );
    // Binary cross-entropy with logits, the mean over all elements: log(1 + exp(z)) − y·z.
    const terms = outputs.flat().map((z, index) => Math.log1p(Math.exp(z)) - data.y.data[index]! * z);
    const loss = terms.reduce((sum, term) => sum + term, 0) / terms.length;
    expect(loss / trace.evaluation.loss).toBeCloseTo(1, 6);
  });

  it("hands a state to Fathom and takes it back, of a net of every kind of layer", async () => {
    const { experimentText, data } = await loadOracleCase("every-layer");
    const file = join(folder, "every-layer.json");
    const dataset = { type: "safetensors", file: `${caseFolder("every-layer")}data.safetensors`, order: "sequential" };
    // At a rate of 0 only running statistics move.
    const changes = { seed: 5, dataset, steps: 3, schedule: { type: "constant", initial: 0 } };
    writeFileSync(file, JSON.stringify({ ...JSON.parse(experimentText), ...changes }));
    const start = join(folder, "start.safetensors");
    expect(runOracle("oracle.py", file, "--seed-weights", start).code).toBe(0);
    const out = join(folder, "every-layer");
    const { code, stderr } = await runModule("scripts/fathom.ts", ["train", file, "--weights", start, "--out", out, "--quiet"]);
    expect([code, stderr]).toEqual([0, ""]);

    const [before, after] = [start, join(out, "weights.safetensors")].map((path) => readSafetensors(new Uint8Array(readFileSync(path))));
    expect([...after!.keys()].sort()).toEqual([...before!.keys()].sort());
    for (const [name, tensor] of after!)
      if (/running|batches/.test(name)) expect(tensor, name).not.toEqual(before!.get(name));
      else expect(tensor, name).toEqual(before!.get(name));

    const outputs = pytorchOutputs(file, join(out, "weights.safetensors"), data.x.shape[0]).flat();
    const loss = outputs.reduce((sum, value, index) => sum + (value - data.y.data[index]!) ** 2, 0) / outputs.length;
    const { trainLoss } = JSON.parse(readFileSync(join(out, "summary.json"), "utf8")) as { trainLoss: number };
    expect(trainLoss / loss).toBeCloseTo(1, 5);
  });

  it("refuses weights that lack a tensor, by its name", () => {
    const bytes = readFileSync(`${caseFolder("batch-norm-sgd")}weights.safetensors`);
    // Renames a tensor without moving a byte.
    const renamed = Buffer.from(bytes.toString("latin1").replace('"3.bias"', '"3.bios"'), "latin1");
    const file = join(folder, "renamed.safetensors");
    writeFileSync(file, renamed);
    const { code, stderr } = runOracle("check_weights.py", `${caseFolder("batch-norm-sgd")}experiment.json`, file);
    expect(code).toBe(1);
    expect(stderr).toContain('Missing key(s) in state_dict: "3.bias"');
    expect(stderr).toContain('Unexpected key(s) in state_dict: "3.bios"');
  });

  it.each([
    ["an unknown layer", { model: [{ type: "lineer", units: 3 }] }, "layer: unknown type 'lineer'; known are linear, sigmoid"],
    ["an unknown key", { model: [{ type: "linear", unit: 3 }] }, "layer linear: unknown key 'unit'; known are units, bias"],
    ["an auxiliary head's name twice", { model: [head, head, { type: "linear", units: 3 }] }, "the names ['a', 'a'] are not unique"],
    ["a group without parameters", { groups: [{ parameters: "9.*" }] }, "no parameter is in 9.*; there are 0.weight"],
    ["a missing key", { loss: undefined }, "missing keys ['loss']"],
  ])("refuses %s", (_, change, message) => {
    const spec = JSON.parse(readFileSync(`${caseFolder("branches")}experiment.json`, "utf8")) as object;
    const dataset = { type: "safetensors", file: `${caseFolder("branches")}data.safetensors`, order: "sequential" };
    const file = join(folder, "wrong.json");
    writeFileSync(file, JSON.stringify({ ...spec, dataset, ...change }));
    const { code, stderr } = runOracle("oracle.py", file, "--weights", `${caseFolder("branches")}weights.safetensors`, "--out", folder);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
