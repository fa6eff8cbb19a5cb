/** Wrong experiment files: one for each constraint of the schema, and those whose keys do not go together. Each is refused by path and remedy. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { fathom } from "../../src/cli/commands.ts";
import { parseExperiment } from "../../src/experiment/index.ts";
import { encodeSafetensors } from "../../src/io/index.ts";
import { minimal } from "../support/minimalExperiment.ts";
import { smallestExperiment, wrongExperiments } from "../support/wrongExperiments.ts";

const folder = mkdtempSync(join(tmpdir(), "fathom-faults-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

function faultsOf(json: unknown): readonly string[] {
  try {
    parseExperiment(json);
  } catch (error) {
    expect(error).toMatchObject({ name: "FathomError", code: "experiment" });
    return (error as { details: { faults: string[] } }).details.faults;
  }
  return [];
}

const wrong = wrongExperiments();

describe("one file for each constraint of the schema", () => {
  it("begins from one that is right", () => {
    expect(faultsOf(smallestExperiment())).toEqual([]);
  });

  it("covers every kind of fault, many times", () => {
    expect(wrong.length).toBeGreaterThan(1500);
    for (const kind of ["type", "range", "value", "unknown key", "missing", "empty"])
      expect(wrong.filter((one) => one.kind === kind).length, kind).toBeGreaterThan(kind === "empty" ? 5 : 50);
  });

  it("is refused by the key's path, and with what is allowed there", () => {
    const bad: string[] = [];
    for (const { json, path, allowed, kind } of wrong) {
      const faults = faultsOf(json);
      const named = faults.find((fault) => fault.startsWith(`${path} `) || path === "");
      if (!named || !allowed.every((part) => named.includes(part)))
        bad.push(`${kind} at ${path}: ${JSON.stringify(faults)} for ${JSON.stringify(allowed)}`);
    }
    expect(bad.slice(0, 10), `${bad.length} of ${wrong.length}`).toEqual([]);
  });
});

/** Every so many of them, so that all kinds come. */
const few = wrong.filter((_, index) => index % Math.floor(wrong.length / 60) === 0);

async function command(args: readonly string[]): Promise<{ code: number; text: string }> {
  let text = "";
  vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  // The page is what a browser would be started with.
  const code = await fathom(args, () => Promise.reject(new Error("a page was asked for")));
  return { code, text };
}

function fileOf(name: string, json: unknown): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(json));
  return path;
}

describe("the commands", () => {
  it("end with 2 and start nothing, for each file alone and for all together", async () => {
    const paths = few.map(({ json }, index) => fileOf(`wrong-${index}`, json));
    const all = await command(["check", ...paths]);
    expect(all.code).toBe(2);
    for (const [index, { path }] of few.entries()) expect(all.text).toContain(`${paths[index]}: ${path}${path === "" ? "" : " "}`);
    for (const path of paths.slice(0, 20)) {
      const { code, text } = await command(["train", path, "--out", join(folder, "out")]);
      expect([code, text.startsWith(`fathom: ${path}: `)]).toEqual([2, true]);
    }
    expect((await command(["compare", fileOf("right", minimal), paths[0]!, "--out", join(folder, "out")])).code).toBe(2);
  });
});

const then = (then: object) => ({ type: "warmUp", steps: 2, then });
const linear = { type: "linear", units: 8 };
const auxiliary = { type: "auxiliary", name: "a", body: [{ type: "linear", units: 10 }] };

