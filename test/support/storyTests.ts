/**
 * The lab's stories, as the built page tells them: every stage at its own end, and what its first step makes of the gradient over five seeds, comes
 * to what PyTorch found in float64, which test/oracle/stories.json holds.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeLink } from "../../demo/link.ts";
import { REPOSITORY } from "./childProcess.ts";
import { endHeard, type Heard, heardOf, hearWorker } from "./heardWorker.ts";
import { LabPage, type LabSite, labSite } from "./labPage.ts";
import { experimentToProve, type ProvenStage, provenStages, type StoryBounds } from "./storyProof.ts";

const SEEDS = [1, 2, 3, 4, 5];
/** Whole runs of all seeds take a processor many minutes: each stage takes its turn with one, unless FATHOM_STORY_SEEDS is "all". */
const ALL_TO_THE_END = process.env["FATHOM_STORY_SEEDS"] === "all";
/** Of one whole run, in milliseconds: a test ends a run that hangs in any case. */
const RUN_PATIENCE = 600_000;
const ORACLE = JSON.parse(readFileSync(join(REPOSITORY, "test/oracle/stories.json"), "utf8")) as Record<string, StoryBounds>;
const STAGES = provenStages();
/** Of all stories about half of the time; two files have a half each, and run side by side. */
const OF_GRADIENTS = ["vanishing", "exploding"];

let site: LabSite;
let lab: LabPage;

async function train({ choices }: ProvenStage, seed: number, steps: number): Promise<Heard> {
  const hash = writeLink({ choices: { ...choices, seed, steps }, experiment: null, inside: false, pins: [] });
  await lab.page.evaluate(async (address) => {
    const changed = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
    location.hash = address;
    await changed;
    const scope = globalThis as unknown as { heard: object };
    scope.heard = { ...scope.heard, end: null };
    (document.querySelector("#play") as HTMLButtonElement).click();
  }, hash);
  await lab.until(`the end of ${hash}`, async () => (await endHeard(lab.page)) !== null, RUN_PATIENCE);
  const heard = await heardOf(lab.page);
  expect(heard.failure).toBe("");
  expect(heard.rows).toHaveLength(steps);
  return heard;
}

function within(value: number, [low, high]: readonly [number, number], what: string): void {
  expect.soft(value, what).toBeGreaterThanOrEqual(low);
  expect.soft(value, what).toBeLessThanOrEqual(high);
}

function expectOutcome({ rows, evaluations, verdicts }: Heard, { key, accuracy, kinds, choices }: ProvenStage, seed: number): void {
  const { testAccuracy, testLoss, trainLoss } = evaluations.at(-1)!;
  const of = `of ${key}, seed ${seed}`;
  within(testAccuracy!, ORACLE[key]!.accuracy, `test accuracy ${of}`);
  // Where nothing is learnt the losses are whatever the leaps made of them.
  if (accuracy !== "fails") {
    within(trainLoss, ORACLE[key]!.loss, `train loss ${of}`);
    within(testLoss! / trainLoss, ORACLE[key]!.lossRatio, `test over train loss ${of}`);
  }
  expect.soft(kinds, `verdict ${of}: ${verdicts.at(-1)!.text}`).toContain(verdicts.at(-1)!.kind);
  const distance = Math.ceil(choices.steps / 40);
  const steps = evaluations.map(({ step }) => step);
  expect(steps[0]).toBe(0);
  expect(steps.at(-1)).toBe(rows.length);
  for (const step of steps.slice(0, -1)) expect(step % distance, `looked at step ${step}`).toBe(0);
}

/** Declares the tests of half of the stories. */
export function proveStories(half: "of gradients" | "of other things"): void {
  beforeAll(async () => {
    site = await labSite();
    lab = await LabPage.blank(site);
    await hearWorker(lab.page);
    await lab.page.goto(site.address);
    await lab.reachPhase("idle");
  });
  afterAll(() => site?.close());

  const stages = STAGES.filter(({ key }) => OF_GRADIENTS.includes(key.split(":")[0]!) === (half === "of gradients"));
  describe.each(stages)("$key", (stage) => {
    const own = SEEDS[STAGES.indexOf(stage) % SEEDS.length]!;

    it("comes to what PyTorch says", async () => {
      // The bounds are those of this experiment; scripts/storyProof.ts makes them anew.
      expect(experimentToProve(stage)).toEqual(ORACLE[stage.key]!.experiment);
      for (const seed of SEEDS) {
        const whole = ALL_TO_THE_END || seed === own;
        const heard = await train(stage, seed, whole ? stage.choices.steps : 1);
        const norms = heard.rows[0]!.slice(-heard.weights.length) as number[];
        within(norms[0]! / norms.at(-1)!, ORACLE[stage.key]!.ratio, `ratio, seed ${seed}`);
        if (whole) expectOutcome(heard, stage, seed);
      }
      expect(lab.complaints).toEqual([]);
    });
  });
}
