/** The built lab loses nothing that someone made: runs that were left go on, by whatever they were ended, and nothing is replaced unasked. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { heardOf, hearWorker } from "../support/heardWorker.ts";
import { LabPage, type LabSite, labSite } from "../support/labPage.ts";

const LONG = "#fathom=1&depth=2&width=8&activation=tanh&init=glorotUniform&steps=100000&rate=0.001";
const TABLE = Array.from({ length: 60 }, (_, row) => `${Math.sin(row)},${Math.cos(3 * row)},${row % 3 === 0 ? "a" : "b"}`).join("\n");

let site: LabSite;
let lab: LabPage;
beforeAll(async () => {
  site = await labSite();
});
afterAll(() => site?.close());
afterEach(() => lab.page.close());

async function open(hash = ""): Promise<void> {
  lab = await LabPage.blank(site);
  await hearWorker(lab.page);
  await lab.page.goto(`${site.address}${hash}`);
  await lab.reachPhase("idle");
}

const set = (id: string, value: string): Promise<void> =>
  lab.page.$eval(
    id,
    (control, given) => {
      (control as HTMLInputElement).value = given;
      control.dispatchEvent(new Event("change", { bubbles: true }));
    },
    value,
  );
const value = (id: string): Promise<string> => lab.page.$eval(id, (control) => (control as HTMLInputElement).value);

/** The step that the offered run was left at. */
async function offered(): Promise<number> {
  await lab.until("the offer", async () => (await lab.text("#offer")) !== "");
  return Number(/left at step (\d+) of/.exec(await lab.text("#offer"))![1]);
}

/** Trains further, and until there is a snapshot of it, which a pause makes; the step that was reached. */
async function keptAt(step: number): Promise<number> {
  await lab.reach(step);
  await lab.press("#play");
  await lab.reachPhase("paused");
  const reached = await lab.step();
  await lab.press("#play");
  await lab.reach(reached + 20);
  return reached;
}

it("a run on one's own file is offered after whatever ended it, and goes on with its data", async () => {
  await open(LONG);
  await lab.drop(["mine.csv", `a,b,kind\n${TABLE}\n`]);
  await lab.until("the table", async () => /2 classes \(kind\)/.test(await lab.text("#files-said")));
  await lab.press("#play");
  let step = await keptAt(20);
  await lab.page.reload();
  await lab.reachPhase("idle");
  expect(await offered()).toBeGreaterThanOrEqual(step);
  await lab.press("#go-on");
  await lab.reach(step + 10);
  // What is changed now is changed of the net on this file, and no other.
  await set("#choice-rate", "0.002");
  await lab.until("the new rate", async () => (await heardOf(lab.page)).rows.at(-1)![2] === Math.fround(0.002));
  expect(await lab.phase()).toBe("playing");

  const endings: [how: string, end: () => Promise<void>][] = [
    ["a key", () => lab.page.keyboard.press("r")],
    ["a control", () => set("#choice-width", "9")],
    ["a stage of a story", () => lab.press("#stages li:nth-child(2) button")],
  ];
  for (const [how, end] of endings) {
    step = await keptAt(step + 10);
    await end();
    if ((await lab.phase()) !== "idle") await lab.press("#reset");
    expect(await offered(), how).toBeGreaterThanOrEqual(step);
    await lab.press("#go-on");
    await lab.reach(step + 10);
    expect(await value("#choice-data"), how).toBe("own");
    expect(await value("#choice-rate"), how).toBe("0.002");
  }

  // The wheel over a number that has the focus, and a file that is no experiment, end nothing.
  await lab.page.focus("#choice-width");
  const box = (await (await lab.page.$("#choice-width"))!.boundingBox())!;
  await lab.page.mouse.move(box.x + 10, box.y + 5);
  await lab.page.mouse.wheel({ deltaY: 100 });
  await lab.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
  await lab.page.evaluate(() => (document.activeElement as HTMLElement).blur());
  expect(await value("#choice-width")).toBe("8");
  await lab.drop(["bad.json", JSON.stringify({ format: "fathom-experiment/1", steps: -3, foo: 1 })]);
  await lab.until("a refusal", async () => (await lab.text("#files-fault")) !== "");
  expect(await lab.text("#files-fault")).toMatch(/bad\.json: .*steps is -3; use a whole number from 1/);
  expect(await lab.phase()).toBe("playing");
  expect(await lab.page.evaluate(() => location.hash)).not.toContain("experiment=");

  // Once it is at its end, there is nothing to go on with.
  await lab.press("#reset");
  await offered();
  await lab.press("#forget");
  await lab.until("no offer", async () => (await lab.text("#offer")) === "");
  // The data are still there, and a rate that is changed while the step is compiled ends nothing.
  await set("#choice-depth", "3");
  await lab.press("#play");
  expect(await lab.phase()).toBe("preparing");
  await set("#choice-rate", "0.003");
  expect(await lab.phase()).toBe("preparing");
  await lab.until("the rate", async () => (await heardOf(lab.page)).rows.at(-1)?.[2] === Math.fround(0.003));
  expect(lab.complaints).toEqual([]);
});
