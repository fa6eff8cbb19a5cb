/** The built lab loses nothing that someone made: runs that were left go on, by whatever they were ended, and nothing is replaced unasked. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { launchBrowser } from "../../src/cli/launchBrowser.ts";
import { heardOf, hearWorker } from "../support/heardWorker.ts";
import { LabPage, type LabSite, labSite } from "../support/labPage.ts";

const LONG = "#fathom=1&depth=2&width=8&activation=tanh&init=glorotUniform&steps=100000&rate=0.001&schedule=constant";
const TABLE = Array.from({ length: 60 }, (_, row) => `${Math.sin(row)},${Math.cos(3 * row)},${row % 3 === 0 ? "a" : "b"}`).join("\n");

let site: LabSite;
let lab: LabPage;
/** The site answers nothing any more. */
let gone = false;
/** Files that were sent. */
const served = new Set<string>();
beforeAll(async () => {
  site = await labSite();
  site.server.httpServer.prependListener("request", ({ url, socket }, answer) => {
    if (gone) socket.destroy();
    else answer.on("finish", () => served.add(url!.split("/").at(-1)!));
  });
});
afterAll(() => site?.close());
afterEach(async () => {
  if (lab.page.browser().connected) await lab.page.close();
});

async function open(hash = ""): Promise<void> {
  lab = await LabPage.blank(site);
  await hearWorker(lab.page);
  await lab.page.goto(`${site.address}${hash}`);
  await lab.reachPhase("idle");
}

const value = (id: string): Promise<string> => lab.page.$eval(id, (control) => (control as HTMLInputElement).value);

/** The step that the offered run was left at. */
async function offered(): Promise<number> {
  await lab.until("the offer", async () => (await lab.text("#offer")) !== "");
  return Number(/left at step (\d+) of/.exec(await lab.text("#offer"))![1]);
}

/** Trains further, and until there is a snapshot of it; the step that was reached. */
async function keptAt(step: number): Promise<number> {
  await lab.reach(step);
  await lab.until("a snapshot", async () => (await lab.keptStep()) >= step);
  return step;
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
  await lab.change("#choice-rate", "0.002");
  await lab.until("the new rate", async () => (await heardOf(lab.page)).rows.at(-1)?.[2] === Math.fround(0.002));
  expect(await lab.phase()).toBe("playing");

  const endings: [how: string, end: () => Promise<void>][] = [
    ["a key", () => lab.page.keyboard.press("r")],
    ["a control", () => lab.change("#choice-width", "9")],
    ["a stage of a story", () => lab.press("#stages li:nth-child(2) button")],
  ];
  for (const [how, end] of endings) {
    step = await keptAt(1 + (await lab.step()));
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

  // What is forgotten is not offered again.
  await lab.press("#reset");
  await offered();
  await lab.press("#forget");
  await lab.until("no offer", async () => (await lab.text("#offer")) === "");
  // The data are still there, and a rate that is changed while the step is compiled ends nothing.
  await lab.change("#choice-depth", "3");
  const phase = await lab.page.evaluate(() => {
    const drawn = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    document.querySelector<HTMLButtonElement>("#play")!.click();
    const rate = document.querySelector<HTMLInputElement>("#choice-rate")!;
    rate.value = "0.003";
    rate.dispatchEvent(new Event("change", { bubbles: true }));
    return drawn().then(() => document.body.dataset["phase"]);
  });
  expect(phase).toMatch(/^(preparing|playing)$/);
  await lab.until("the rate", async () => (await heardOf(lab.page)).rows.at(-1)?.[2] === Math.fround(0.003));
  expect(lab.complaints).toEqual([]);
});

const MINE = {
  format: "fathom-experiment/1",
  name: "mine",
  seed: 1,
  dataset: { type: "xor", samples: 100 },
  batchSize: 16,
  steps: 9,
  model: [{ type: "linear", units: 8 }, "tanh", { type: "linear", units: 2 }],
  loss: "softmaxCrossEntropy",
  optimizer: "sgd",
  schedule: { type: "constant", initial: 0.1 },
};
const encoded = (experiment: object): string => Buffer.from(JSON.stringify(experiment)).toString("base64url");
const hash = (): Promise<string> => lab.page.evaluate(() => decodeURIComponent(decodeURIComponent(location.hash)).replaceAll("+", " "));

