/** The states of the lab's pages that are worth a picture, and how each is reached. */
import type { LabPage } from "../test/support/labPage.ts";

const PATIENCE = 240_000;

export interface LabState {
  readonly name: string;
  readonly path?: string;
  /** In a browser without WebGPU. */
  readonly blind?: boolean;
  readonly reach?: (lab: LabPage) => Promise<void>;
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const ended = (lab: LabPage): Promise<void> =>
  lab.until("its end", async () => ["done", "failed"].includes((await lab.phase()) ?? ""), PATIENCE);

/** Charts are drawn where they are seen: a full picture wants all of them seen once. */
export async function settle({ page }: LabPage, whole: boolean): Promise<void> {
  if (whole) {
    for (let share = 0; share <= 1; share += 0.125) {
      await page.evaluate((at) => scrollTo(0, at * document.documentElement.scrollHeight), share);
      await wait(120);
    }
    await page.evaluate(() => scrollTo(0, 0));
  }
  await wait(whole ? 200 : 1500);
}

async function train(lab: LabPage, step: number): Promise<void> {
  await lab.reachPhase("idle");
  await lab.press("#play");
  await lab.reach(step);
}

/** So far, and there it rests. */
async function trainAndRest(lab: LabPage, step: number): Promise<void> {
  await train(lab, step);
  await lab.press("#play");
}

const finish = async (lab: LabPage): Promise<void> => {
  await lab.reachPhase("idle");
  await lab.press("#play");
  await ended(lab);
};

async function draw(lab: LabPage): Promise<void> {
  const { page } = lab;
  await lab.until("the pad", async () => (await page.$(".pad")) !== null);
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
  await lab.until("an answer", async () => /^Read as/.test(await lab.text("#pad-answer")));
}

const pin = (name: string, fields: string): string => `&pin=${encodeURIComponent(`name=${name}&${fields}`)}`;
const BASE = "depth=12&width=16&data=spirals&optimizer=adam&rate=0.005&steps=150";

export const STATES: readonly LabState[] = [
  { name: "first", reach: (lab) => lab.reachPhase("idle") },
  { name: "story", reach: (lab) => trainAndRest(lab, 60) },
  {
    name: "running",
    async reach(lab) {
      await lab.reachPhase("idle");
      await lab.press("#stages li:nth-child(4) button");
      await lab.reach(30);
    },
  },
  { name: "finished", path: "#fathom=1&depth=10&activation=relu&init=heNormal&steps=120&rate=0.05", reach: finish },
  {
    name: "phone",
    path: "#fathom=1&activation=relu&init=heNormal&depth=12&steps=100",
    async reach(lab) {
      await trainAndRest(lab, 40);
      await lab.page.$eval(".see", (element) => element.scrollIntoView());
    },
  },
  {
    name: "inside",
    path: `#fathom=1&${BASE.replace("150", "300")}&activation=tanh&init=glorotUniform&inside=1`,
    reach: finish,
  },
  {
    name: "compare",
    path: `#fathom=1&${BASE}&activation=tanh&init=glorotUniform${pin("Sigmoid, small weights", BASE)}${pin("ReLU, He", `${BASE}&activation=relu&init=heNormal`)}`,
    async reach(lab) {
      await finish(lab);
      await lab.press("#pin");
      for (const run of ["Sigmoid, small weights", "ReLU, He"]) {
        await lab.press(`#runs button[aria-label="Train ${run}"]`);
        await lab.until("its training", async () => (await lab.page.$(`#runs button[aria-label="Train ${run}"]`)) === null);
        await ended(lab);
        await wait(300);
      }
    },
  },
  {
    name: "digits",
    path: "#fathom=1&depth=2&width=32&activation=relu&init=heNormal&steps=150&rate=0.05&batchSize=32",
    async reach(lab) {
      await finish(lab);
      await draw(lab);
    },
  },
  {
    name: "changed",
    path: "#fathom=1&depth=8&width=16&activation=tanh&init=glorotUniform&steps=100000&rate=0.05",
    async reach(lab) {
      await train(lab, 200);
      await lab.change("#choice-rate", 0.005);
      await lab.reach(400);
      await lab.press("#play");
    },
  },
  {
    name: "faults",
    path: `#fathom=1&width=9000&deepness=3&experiment=${Buffer.from('{"format":"fathom-experiment/1","seed":-1,"dataset":"digitz"}').toString("base64url")}`,
    async reach(lab) {
      await lab.until("the schema's faults", async () => (await lab.page.$$("#experiment-faults li")).length > 1);
      await lab.change("#choice-rate", 90);
    },
  },
  {
    name: "keys",
    async reach(lab) {
      await lab.reachPhase("idle");
      await lab.press("#show-help");
    },
  },
  {
    name: "blind",
    blind: true,
    async reach(lab) {
      await lab.reachPhase("unusable");
      await lab.until("the recordings", async () => /recorded/.test(await lab.text("#note")));
      await lab.press("#stages li:nth-child(1) button");
      await lab.reachPhase("done");
    },
  },
  { name: "how", path: "how.html", reach: (lab) => lab.reachPhase("done") },
  { name: "formulas", path: "formulas.html" },
  { name: "format", path: "format.html" },
  { name: "verdicts", path: "verdicts.html" },
  {
    name: "benchmarks",
    path: "benchmarks.html",
    async reach(lab) {
      await lab.reachPhase("idle");
      await lab.page.evaluate(() => {
        for (const box of document.querySelectorAll<HTMLInputElement>("#suites input")) box.checked = /remedies|kernels/.test(box.value);
        document.querySelector<HTMLInputElement>("#quick")!.checked = true;
        document.querySelector<HTMLInputElement>("#seconds")!.value = "15";
      });
      await lab.press("#start");
      await lab.reachPhase("running");
      await lab.reachPhase("idle");
    },
  },
];
