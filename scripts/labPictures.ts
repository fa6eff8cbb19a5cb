/**
 * Takes pictures of the built lab, after `npm run build:demo`: `npm run pictures` those that the README shows, and `npm run pictures -- DIR [PART]` every state
 * of every page (or those whose name has PART in it) at 390, 1280 and 1920 pixels, light and dark, to be looked at.
 */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { preview } from "vite";
import { findBrowser } from "../src/cli/findBrowser.ts";
import { launchBrowser } from "../src/cli/launchBrowser.ts";
import { type LabState, STATES, settle } from "./labStates.ts";

const repository = resolve(import.meta.dirname, "..");

interface Picture {
  readonly name: string;
  readonly state: string;
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
}

const OF_README: readonly Picture[] = [
  { name: "lab", state: "story", width: 1280, height: 900, scheme: "light" },
  { name: "lab-inside", state: "inside", width: 1440, height: 1000, scheme: "dark" },
  { name: "lab-phone", state: "phone", width: 390, height: 844, scheme: "light" },
];
const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;

export async function main([folder, part = ""]: readonly string[]): Promise<void> {
  const out = folder === undefined ? resolve(repository, "docs/images") : resolve(folder);
  mkdirSync(out, { recursive: true });
  const server = await preview({
    root: resolve(repository, "demo"),
    configFile: false,
    logLevel: "error",
    build: { outDir: resolve(repository, "dist/demo") },
    preview: { host: "127.0.0.1", port: 0 },
  });
  const browsers: Record<"seeing" | "blind", () => Promise<Browser>> = {
    seeing: () => launchBrowser("chromium"),
    blind: async () => puppeteer.launch({ executablePath: await findBrowser("chromium"), headless: true, args: ["--no-sandbox"] }),
  };
  for (const kind of ["seeing", "blind"] as const) {
    const states = STATES.filter(({ blind }) => (kind === "blind") === (blind ?? false));
    const wanted = folder === undefined ? [] : states.filter(({ name }) => name.includes(part));
    const pictures = folder === undefined ? OF_README.filter(({ state }) => states.some(({ name }) => name === state)) : [];
    if (wanted.length + pictures.length === 0) continue;
    const browser = await browsers[kind]();
    const open = async (state: LabState, size: { width: number; height: number }): Promise<Page> => {
      // One that knows nothing of runs that were left in another.
      const page = await (await browser.createBrowserContext()).newPage();
      await page.setViewport(size);
      await page.goto(`${server.resolvedUrls!.local[0]}${state.path ?? ""}`);
      await state.reach?.(page);
      return page;
    };
    for (const { name, state, width, height, scheme } of pictures) {
      const page = await open(STATES.find((one) => one.name === state)!, { width, height });
      await take(page, `${out}/${name}.png`, scheme, false);
      await page.close();
    }
    for (const state of wanted) {
      const page = await open(state, SIZES[1]);
      for (const { width, height } of SIZES)
        for (const scheme of ["light", "dark"] as const) {
          await page.setViewport({ width, height });
          await take(page, `${out}/${state.name}-${width}-${scheme}.png`, scheme, true);
        }
      await page.close();
    }
    await browser.close();
  }
  await server.close();
}

async function take(page: Page, path: string, scheme: "light" | "dark", fullPage: boolean): Promise<void> {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await settle(page, fullPage);
  const picture = await page.screenshot({ path, fullPage });
  console.log(`${path}: ${picture.length} bytes`);
}
