/** The benchmark page as it is built: it runs a suite in this browser, shows and exports it, and stops; the lab does not carry it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import * as v from "valibot";
import { afterAll, beforeAll, expect, it } from "vitest";
import { resultSchema } from "../../bench/schema.ts";
import { SUITE_NAMES } from "../../bench/suites/index.ts";
import { LabPage, type LabSite, labSite } from "../support/labPage.ts";

/** With these a page has a finer clock and threads of WebAssembly. */
const ISOLATING = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

let site: LabSite;
let built: string;
let page: Page;
let complaints: readonly string[];
let lab: LabPage;

beforeAll(async () => {
  site = await labSite({ headers: ISOLATING });
  ({ built } = site);
  lab = await LabPage.blank(site);
  // Its workers, so that one can be said to have failed.
  await lab.page.evaluateOnNewDocument(() => {
    const made: Worker[] = [];
    Object.assign(globalThis, { made });
    globalThis.Worker = class extends Worker {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        made.push(this);
      }
    };
  });
  await lab.page.goto(`${site.address}benchmarks.html`);
  ({ page, complaints } = lab);
});
afterAll(() => site?.close());

const text = (selector: string): Promise<string> => page.$eval(selector, (element) => element.textContent ?? "");
const press = (selector: string): Promise<void> => page.$eval(selector, (button) => (button as HTMLButtonElement).click());
const set = (selector: string, value: string | boolean): Promise<void> =>
  page.$eval(
    selector,
    (input, given) => {
      if (typeof given === "boolean") (input as HTMLInputElement).checked = given;
      else (input as HTMLInputElement).value = given;
    },
    value,
  );

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 120_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what} did not come; the page says: ${await text("#status")}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
/** Whether the browser would ask before it leaves the page. */
const asksBeforeLeaving = (): Promise<boolean> => page.evaluate(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));
const isIdle = (): Promise<boolean> => page.evaluate(() => document.body.dataset["phase"] === "idle");