async function write(text: string): Promise<void> {
  await lab.page.$eval(
    "#experiment",
    (area, given) => {
      (area as HTMLTextAreaElement).value = given;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    },
    text,
  );
  await lab.until("an answer", async () => !(await lab.page.$eval("#use-experiment", (button) => (button as HTMLButtonElement).disabled)));
}
const hidden = (selector: string): Promise<boolean> => lab.page.$eval(selector, (element) => (element as HTMLElement).hidden);

it("what was written or mistyped is lost by nothing, and a run is told of and shared as it was", async () => {
  const net = { activation: "tanh", data: "xor", samples: "100", depth: "2", width: "8", steps: "60", rate: "0.02", schedule: "constant" };
  const pin = new URLSearchParams({ name: "theirs", ...net, depth: "3", changed: "rate 3 from step 4", experiment: encoded({ foo: 1 }) });
  await open(`#${new URLSearchParams({ fathom: "1", ...net, experiment: encoded({ ...MINE, steps: -3 }), pin: String(pin) })}`);
  // The schema's faults of every experiment of a link stand where its other faults do.
  await lab.until("faults", async () => /steps is -3.*pinned run 1: .*missing/.test(await lab.text("#link-faults")));
  expect(await lab.page.$$eval("#choices :is(input, select):not(:disabled)", (controls) => controls.length)).toBe(0);
  expect(await lab.page.$$eval('#stages button[aria-pressed="true"]', (buttons) => buttons.length)).toBe(0);
  await lab.until("the pinned run", async () => /not made here: rate 3 from step 4/.test(await lab.text("#runs")));

  // A draft stays, whatever else changes; an experiment is called by its name, and comes back after it was left.
  const mine = JSON.stringify(MINE, null, 1);
  await write(mine);
  expect(await hidden("#draft")).toBe(false);
  await lab.press("#look-inside");
  expect(await value("#experiment")).toBe(mine);
  await lab.press("#use-experiment");
  expect(await hidden("#draft")).toBe(true);
  await lab.press("#play");
  await lab.reachPhase("done");
  const names = (): Promise<string[]> =>
    lab.page.$$eval("#runs .name", (inputs) => inputs.map((input) => (input as HTMLInputElement).value));
  await lab.until("its name", async () => (await names()).join() === "theirs,mine");
  await lab.press("#drop-experiment");
  expect(await hidden("#by-hand")).toBe(true);
  await lab.press("#take-up");
  expect(await hash()).toContain("&experiment=");
  await lab.press("#drop-experiment");
  await lab.press('#runs button[aria-label="Remove theirs"]');

  // What is mistyped is not trained as something else.
  await lab.change("#choice-depth", "999");
  await lab.press("#play");
  await lab.until("a refusal", async () => (await lab.text("#verdict")) === 'Hidden layers is "999"; use a whole number from 1 to 200.');
  expect(await lab.phase()).toBe("idle");
  await lab.change("#choice-depth", "2");

  // A rate that was changed on the way goes along in table, report and link.
  for (let step = 1; step <= 3; step++) {
    await lab.press("#step");
    await lab.reach(step);
  }
  await lab.press("#pin");
  await lab.change("#choice-rate", "0.5");
  const said = "rate 0.5 from step 3";
  await lab.until("the change in the table", async () => (await lab.text("#runs")).includes(`changed while it ran: ${said}`));
  expect(await hash()).toContain(`changed=${said}`);
  await lab.press("#step");
  await lab.reach(4);
  expect((await heardOf(lab.page)).rows.map((row) => row[2])).toEqual([0.02, 0.02, 0.02, 0.5].map(Math.fround));
  expect((await lab.taken("#report")).bytes.toString()).toContain(`does not have: ${said}.`);

  // The focus stays in the table, which calls runs as they are called now.
  await lab.change("#runs .name", "renamed");
  await lab.press("#reset");
  await lab.press("#step");
  await lab.reach(1);
  await lab.press("#pin");
  await lab.until("two rows", async () => (await names()).length === 2);
  await lab.page.focus('#runs button[aria-label="Remove renamed"]');
  await lab.page.keyboard.press("Enter");
  await lab.until("one row", async () => (await names()).length === 1);
  await lab.until("the focus", () => lab.page.evaluate(() => document.activeElement!.textContent === "Remove"));

  // What does not fit into the address is said.
  await write(JSON.stringify({ ...MINE, name: "x".repeat(44_000) }));
  await lab.press("#use-experiment");
  expect(await lab.text("#address-said")).toMatch(/^Too long for the address: the experiment written by hand\. Export it/);
  expect(await hash()).not.toContain("experiment=");
  expect(lab.complaints).toEqual([]);
});

