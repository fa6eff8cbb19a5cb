/** Runs that go on elsewhere: what the command line saved goes on in the lab, and what the lab saved on the command line, bit for bit. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { unzip } from "../../demo/zip.ts";
import { buildPage } from "../../scripts/buildPage.ts";
import { fathom } from "../../src/cli/commands.ts";
import { fromJson } from "../../src/cli/wire.ts";
import type { Report } from "../../src/index.ts";
import { heardOf, hearWorker } from "../support/heardWorker.ts";
import { LabPage, type LabSite, labSite } from "../support/labPage.ts";

const STEPS = 12;
const HALF = 5;
/** Everything that has a state: order of the data, dropout, moments, running statistics. */
const EXPERIMENT = {
  format: "fathom-experiment/1",
  name: "handed over",
  seed: 5,
  dataset: { type: "csv", file: "mine.csv" },
  batchSize: 16,
  steps: STEPS,
  model: [{ type: "linear", units: 8 }, "batchNorm", "tanh", { type: "dropout", rate: 0.2 }, { type: "linear", units: 2 }],
  loss: "softmaxCrossEntropy",
  optimizer: "adam",
  schedule: { type: "constant", initial: 0.01 },
};
const TABLE = Array.from({ length: 90 }, (_, row) => `${Math.sin(row)},${Math.cos(3 * row)},${row % 3 === 0 ? "a" : "b"}`).join("\n");

let site: LabSite;
let command: (...args: string[]) => Promise<string>;
const folder = mkdtempSync(join(tmpdir(), "fathom-runs-"));
const at = (...names: string[]): string => join(folder, ...names);
const FILE = at("experiment.json");
type Files = [name: string, content: Uint8Array][];
const filesOf = (name: string): Files => readdirSync(at(name)).map((file) => [file, readFileSync(at(name, file))]);

beforeAll(async () => {
  site = await labSite();
  const page = await buildPage("src/cli/page");
  command = async (...args) => {
    let said = "";
    const [error, log] = [vi.spyOn(process.stderr, "write"), vi.spyOn(console, "log").mockImplementation(() => undefined)];
    error.mockImplementation((text) => {
      said += String(text);
      return true;
    });
    const code = await fathom(args, async () => page).finally(() => {
      error.mockRestore();
      log.mockRestore();
    });
    expect([code, said], args.join(" ")).toEqual([0, ""]);
    return said;
  };
  writeFileSync(FILE, JSON.stringify(EXPERIMENT));
  writeFileSync(at("mine.csv"), `x,y,kind\n${TABLE}\n`);
  await command("train", FILE, "--steps", String(HALF), "--out", at("half"), "--quiet");
  await command("train", FILE, "--resume", at("half"), "--out", at("whole"), "--quiet");
});
afterAll(async () => {
  await site?.close();
  rmSync(folder, { recursive: true });
});

