/** Takes the pictures of the lab that the README shows: `node scripts/run.mjs scripts/labPictures.ts`, after `npm run build:demo`. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { preview } from "vite";
import { launchBrowser } from "../src/cli/launchBrowser.ts";

const repository = resolve(import.meta.dirname, "..");
const PATIENCE = 180_000;

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
  /** The lab trains to this step first. */
  readonly step: number;
}

const PICTURES: readonly Picture[] = [
  { name: "lab", path: "", width: 1280, height: 800, scheme: "light", step: 60 },
  {
    name: "lab-inside",
    path: "#fathom=1&depth=12&width=16&activation=tanh&init=glorotUniform&data=spirals&optimizer=adam&rate=0.005&inside=1&steps=300",
    width: 1440,
    height: 1000,
    scheme: "dark",
    step: 290,
  },
  {
    name: "lab-phone",
    path: "#fathom=1&activation=relu&init=heNormal&depth=12&steps=100",
    width: 390,
    height: 844,
    scheme: "light",
    step: 40,
  },
];

export async function main(): Promise<void> {
  const folder = resolve(repository, "docs/images");
  mkdirSync(folder, { recursive: true });
  const server = await preview({
    root: resolve(repository, "demo"),
    configFile: false,
    logLevel: "error",
    build: { outDir: resolve(repository, "dist/demo") },
    preview: { host: "127.0.0.1", port: 0 },
  });
  const browser = await launchBrowser("chromium");
  for (const { name, path, width, height, scheme, step } of PICTURES) {
    const page = await browser.newPage();
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(`${server.resolvedUrls!.local[0]}${path}`);
    const made = (): Promise<number> => page.$eval("#progress", (progress) => (progress as HTMLProgressElement).value);
    await until(() => page.evaluate(() => document.body.dataset["phase"] === "idle"));
    await page.$eval("#play", (button) => (button as HTMLButtonElement).click());
    await until(async () => (await made()) >= step);
    await page.$eval("#play", (button) => (button as HTMLButtonElement).click());
    if (width < 600) await page.$eval(".see", (element) => element.scrollIntoView());
    await new Promise((resolveAfter) => setTimeout(resolveAfter, 1500));
    const picture = await page.screenshot({ path: `${folder}/${name}.png` });
    console.log(`docs/images/${name}.png: ${picture.length} bytes`);
    await page.close();
  }
  await browser.close();
  await server.close();
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("the lab did not come so far");
    await new Promise((resolveAfter) => setTimeout(resolveAfter, 50));
  }
}