/** Pieces that the worker may ask for, as the build names them, wherever it put their names. */
const piecesOf = ({ built }: LabSite): string[] =>
  readdirSync(join(built, "assets"))
    .filter((name) => name.endsWith(".js"))
    .flatMap((name) => /["'`]((?:[\w.-]+\.js ?){8,})["'`]/.exec(readFileSync(join(built, "assets", name), "utf8"))?.[1]?.split(" ") ?? []);

it("on a processor presets are light, the keys can be switched off, other pages leave the run alone, and a network that went is no end", async () => {
  served.clear();
  await open();
  expect(await hash()).toBe("#fathom=1&steps=250");
  expect(await lab.text("#adapter")).toMatch(/presets have smaller batches and fewer steps here\.$/);
  expect(
    await lab.page.$$eval("header.top nav a", (links) => links.map((link) => [(link as HTMLAnchorElement).target, link.ariaCurrent])),
  ).toEqual([["", "page"], ...Array(4).fill(["_blank", null])]);

  // Everything comes while there is a network, and then nothing more is wanted.
  const pieces = piecesOf(site);
  expect(pieces.length).toBeGreaterThan(10);
  await lab.until("all pieces", async () => pieces.every((piece) => served.has(piece)));
  await lab.until("the page's own", async () => [...served].some((name) => name.startsWith("dropped-")));
  gone = true;
  await lab.change("#choice-steps", "5");
  await lab.press("#play");
  await lab.reachPhase("done");
  expect((await lab.taken("#report")).bytes.toString()).toContain("<h1>");

  const { keyboard } = lab.page;
  await keyboard.press("?");
  await lab.press("#keys-on");
  await keyboard.press("Escape");
  await keyboard.press("r");
  expect(await lab.phase()).toBe("done");
  gone = false;
  await lab.page.reload();
  await lab.reachPhase("idle");
  await keyboard.press("ArrowRight");
  expect(await lab.phase()).toBe("idle");
  await lab.press("#keys-on");
  // Held down, a key plays once; and what scrolls has the arrows for itself.
  await lab.page.evaluate(() => {
    for (const repeat of [false, true, true])
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: " ", repeat, bubbles: true, cancelable: true }));
  });
  await lab.reachPhase("done");
  await lab.press("#reset");
  await lab.reachPhase("idle");
  await lab.page.$eval("#runs", (runs) => {
    (runs as HTMLElement).tabIndex = -1;
    (runs as HTMLElement).focus();
  });
  await keyboard.press("ArrowRight");
  expect(await lab.phase()).toBe("idle");
  expect(lab.complaints).toEqual([]);
  await lab.page.close();

  // A page that could not load ahead says what to do.
  lab = await LabPage.blank(site);
  await lab.page.evaluateOnNewDocument(() => {
    globalThis.requestIdleCallback = () => 0;
  });
  await lab.page.goto(site.address);
  await lab.reachPhase("idle");
  gone = true;
  await lab.press("#play");
  await lab.reachPhase("failed");
  const advice = /^A part of this page could not be loaded: the page has changed, or the network is gone\. Reload it\.$/;
  expect(await lab.text("#verdict")).toMatch(advice);
  await lab.press("#reset");
  await lab.press("#json");
  await lab.until("advice", async () => advice.test(await lab.text("#verdict")));
  gone = false;
});

it("says that a browser keeps nothing, and trains all the same", async () => {
  const profile = mkdtempSync(join(tmpdir(), "fathom-profile-"));
  mkdirSync(join(profile, "Default"));
  writeFileSync(join(profile, "Default", "Preferences"), JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }));
  const browser = await launchBrowser("chromium", { launch: { userDataDir: profile } });
  lab = await LabPage.open({ browser, address: site.address }, `${LONG}&steps=5&data=xor`);
  await lab.until("it", async () => /This browser keeps nothing: a run ends with its page\.$/.test(await lab.text("#adapter")));
  await lab.reachPhase("idle");
  await lab.press("#play");
  await lab.reachPhase("done");
  await lab.press("#keys-on");
  expect(lab.complaints).toEqual([]);
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
});
