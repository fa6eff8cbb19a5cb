/** A run of the lab that is hidden, or left and taken up again, loses and repeats nothing, and its charts show all that was seen of it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { heardOf, hearWorker } from "../support/heardWorker.ts";
import { LabPage, type LabSite, labSite } from "../support/labPage.ts";

const NET = "#fathom=1&depth=3&width=8&activation=tanh&init=glorotUniform&data=xor&samples=100&inside=1";
const STEPS = 36;
const LEFT_AT = 17;
const TABLES = ["loss", "heat", "ratio", "saturation", "histogram"];

let site: LabSite;
beforeAll(async () => {
  site = await labSite();
});
afterAll(() => site?.close());

async function open(hash = ""): Promise<LabPage> {
  const lab = await LabPage.blank(site);
  await hearWorker(lab.page);
  await lab.page.goto(`${site.address}${hash}`);
  await lab.reachPhase("idle");
  return lab;
}

async function tables(lab: LabPage): Promise<Record<string, string[][]>> {
  await lab.reachPhase("done");
  for (const name of TABLES) await lab.openDetails(`#${name}-table`);
  const every: Record<string, string[][]> = {};
  for (const name of TABLES) {
    const last = name === "histogram" ? "" : String(STEPS - 1);
    await lab.until(`the table ${name}`, async () => (await lab.rows(`#${name}-table`)).at(-1)?.[0]?.endsWith(last) === true);
    every[name] = await lab.rows(`#${name}-table`);
  }
  return every;
}

it("shows after its page was closed what it showed before, to the last number of every chart", async () => {
  const whole = await open(`${NET}&steps=${STEPS}`);
  await whole.press("#play");
  const expected = await tables(whole);
  expect(expected["ratio"]!.length).toBeGreaterThan(15);
  await whole.page.close();

  const first = await open(`${NET}&steps=${STEPS}`);
  for (let step = 1; step <= LEFT_AT; step++) {
    await first.page.keyboard.press("ArrowRight");
    await first.reach(step);
  }
  await first.page.evaluate(() => dispatchEvent(new Event("pagehide")));
  await first.until("a snapshot", async () => (await first.keptStep()) === LEFT_AT);
  await first.page.close();

  const second = await open();
  await second.until("the offer", async () => (await second.text("#offer")).includes(`left at step ${LEFT_AT} of ${STEPS}`));
  await second.press("#go-on");
  expect(await tables(second)).toEqual(expected);
  expect((await heardOf(second.page)).rows[0]![0]).toBe(LEFT_AT);
  expect(second.complaints).toEqual([]);
  await second.page.close();
});

it("goes on while another tab is in front, and loses and repeats no step", async () => {
  const lab = await open(`${NET}&steps=100000`);
  await lab.press("#play");
  await lab.reach(10);
  const front = await site.browser.newPage();
  await front.bringToFront();
  expect(await lab.page.evaluate(() => document.visibilityState)).toBe("hidden");
  const shown = await lab.step();
  const heard = async (): Promise<number> => (await heardOf(lab.page)).rows.length;
  const hiddenAt = await heard();
  await lab.until("steps in the dark", async () => (await heard()) > hiddenAt + 100);
  const before = await heard();
  await lab.page.bringToFront();
  expect(await lab.page.evaluate(() => document.visibilityState)).toBe("visible");
  // No frame is drawn in the dark, so the page has all of it to catch up with.
  expect(shown).toBeLessThan(before);
  await lab.reach(before + 20);
  const { rows } = await heardOf(lab.page);
  expect(rows.map(([step]) => step)).toEqual(rows.map((_, index) => index));
  expect(lab.complaints).toEqual([]);
  await front.close();
  await lab.page.close();
});

it("offers a run that other settings put an end to, from the step that it had come to", async () => {
  const lab = await open(`${NET}&steps=100000`);
  await lab.press("#play");
  // After a second of training, on a busy machine too; snapshots come later than this, or are of steps before.
  await lab.page.evaluate(async () => {
    while (!/^step [1-9]/.test(document.querySelector("#numbers")!.textContent!)) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 3000));
  });
  const stepOn = async (): Promise<number> => Number(/^step (\d+)/.exec(await lab.text("#numbers"))?.[1] ?? 0);
  const seen = await lab.page.evaluate(() => {
    const text = document.querySelector("#numbers")!.textContent!;
    const depth = document.querySelector("#choice-depth") as HTMLInputElement;
    depth.value = "4";
    depth.dispatchEvent(new Event("change", { bubbles: true }));
    return Number(/^step (\d+)/.exec(text)?.[1] ?? 0);
  });
  expect(seen).toBeGreaterThan(0);
  await lab.until("the offer", async () => Number(/left at step (\d+)/.exec(await lab.text("#offer"))?.[1] ?? -1) >= seen);
  await lab.press("#go-on");
  await lab.until("more steps", async () => (await stepOn()) > seen);
  expect(lab.complaints).toEqual([]);
  await lab.page.close();
});
