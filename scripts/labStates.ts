/** The states of the lab's pages that are worth a picture, and how each is reached. */
import type { Page } from "puppeteer-core";

const PATIENCE = 240_000;

export interface LabState {
  readonly name: string;
  readonly path?: string;
  /** In a browser without WebGPU. */
  readonly blind?: boolean;
  readonly reach?: (page: Page) => Promise<void>;
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("the page did not come so far");
    await wait(50);
  }
}

const press = (page: Page, selector: string): Promise<void> => page.$eval(selector, (button) => (button as HTMLButtonElement).click());
const reachPhase = (page: Page, ...phases: string[]): Promise<void> =>
  until(async () => phases.includes((await page.evaluate(() => document.body.dataset["phase"])) ?? ""));
const reachStep = (page: Page, step: number): Promise<void> =>
  until(async () => (await page.$eval("#progress", (progress) => (progress as HTMLProgressElement).value)) >= step);
const textOf = (page: Page, selector: string): Promise<string> => page.$eval(selector, (element) => element.textContent ?? "");

/** Charts are drawn where they are seen: a full picture wants all of them seen once. */
export async function settle(page: Page, whole: boolean): Promise<void> {
  if (whole) {
    for (let share = 0; share <= 1; share += 0.125) {
      await page.evaluate((at) => scrollTo(0, at * document.documentElement.scrollHeight), share);
      await wait(120);
    }
    await page.evaluate(() => scrollTo(0, 0));
  }
  await wait(whole ? 200 : 1500);
}

async function train(page: Page, step: number): Promise<void> {
  await reachPhase(page, "idle");
  await press(page, "#play");
  await reachStep(page, step);
}

/** So far, and there it rests. */
async function trainAndRest(page: Page, step: number): Promise<void> {
  await train(page, step);
  await press(page, "#play");
}

const finish = async (page: Page): Promise<void> => {
  await reachPhase(page, "idle");
  await press(page, "#play");
  await reachPhase(page, "done", "failed");
};

async function draw(page: Page): Promise<void> {
  await until(async () => (await page.$(".pad")) !== null);
  await page.$eval(".pad", (pad) => pad.scrollIntoView({ block: "center" }));
  // What was read last makes the page longer.
  await wait(500);
  const { x, y, width, height } = (await (await page.$(".pad"))!.boundingBox())!;
  const points = [
    [0.3, 0.25],
    [0.65, 0.2],
    [0.6, 0.45],
    [0.42, 0.52],
    [0.68, 0.62],
    [0.6, 0.82],
    [0.3, 0.82],
  ] as const;
  await page.mouse.move(x + points[0][0] * width, y + points[0][1] * height);
  await page.mouse.down();
  for (const [across, down] of points) await page.mouse.move(x + across * width, y + down * height, { steps: 5 });
  await page.mouse.up();
  await until(async () => /^Read as/.test(await textOf(page, "#pad-answer")));
}

const pin = (name: string, fields: string): string => `&pin=${encodeURIComponent(`name=${name}&${fields}`)}`;
const BASE = "depth=12&width=16&data=spirals&optimizer=adam&rate=0.005&steps=150";

export const STATES: readonly LabState[] = [
  { name: "first", reach: (page) => reachPhase(page, "idle") },
  { name: "story", reach: (page) => trainAndRest(page, 60) },
  {
    name: "running",
    async reach(page) {
      await reachPhase(page, "idle");
      await press(page, "#stages li:nth-child(4) button");
      await reachStep(page, 30);
    },
  },
  { name: "finished", path: "#fathom=1&depth=10&activation=relu&init=heNormal&steps=120&rate=0.05", reach: finish },
  {
    name: "phone",
    path: "#fathom=1&activation=relu&init=heNormal&depth=12&steps=100",
    async reach(page) {
      await trainAndRest(page, 40);
      await page.$eval(".see", (element) => element.scrollIntoView());
    },
  },
  {
    name: "inside",
    path: `#fathom=1&${BASE.replace("150", "300")}&activation=tanh&init=glorotUniform&inside=1`,
    reach: (page) => trainAndRest(page, 290),
  },
  {
    name: "compare",
    path: `#fathom=1&${BASE}&activation=tanh&init=glorotUniform${pin("Sigmoid, small weights", BASE)}${pin("ReLU, He", `${BASE}&activation=relu&init=heNormal`)}`,
    async reach(page) {
      await finish(page);
      await press(page, "#pin");
      for (const run of ["Sigmoid, small weights", "ReLU, He"]) {
        await press(page, `#runs button[aria-label="Train ${run}"]`);
        await until(async () => (await page.$(`#runs button[aria-label="Train ${run}"]`)) === null);
        await reachPhase(page, "done", "failed");
        await wait(300);
      }
    },
  },
  {
    name: "digits",
    path: "#fathom=1&depth=2&width=32&activation=relu&init=heNormal&steps=150&rate=0.05&batchSize=32",
    async reach(page) {
      await finish(page);
      await draw(page);
    },
  },
  {
    name: "changed",
    path: "#fathom=1&depth=8&width=16&activation=tanh&init=glorotUniform&steps=100000&rate=0.05",
    async reach(page) {
      await train(page, 200);
      await page.$eval("#choice-rate", (input) => {
        (input as HTMLInputElement).value = "0.005";
        input.dispatchEvent(new Event("change", { bubbles: true }));
      });
      await reachStep(page, 400);
      await press(page, "#play");
    },
  },
  {
    name: "faults",
    path: `#fathom=1&width=9000&deepness=3&experiment=${Buffer.from('{"format":"fathom-experiment/1","seed":-1,"dataset":"digitz"}').toString("base64url")}`,
    async reach(page) {
      await until(async () => (await page.$$("#experiment-faults li")).length > 1);
      await page.$eval("#choice-rate", (input) => {
        (input as HTMLInputElement).value = "90";
        input.dispatchEvent(new Event("change", { bubbles: true }));
      });
    },
  },
  {
    name: "keys",
    async reach(page) {
      await reachPhase(page, "idle");
      await press(page, "#show-help");
    },
  },
  {
    name: "blind",
    blind: true,
    async reach(page) {
      await reachPhase(page, "unusable");
      await until(async () => /recorded/.test(await textOf(page, "#note")));
      await press(page, "#stages li:nth-child(1) button");
      await reachPhase(page, "done");
    },
  },
  { name: "how", path: "how.html", reach: (page) => reachPhase(page, "done") },
  { name: "formulas", path: "formulas.html" },
  { name: "format", path: "format.html" },
  { name: "verdicts", path: "verdicts.html" },
  {
    name: "benchmarks",
    path: "benchmarks.html",
    async reach(page) {
      await reachPhase(page, "idle");
      await page.evaluate(() => {
        for (const box of document.querySelectorAll<HTMLInputElement>("#suites input")) box.checked = /remedies|kernels/.test(box.value);
        document.querySelector<HTMLInputElement>("#quick")!.checked = true;
        document.querySelector<HTMLInputElement>("#seconds")!.value = "15";
      });
      await press(page, "#start");
      await reachPhase(page, "running");
      await reachPhase(page, "idle");
    },
  },
];