const weights = (name: string): Buffer => readFileSync(at(name, "weights.safetensors"));
const reports = (name: string): Report[] =>
  readFileSync(at(name, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => fromJson(line) as Report);
/** A report as the page has it. */
const rowOf = ({ step, loss, learningRate, gradientNorm, clipScale, layers }: Report, names: readonly string[]): number[] => [
  step,
  loss,
  learningRate,
  gradientNorm,
  clipScale,
  ...names.map((name) => layers.find((layer) => layer.name === name)!.gradientNorm),
];

async function open(...files: Files): Promise<LabPage> {
  const lab = await LabPage.blank(site);
  await hearWorker(lab.page);
  await lab.page.goto(site.address);
  await lab.reachPhase("idle");
  await lab.drop(...files);
  await lab.until("the files", async () => (await lab.text("#files-said")) !== "" && !/^Reading/.test(await lab.text("#files-said")));
  expect(await lab.text("#files-fault")).toBe("");
  return lab;
}

async function goOn(lab: LabPage): Promise<void> {
  await lab.until("its net", async () => !(await lab.page.$eval("#save-run", (button) => (button as HTMLButtonElement).disabled)));
  await lab.press("#play");
  await lab.reachPhase("done");
}

it("a run of the command line goes on in the lab, bit for bit, to the step that it was to reach", async () => {
  const metrics = readFileSync(at("half", "metrics.jsonl"));
  // As a run is left that was killed: on its way, with lines after its checkpoint, the last of them cut off.
  const manifest = JSON.parse(readFileSync(at("half", "checkpoint.json"), "utf8")) as { steps: number; name: string };
  expect([manifest.steps, manifest.name]).toEqual([HALF, "handed over"]);
  const left: Files = [
    ...filesOf("half").filter(([name]) => !/^(checkpoint\.json|metrics\.jsonl)$/.test(name)),
    ["checkpoint.json", Buffer.from(JSON.stringify({ ...manifest, steps: STEPS }))],
    ["metrics.jsonl", Buffer.concat([metrics, Buffer.from('{"step":5,"lo')])],
    ["mine.csv", readFileSync(at("mine.csv"))],
  ];
  const lab = await open(...left);
  expect(await lab.text("#files-said")).toBe(`checkpoint-${HALF}.safetensors: the run of checkpoint.json, after ${HALF} of ${STEPS} steps`);
  await goOn(lab);
  const { rows, weights: names } = await heardOf(lab.page);
  expect(rows).toEqual(
    reports("whole")
      .slice(HALF)
      .map((report) => rowOf(report, names)),
  );
  expect((await lab.taken("#save-weights")).bytes.equals(weights("whole"))).toBe(true);
  // What was trained on the command line is on the page's charts too.
  const lines = (await lab.taken("#csv")).bytes.toString().trimEnd().split("\n").slice(1);
  const losses = lines.map((line) => line.split(",")[2]!).filter((loss) => loss !== "");
  expect(losses.map((loss) => Math.fround(Number(loss)))).toEqual(reports("whole").map(({ loss }) => loss));
  expect(lab.complaints).toEqual([]);
  await lab.page.close();
});

it("a run at its end goes on as far again, or as far as an experiment beside it says", async () => {
  const data: Files[number] = ["mine.csv", readFileSync(at("mine.csv"))];
  for (const [files, steps] of [
    [[...filesOf("half"), data], 2 * HALF],
    [[...filesOf("half"), data, ["experiment.json", readFileSync(FILE)]], STEPS],
  ] as [Files, number][]) {
    const lab = await open(...files);
    expect(await lab.text("#files-said")).toContain(`after ${HALF} of ${steps} steps`);
    await lab.page.close();
  }
});

it("what the lab saves, the command line checks and goes on with, bit for bit; and so does the lab", async () => {
  const lab = await open(["experiment.json", readFileSync(FILE)]);
  // Its data are another file, which the schema does not know of.
  await lab.drop(["mine.csv", readFileSync(at("mine.csv"))]);
  await lab.until("the table", async () => /72 samples/.test(await lab.text("#files-said")));
  await lab.drop(["experiment.json", readFileSync(FILE)]);
  await lab.until("the experiment", async () => /experiment\.json is open/.test(await lab.text("#files-said")));
  for (let step = 1; step <= HALF; step++) {
    await lab.press("#step");
    await lab.reach(step);
  }
  const { type, bytes } = await lab.taken("#save-run");
  expect(type).toBe("application/zip");
  const json = (await lab.taken("#json")).bytes;
  const half = (await lab.taken("#save-weights")).bytes;
  await lab.press("#play");
  await lab.reachPhase("done");
  expect((await lab.taken("#save-weights")).bytes.equals(weights("whole"))).toBe(true);
  expect(lab.complaints).toEqual([]);
  await lab.page.close();

  mkdirSync(at("saved"));
  for (const file of await unzip(bytes, "run.zip", 1e7)) writeFileSync(at("saved", file.name), Buffer.from(await file.arrayBuffer()));
  expect(readdirSync(at("saved")).sort()).toEqual([
    "checkpoint-5.safetensors",
    "checkpoint.json",
    "experiment.json",
    "metrics.jsonl",
    "mine.csv",
  ]);
  await command("check", at("saved", "experiment.json"));
  cpSync(at("saved"), at("again"), { recursive: true });
  await command("train", at("again", "experiment.json"), "--resume", at("again"), "--quiet");
  expect(weights("again").equals(weights("whole"))).toBe(true);
  const [ours, theirs] = [reports("again"), reports("whole")];
  const names = ["0.weight", "4.weight"];
  expect(ours.map((report) => rowOf(report, names))).toEqual(theirs.map((report) => rowOf(report, names)));

  writeFileSync(at("exported.json"), json);
  writeFileSync(at("exported.safetensors"), half);
  await command("check", at("exported.json"));
  await command("train", at("exported.json"), "--weights", at("exported.safetensors"), "--steps", "1", "--out", at("one"), "--quiet");
  expect(reports("one")).toHaveLength(1);

  const zipped = await open(["run.zip", bytes]);
  await goOn(zipped);
  expect((await zipped.taken("#save-weights")).bytes.equals(weights("whole"))).toBe(true);
  expect(zipped.complaints).toEqual([]);
  await zipped.page.close();
});