describe("keys that do not go together", () => {
  it.each<[object, string]>([
    [{ optimizer: { type: "sgd", nesterov: true } }, "optimizer.nesterov is true, with momentum 0 and dampening 0; use a momentum above 0"],
    [
      { optimizer: { type: "sgd", nesterov: true, momentum: 0.9, dampening: 0.1 } },
      "optimizer.nesterov is true, with momentum 0.9 and dampening 0.1",
    ],
    [
      { dataset: { type: "idx", trainImages: "a", trainLabels: "b", testLabels: "c" } },
      "dataset.testImages is missing where testLabels is given; use both or neither",
    ],
    [
      { schedule: { type: "piecewise", boundaries: [3, 5], values: [1, 2] } },
      "schedule.values are 2; use 3, one more than there are boundaries",
    ],
    [
      { schedule: { type: "piecewise", boundaries: [3, 3], values: [1, 2, 3] } },
      "schedule.boundaries[1] is 3; use a whole number from 4: they rise",
    ],
    [
      { schedule: then({ type: "multiStep", initial: 1, milestones: [5, 2] }) },
      "schedule.then.milestones[1] is 2; use a whole number from 6",
    ],
    [
      {
        schedule: {
          type: "join",
          segments: [{ until: 3, schedule: { type: "plateau", initial: 1 } }, { schedule: then({ type: "plateau", initial: 1 }) }],
        },
      },
      'schedule.segments[0].schedule.type is "plateau" within a join; use it alone, or as "then" of a warmUp; schedule.segments[1].schedule.then.type',
    ],
    [
      { schedule: { type: "join", segments: [{ schedule: minimal.schedule }, { until: 3, schedule: minimal.schedule }] } },
      "schedule.segments[0].until is missing; use a whole number from 1: only the last segment has none; schedule.segments[1].until is 3; leave it out",
    ],
    [
      {
        schedule: {
          type: "join",
          segments: [{ until: 3, schedule: minimal.schedule }, { until: 3, schedule: minimal.schedule }, { schedule: minimal.schedule }],
        },
      },
      "schedule.segments[1].until is 3; use a whole number from 4, above that of the segment before",
    ],
    [{ schedule: then({ ...minimal.schedule, unit: "epoch" }) }, "schedule.then.unit is not a key here; use type, initial"],
    [
      { model: [auxiliary, { type: "repeat", times: 1, body: [auxiliary] }, ...minimal.model] },
      'model[1].body[0].name is "a", as that of model[0]; use a name of its own',
    ],
    [
      { model: [{ type: "repeat", times: 3, body: [auxiliary] }, ...minimal.model] },
      "model[0].body[0].name would come up 3 times; put the auxiliary outside",
    ],
    [
      { model: [{ ...linear, units: 10, init: { type: "uniform", low: 2 } }] },
      "model[0].init.high is 1; use a number from 2, which is its low",
    ],
    [
      { batchSize: 1, model: [{ type: "concat", branches: [[], ["batchNorm"]] }] },
      "batchSize is 1; use a whole number from 2: model[0].branches[1][0] is a batchNorm",
    ],
  ])("%#", (change, message) => {
    expect(faultsOf({ ...minimal, ...change }).join("; ")).toContain(message);
  });

  it("are found by the command where layers, loss and data do not fit", async () => {
    const y = { dtype: "F32" as const, shape: [3, 2], data: new Float32Array(6) };
    writeFileSync(join(folder, "d.safetensors"), encodeSafetensors({ x: { dtype: "F32", shape: [3, 5], data: new Float32Array(15) }, y }));
    const data = { type: "safetensors", file: "d.safetensors" };
    const cases: [object, string][] = [
      [{ model: [linear] }, "the data set has the class 9, and the model gives 8 outputs; its last layer needs at least 10"],
      [{ loss: "meanSquaredError" }, "the loss meanSquaredError takes float targets, and the data set has classes"],
      [{ dataset: data }, "the loss softmaxCrossEntropy takes classes (whole numbers), and the data set has float targets"],
      [{ dataset: data, loss: "meanSquaredError" }, "the model gives f32[64,10] where the targets are [64,2]"],
      [
        {
          model: [
            linear,
            {
              type: "repeat",
              times: 2,
              body: [
                { type: "concat", branches: [[], [{ type: "residual", projection: false, body: [linear, { type: "linear", units: 9 }] }]] },
              ],
            },
            ...minimal.model,
          ],
        },
        "model[1].body[0].branches[1][0]: ",
      ],
      [
        { groups: [{ parameters: "9.*" }] },
        'no parameter is in groups[0], "9.*", that is not in an earlier one; there are 0.weight (weight)',
      ],
      [{ groups: [{ parameters: "*", learningRateFactor: 0 }] }, "the groups freeze every parameter"],
      [{ initialization: "fixup" }, "initialization is init.fixup(), and the model has no residual block"],
      [
        { model: [{ ...auxiliary, body: [linear] }, ...minimal.model] },
        'the data set has the class 9, and the auxiliary head "a" gives 8 outputs',
      ],
      [{ dataset: { type: "gaussian", classes: 3, dimensions: 3 }, model: ["tanh"] }, "has no parameters, so there is nothing to train"],
    ];
    for (const [index, [change, message]] of cases.entries()) {
      const path = fileOf(`unfit-${index}`, { ...minimal, ...change });
      const { code, text } = await command(["check", path]);
      expect(text).toContain(`${path}: `);
      expect(text).toContain(message);
      expect(code).toBe(2);
    }
  });
});
