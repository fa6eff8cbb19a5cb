/**
 * Records the lab's stories, as a headless browser trains them, for visitors whose browser has no WebGPU: `node scripts/run.mjs scripts/recordRuns.ts`,
 * with names of stories behind it for those alone. Writes demo/recorded/STORY.json.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { lighter } from "../demo/lighter.ts";
import { packBytes, packRows, type RecordedStage } from "../demo/recording.ts";
import { STORIES, type Stage } from "../demo/stories.ts";
import { heardOf, hearWorker } from "../test/support/heardWorker.ts";
import { LabPage, labSite } from "../test/support/labPage.ts";

const FOLDER = resolve(import.meta.dirname, "../demo/recorded");
const MOST_ROWS = 50;
const MOST_SEEN = 12;
const MOST_MINUTES = 15;

export async function main(wanted: readonly string[]): Promise<void> {
  const site = await labSite();
  const lab = await LabPage.blank(site);
  await hearWorker(lab.page);
  await lab.page.goto(site.address);
  await lab.reachPhase("idle");
  mkdirSync(FOLDER, { recursive: true });
  for (const { id, stages } of STORIES) {
    if (wanted.length > 0 && !wanted.includes(id)) continue;
    await lab.page.select("#story", id);
    const recorded: RecordedStage[] = [];
    for (const [index, stage] of stages.entries()) recorded.push(await record(lab, stage, index));
    const adapter = /Runs on ([^,.]+)/.exec(await lab.text("#adapter"))![1]!;
    const date = new Date().toISOString().slice(0, 10);
    writeFileSync(resolve(FOLDER, `${id}.json`), `${JSON.stringify({ story: id, adapter, date, stages: recorded })}\n`);
  }
  await site.close();
}

async function record(lab: LabPage, { label, choices }: Stage, index: number): Promise<RecordedStage> {
  const began = Date.now();
  await lab.press(`#stages li:nth-child(${index + 1}) button`);
  await lab.until(
    `the end of ${label}`,
    async () => ["done", "failed"].includes((await lab.phase()) ?? "") && (await heardOf(lab.page)).end !== null,
    MOST_MINUTES * 60_000,
  );
  const { rows, weights, steps, classes, parameters, dispatches, evaluations, verdicts, plane } = await heardOf(lab.page);
  const kept = evenly(rows, MOST_ROWS).map((row) => row.map((value) => value ?? Number.NaN));
  const milliseconds = Date.now() - began;
  console.log(`${label}: ${steps} of ${lighter(choices).steps} steps in ${(milliseconds / 1000).toFixed(0)} s`);
  return {
    label,
    steps,
    classes: classes ?? 0,
    parameters,
    dispatches,
    milliseconds,
    weights,
    rowSteps: kept.map((row) => row[0]!),
    rows: packRows(kept),
    evaluations: evenly(evaluations, MOST_SEEN).map((seen) => JSON.parse(JSON.stringify(seen, short))),
    verdicts: verdicts.filter(({ text }, at) => text !== verdicts[at - 1]?.text),
    plane: plane ? packBytes(plane) : null,
  };
}

/** At most so many, the first and the last among them. */
function evenly<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, index) => all[Math.round((index * (all.length - 1)) / (most - 1))]!);
}

function short(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
