/** Checkpoints on the disk without a browser: what is whole, what is refused, and how long a stretch between two is. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clearCheckpoints, identityOf, resumeFrom, saveCheckpoint } from "../../src/cli/checkpoints.ts";
import { MetricsFile } from "../../src/cli/metricsFile.ts";
import { Stretches } from "../../src/cli/page/stretches.ts";
import { parseExperiment } from "../../src/experiment/index.ts";
import type { Report } from "../../src/train/report.ts";
import { smallestExperiment } from "../support/wrongExperiments.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fathom-checkpoints-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const experiment = parseExperiment(smallestExperiment());
const identity = () => {
  writeFileSync(at("data"), "rows");
  return identityOf(experiment, { data: at("data") });
};
const report = (step: number, loss = step): Report => ({
  step,
  loss,
  regularization: 0,
  learningRate: 1,
  gradientNorm: 1,
  clipScale: 1,
  layers: [{ name: "0.weight", role: "weight", gradientNorm: 1 }],
  appliedStep: step,
  skipped: false,
});
const state = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a checkpoint", () => {
  it("takes the place of the one before, and leaves no other file", async () => {
    const id = await identity();
    await saveCheckpoint(folder, id, { step: 3, state: state("three"), metricsBytes: 0, trainingMilliseconds: 5 });
    await saveCheckpoint(folder, id, { step: 7, state: state("seven"), metricsBytes: 0, trainingMilliseconds: 9 });
    expect(readdirSync(folder).sort()).toEqual(["checkpoint-7.safetensors", "checkpoint.json", "data"]);
    writeFileSync(at("metrics.jsonl"), "");
    const resumed = await resumeFrom(folder, id, 10);
    expect(resumed).toMatchObject({ step: 7, trainingMilliseconds: 9, metrics: { lines: [] } });
    expect(readFileSync(resumed.statePath, "utf8")).toBe("seven");
    await clearCheckpoints(folder);
    expect(readdirSync(folder).sort()).toEqual(["data", "metrics.jsonl"]);
  });

  it("is whole while the next is written: what a kill would leave", async () => {
    const id = await identity();
    writeFileSync(at("metrics.jsonl"), "");
    await saveCheckpoint(folder, id, { step: 3, state: state("three"), metricsBytes: 0, trainingMilliseconds: 5 });
    // Half of the next state; then all of it, and half of its manifest.
    for (const [name, content] of [
      ["checkpoint-7.safetensors.tmp", "sev"],
      ["checkpoint-7.safetensors", "seven"],
      ["checkpoint.json.tmp", "{"],
    ] as const) {
      writeFileSync(at(name), content);
      const { step, statePath } = await resumeFrom(folder, id, 10);
      expect([step, readFileSync(statePath, "utf8")]).toEqual([3, "three"]);
    }
    await saveCheckpoint(folder, id, { step: 9, state: state("nine"), metricsBytes: 0, trainingMilliseconds: 5 });
    expect(readdirSync(folder).sort()).toEqual(["checkpoint-9.safetensors", "checkpoint.json", "data", "metrics.jsonl"]);
  });

  it("says what the run is called and how far it goes, and needs no hash: the lab's have none", async () => {
    const id = await identityOf({ ...experiment, name: "mine", steps: 12 }, {});
    await saveCheckpoint(folder, id, { step: 3, state: state("three"), metricsBytes: 0, trainingMilliseconds: 5 });
    writeFileSync(at("metrics.jsonl"), "");
    const { experimentHash, ...manifest } = JSON.parse(readFileSync(at("checkpoint.json"), "utf8"));
    expect([manifest.name, manifest.steps, typeof experimentHash]).toEqual(["mine", 12, "string"]);
    // Name and steps may change.
    const renamed = await identityOf({ ...experiment, steps: 20 }, {});
    expect(await resumeFrom(folder, renamed, 20)).toMatchObject({ step: 3 });
    writeFileSync(at("checkpoint.json"), JSON.stringify(manifest));
    expect(await resumeFrom(folder, renamed, 20)).toMatchObject({ step: 3 });
    const other = await identityOf({ ...experiment, batchSize: 99 }, {});
    await expect(resumeFrom(folder, other, 20)).rejects.toThrow(/batchSize was \d+ and is 99/);
  });

  it("is refused for another experiment, other data, and where it is damaged", async () => {
    const id = await identity();
    await saveCheckpoint(folder, id, { step: 3, state: state("three"), metricsBytes: 4, trainingMilliseconds: 5 });
    await expect(resumeFrom(folder, id, 10)).rejects.toThrow(/metrics\.jsonl: cannot be read/);
    writeFileSync(at("metrics.jsonl"), "{}\n");
    await expect(resumeFrom(folder, id, 10)).rejects.toThrow(/has 3 bytes, and the checkpoint beside it was made when it had 4/);
    await expect(resumeFrom(folder, id, 2)).rejects.toThrow(/is at step 3, and 2 are asked for/);
    const other = { ...experiment, batchSize: 99, model: [...experiment.model, { type: "relu" } as const] };
    await expect(identityOf(other, { data: at("data") }).then((changed) => resumeFrom(folder, changed, 10))).rejects.toThrow(
      /batchSize was \d+ and is 99; model\[1\] was not there and is \{"type":"relu"\}\. Only "steps" and "name" may change/,
    );
    writeFileSync(at("data"), "rowz");
    await expect(identityOf(experiment, { data: at("data") }).then((changed) => resumeFrom(folder, changed, 10))).rejects.toThrow(
      /another experiment: the content of data\./,
    );
    for (const [manifest, message] of [
      ["{", /checkpoint\.json: is not JSON/],
      ["null", /its format is undefined/],
      ['{"format":"fathom-run-checkpoint/1"}', /lacks step, file/],
    ] as const) {
      writeFileSync(at("checkpoint.json"), manifest);
      await expect(resumeFrom(folder, id, 10)).rejects.toMatchObject({ code: "file-format", message: expect.stringMatching(message) });
    }
  });

  it("does not depend on name and steps", async () => {
    const id = await identity();
    writeFileSync(at("metrics.jsonl"), "");
    await saveCheckpoint(folder, id, { step: 3, state: state("three"), metricsBytes: 0, trainingMilliseconds: 5 });
    const renamed = await identityOf({ ...experiment, name: "other", steps: 77 }, { data: at("data") });
    expect((await resumeFrom(folder, renamed, 77)).step).toBe(3);
  });
});

describe("metrics", () => {
  it("are on the disk at once; the last step's line is not kept for a longer run", () => {
    const file = new MetricsFile(folder, 4, null);
    file.append([report(0), report(4)]);
    const kept = readFileSync(at("metrics.jsonl")).length;
    file.append([report(6, Number.NaN)]);
    expect(file.kept).toBe(kept);
    expect(
      readFileSync(at("metrics.jsonl"), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).loss),
    ).toEqual([0, 4, "NaN"]);
    file.close();
  });

  it("are cut back to the checkpoint in their own folder, and copied to another", async () => {
    const id = await identity();
    const first = new MetricsFile(folder, 2, null);
    first.append([report(0), report(2, Infinity)]);
    await saveCheckpoint(folder, id, { step: 4, state: state("x"), metricsBytes: first.kept, trainingMilliseconds: 5 });
    first.append([report(4), report(5)]);
    first.close();
    const { metrics } = await resumeFrom(folder, id, 10);
    expect(metrics.lines.map(({ step, loss }) => [step, loss])).toEqual([
      [0, 0],
      [2, Infinity],
    ]);
    const elsewhere = mkdtempSync(join(tmpdir(), "fathom-checkpoints-"));
    for (const one of [elsewhere, folder]) {
      const file = new MetricsFile(one, 2, metrics);
      file.append([report(4)]);
      file.close();
      const lines = readFileSync(join(one, "metrics.jsonl"), "utf8").trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line).step)).toEqual([0, 2, 4]);
    }
    rmSync(elsewhere, { recursive: true });
    expect(existsSync(at("checkpoint.json"))).toBe(true);
  });
});

describe("stretches", () => {
  it("are as long as was asked for", () => {
    const fixed = new Stretches(100);
    fixed.took(100, 1);
    expect(fixed.next).toBe(100);
  });

  it("take about ten seconds otherwise, and grow by a factor at most", () => {
    const auto = new Stretches("auto");
    const seen = [auto.next];
    for (let round = 0; round < 5; round++) {
      auto.took(auto.next, auto.next * 2);
      seen.push(auto.next);
    }
    expect(seen).toEqual([8, 64, 512, 4096, 5000, 5000]);
    auto.took(5000, 1e6);
    expect(auto.next).toBe(50);
    auto.took(50, 1e9);
    expect(auto.next).toBe(1);
  });
});
