/** The lab's stories, as the built page tells them: each of five seeds comes to what PyTorch found in float64, which test/oracle/stories.json holds. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeLink } from "../../demo/link.ts";
import { REPOSITORY } from "../support/childProcess.ts";
import { type Heard, heardOf, hearWorker } from "../support/heardWorker.ts";
import { LabPage, type LabSite, labSite } from "../support/labPage.ts";
import { experimentToProve, type ProvenStage, provenStages, type StoryBounds } from "../support/storyProof.ts";

const SEEDS = [1, 2, 3, 4, 5];
const ORACLE = JSON.parse(readFileSync(join(REPOSITORY, "test/oracle/stories.json"), "utf8")) as Record<string, StoryBounds>;

let site: LabSite;
let lab: LabPage;
beforeAll(async () => {
  site = await labSite();
  lab = await LabPage.blank(site);
  await hearWorker(lab.page);
  await lab.page.goto(site.address);
  await lab.reachPhase("idle");
});
afterAll(() => site?.close());

async function train({ choices }: ProvenStage, seed: number): Promise<Heard> {
  const hash = writeLink({ choices: { ...choices, seed }, experiment: null, inside: false, pins: [] });
  await lab.page.evaluate(async (address) => {
    const changed = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
    location.hash = address;
    await changed;
    const scope = globalThis as unknown as { heard: object };
    scope.heard = { ...scope.heard, end: null };
    (document.querySelector("#play") as HTMLButtonElement).click();
  }, hash);
  await lab.until(`the end of ${hash}`, async () => (await heardOf(lab.page)).end !== null);
  const heard = await heardOf(lab.page);
  expect(heard.failure).toBe("");
  return heard;
}

describe.each(provenStages())("$key", (stage) => {
  const { experiment, ratio, accuracy, loss, lossRatio } = ORACLE[stage.key]!;

  it("comes to what PyTorch says, over five seeds", async () => {
    // The bounds are those of this experiment; scripts/storyProof.ts makes them anew.
    expect(experimentToProve(stage)).toEqual(experiment);
    for (const seed of SEEDS) {
      const { rows, evaluations, weights } = await train(stage, seed);
      expect(rows).toHaveLength(stage.choices.steps);
      const norms = rows[0]!.slice(-weights.length) as number[];
      const found = { ratio: norms[0]! / norms.at(-1)!, accuracy: evaluations.at(-1)!.testAccuracy! };
      const { testLoss, trainLoss } = evaluations.at(-1)!;
      expect(found.ratio, `ratio, seed ${seed}`).toBeGreaterThan(ratio[0]);
      expect(found.ratio, `ratio, seed ${seed}`).toBeLessThan(ratio[1]);
      expect(found.accuracy, `accuracy, seed ${seed}`).toBeGreaterThanOrEqual(accuracy[0]);
      expect(found.accuracy, `accuracy, seed ${seed}`).toBeLessThanOrEqual(accuracy[1]);
      expect(trainLoss, `train loss, seed ${seed}`).toBeGreaterThan(loss[0]);
      expect(trainLoss, `train loss, seed ${seed}`).toBeLessThan(loss[1]);
      expect(testLoss! / trainLoss, `test over train loss, seed ${seed}`).toBeGreaterThan(lossRatio[0]);
      expect(testLoss! / trainLoss, `test over train loss, seed ${seed}`).toBeLessThan(lossRatio[1]);
    }
    expect(lab.complaints).toEqual([]);
  });
});