it("runs suites, the one of other libraries too, shows them as bars and tables, and exports its document", async () => {
  await until("the suites", isIdle);
  const boxes = await page.$$eval("#suites input", (inputs) => inputs.map((input) => (input as HTMLInputElement).value));
  expect(boxes).toEqual(SUITE_NAMES);
  for (const name of boxes) await set(`#suites input[value="${name}"]`, ["depth", "peers"].includes(name));
  await set("#quick", true);
  await press("#start");
  expect(await page.$eval("#take", (button) => (button as HTMLButtonElement).disabled)).toBe(true);
  await until("the first suite", async () => (await page.$("#results details")) !== null);
  // What is done to a table lasts when another suite is done.
  await page.$eval("#results details", (table) => {
    (table as HTMLDetailsElement).open = false;
    table.querySelector("summary")!.focus();
  });
  await until("an end", isIdle);
  expect(await page.$$eval("#results h2", (heads) => heads.map(({ textContent }) => textContent))).toEqual(["depth", "peers"]);
  const [isOpen, hasFocus] = await page.$eval("#results details", (table) => [
    (table as HTMLDetailsElement).open,
    document.activeElement === table.querySelector("summary"),
  ]);
  expect([isOpen, hasFocus]).toEqual([false, true]);
  const abouts = await page.$$eval("#results > section > p", (lines) => lines.map(({ textContent }) => textContent ?? ""));
  expect(abouts[0]).toMatch(/\. Mirrored rounds .*It took [\d.]+ s\.$/);
  expect(abouts.find((about) => about.includes("matrix products"))).toMatch(/It took .* Against TensorFlow\.js \d[^ ]*, jax-js \d/);
  expect(await asksBeforeLeaving()).toBe(true);
  expect(await text("#status")).toBe("Done.");
  expect(await text("#cautions")).toMatch(/software adapter.*a trial/);
  const rows = await page.$$eval("#results tbody tr, #results tr", (lines) => lines.map((line) => line.textContent ?? ""));
  expect(rows.filter((row) => /^[26] layers, (?:layer by layer|as a stack)\d/.test(row)).length).toBe(4);
  // The picture has more than its ground.
  const colours = await page.$eval("#results canvas", (canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
  expect(colours).toBeGreaterThan(3);
  const markdown = await lab.taken("#take-table");
  expect([markdown.type, markdown.bytes.toString()]).toEqual(["text/markdown", expect.stringContaining("| 6 layers, as a stack |")]);
  expect(await asksBeforeLeaving()).toBe(false);
  const document_ = v.parse(resultSchema, JSON.parse((await lab.taken("#take")).bytes.toString()));
  expect(document_.suites.map(({ name }) => name)).toEqual(["depth", "peers"]);
  // On a slow machine some have no time.
  expect(document_.suites[1]!.entries.map(({ id }) => id)).toContain("step-2x8-fathom");
  expect(document_.environment.runtime).toBe("page");
  expect(await lab.findings()).toEqual([]);
  expect(complaints).toEqual([]);
});

it("stops, keeps what was measured, and can run again", async () => {
  await set("#quick", false);
  await press("#start");
  await until("a net", async () => /layers, for the promise: preparing/.test(await text("#status")));
  await press("#stop");
  await until("a stop", isIdle);
  expect(await text("#status")).toMatch(/^Stopped/);
  expect(await text("#results")).toMatch(/Left out: .*the rest: stopped/);
  expect(await page.$eval("#start", (button) => (button as HTMLButtonElement).disabled)).toBe(false);
  expect(complaints).toEqual([]);
});

it("says what is wrong in its form, measures the parts that are asked for, and makes a worker anew where one failed", async () => {
  for (const wrong of ["", "-3", "1.5"]) {
    await set("#seconds", wrong);
    await press("#start");
    expect(await text("#status"), wrong).toBe("Seconds must be a whole number from 1 to 36000.");
    expect(await isIdle()).toBe(true);
  }
  await set("#seconds", "120");
  await set("#quick", true);
  await set('#suites input[value="peers"]', false);
  await page.evaluate(() => {
    const [first] = (globalThis as unknown as { made: Worker[] }).made;
    first!.dispatchEvent(new ErrorEvent("error", { message: "no more" }));
  });
  expect(await text("#status")).toBe("It failed: no more. Run starts anew.");
  await set("#only", "6 layers; nothing such");
  await press("#start");
  await until("an end", isIdle);
  expect(await text("#status")).toBe("Done.");
  expect(await page.evaluate(() => (globalThis as unknown as { made: Worker[] }).made.length)).toBe(2);
  const { suites, command } = v.parse(resultSchema, JSON.parse((await lab.taken("#take")).bytes.toString()));
  expect(suites.map(({ entries }) => entries.map(({ id }) => id))).toEqual([["depth-6-never", "depth-6-always"]]);
  expect(command).toBe("the benchmark page: depth, only 6 layers; nothing such, 120 s, quick");
  expect(await page.$eval("#seconds", (input) => input.getAttribute("aria-invalid"))).toBe("false");
  expect(complaints).toEqual([]);
});

it("names its controls, has no inline script, and leaves the lab without a benchmark in it", async () => {
  const own = readFileSync(join(built, "benchmarks.html"), "utf8");
  expect(own).toContain("script-src 'self'");
  expect(own.match(/<script(?![^>]*\bsrc=)[^>]*>/g)).toBeNull();
  const nameless = await page.$$eval("input, button", (controls) =>
    controls
      .filter((control) => !control.textContent?.trim() && !(control as HTMLInputElement).labels?.length)
      .map(({ outerHTML }) => outerHTML),
  );
  expect(nameless).toEqual([]);
  expect(await page.$$eval("canvas", (all) => all.every((canvas) => canvas.getAttribute("aria-label")))).toBe(true);
  // The lab's own script and those that it names load no suite.
  const lab = readFileSync(join(built, "index.html"), "utf8");
  const scripts = [...lab.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, file]) => file!);
  expect(scripts.length).toBeGreaterThan(0);
  // The lab has a file "remedies" of its own.
  const suites = readdirSync(join(built, "assets")).filter((name) => /^(?:benefits|kernels|depth|peers)-/.test(name));
  expect(suites.length).toBeGreaterThanOrEqual(4);
  for (const file of scripts) {
    const code = readFileSync(join(built, file), "utf8");
    expect(suites.filter((name) => code.includes(name))).toEqual([]);
  }
});
