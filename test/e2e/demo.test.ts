/** The demo page, as `npm run dev` serves it, in real browsers: it trains, pauses, starts anew, and says why where it cannot. */
import type { Browser, Page } from "puppeteer-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../src/cli/launchBrowser.ts";
import { REPOSITORY } from "../support/childProcess.ts";

let vite: ViteDevServer;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  vite = await createServer({ configFile: `${REPOSITORY}/vite.config.ts`, logLevel: "error", server: { port: 0, strictPort: false } });
  await vite.listen();
  browser = await launchBrowser("chromium");
});
afterAll(async () => {
  await browser?.close();
  await vite?.close();
});
afterEach(() => page.close());

async function open(before?: () => void): Promise<void> {
  page = await browser.newPage();
  complaints = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  if (before) await page.evaluateOnNewDocument(before);
  await page.goto(vite.resolvedUrls!.local[0]!);
}

const text = (selector: string): Promise<string> => page.$eval(selector, (element) => element.textContent ?? "");
const stepShown = async (): Promise<number> => Number(/step (\d+)/.exec(await text("#numbers"))?.[1] ?? -1);

async function reachStep(step: number): Promise<void> {
  await page.waitForFunction(
    (least) => Number(/step (\d+)/.exec(document.querySelector("#numbers")?.textContent ?? "")?.[1] ?? -1) >= least,
    { timeout: 60_000 },
    step,
  );
}

describe("the demo", () => {
  it("trains live, pauses, goes on, starts anew with other settings, and complains of nothing", async () => {
    await open();
    await page.waitForSelector("#start:not([disabled])");
    await page.click("#start");
    await reachStep(5);
    // 24 hidden layers and the output; the first has hardly any gradient.
    // In one go, because the next frame draws them anew.
    const bars = await page.evaluate(() =>
      [...document.querySelectorAll("#norms rect.bar")].map((bar) => bar.getBoundingClientRect().height),
    );
    expect(bars).toHaveLength(25);
    expect(bars[0]!).toBeLessThan(bars[24]! / 4);
    expect(await page.evaluate(() => document.querySelector("#loss path.curve")!.getAttribute("d")!.length)).toBeGreaterThan(20);
    await page.waitForFunction(() => document.querySelector("#verdict")?.textContent?.startsWith("vanishing"), { timeout: 30_000 });

    await page.click("#start");
    expect(await text("#start")).toBe("Go on");
    // What was submitted still arrives.
    await page.waitForFunction(async () => {
      const shown = document.querySelector("#numbers")!.textContent;
      await new Promise((resolve) => setTimeout(resolve, 700));
      return shown === document.querySelector("#numbers")!.textContent;
    });
    const paused = await stepShown();
    await page.click("#start");
    await reachStep(paused + 3);

    await page.select("select[name=activation]", "tanh");
    expect(await text("#verdict")).toMatch(/settings have changed/);
    expect(await page.$$("#norms rect")).toHaveLength(0);
    await page.click("input[name=residual]");
    await page.click("input[name=batchNorm]");
    await page.click("input[name=clip]");
    await page.$eval("#depth", (slider) => {
      (slider as HTMLInputElement).value = "3";
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    });
    expect(await text("#depth-shown")).toBe("3");
    await page.click("#start");
    await reachStep(30);
    expect(await page.$$("#norms rect.bar")).toHaveLength(4);
    await page.waitForFunction(() => document.querySelector("#verdict")?.textContent?.startsWith("healthy"), { timeout: 30_000 });
    await page.click("#reset");
    expect(await text("#start")).toBe("Start");
    expect(complaints).toEqual([]);
  });

  it("names every control, and has no inline script", async () => {
    await open();
    const nameless = await page.$$eval("input, select, button", (controls) =>
      controls
        .filter(
          (control) => !control.getAttribute("aria-label") && !control.textContent?.trim() && !(control as HTMLInputElement).labels?.length,
        )
        .map((control) => control.outerHTML),
    );
    expect(nameless).toEqual([]);
    const own = await (await fetch(`${vite.resolvedUrls!.local[0]}index.html`)).text();
    expect(own.match(/<script(?![^>]*\bsrc=)[^>]*>/g)).toBeNull();
  });

  it("says what to do where there is no WebGPU", async () => {
    await open(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
    await page.waitForFunction(() => document.querySelector<HTMLElement>("#verdict")?.dataset["kind"] === "error");
    expect(await text("#verdict")).toMatch(/WebGPU/);
    expect(await page.$eval("#start", (button) => (button as HTMLButtonElement).disabled)).toBe(true);
    expect(complaints).toEqual([]);
  });
});
