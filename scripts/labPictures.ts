/**
 * Takes pictures of the lab as it is built: `npm run pictures` those that the README shows, and `npm run pictures -- DIR [PART]` every state
 * of every page (or those whose name has PART in it) at 390, 1280 and 1920 pixels, light and dark, to be looked at.
 */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { LabPage, labSite, launchBlind } from "../test/support/labPage.ts";
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
  { name: "lab-inside", state: "inside", width: 1440, height: 1280, scheme: "dark" },
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
  const site = await labSite();
  for (const kind of ["seeing", "blind"] as const) {
    const states = STATES.filter(({ blind }) => (kind === "blind") === (blind ?? false));
    const wanted = folder === undefined ? [] : states.filter(({ name }) => name.includes(part));
    const pictures = folder === undefined ? OF_README.filter(({ state }) => states.some(({ name }) => name === state)) : [];
    if (wanted.length + pictures.length === 0) continue;
    const browser = kind === "seeing" ? site.browser : await launchBlind();
    const open = async (state: LabState, size: { width: number; height: number }): Promise<LabPage> => {
      // In a browser that knows nothing of runs that were left in another.
      const lab = await LabPage.blank({ browser: await browser.createBrowserContext() });
      await lab.page.setViewport(size);
      await lab.page.goto(`${site.address}${state.path ?? ""}`);
      await state.reach?.(lab);
      return lab;
    };
    for (const { name, state, width, height, scheme } of pictures) {
      const lab = await open(STATES.find((one) => one.name === state)!, { width, height });
      await take(lab, `${out}/${name}.png`, scheme, false);
      await lab.page.close();
    }
    for (const state of wanted) {
      const lab = await open(state, SIZES[1]);
      for (const { width, height } of SIZES)
        for (const scheme of ["light", "dark"] as const) {
          await lab.page.setViewport({ width, height });
          await take(lab, `${out}/${state.name}-${width}-${scheme}.png`, scheme, true);
        }
      await lab.page.close();
    }
    if (kind === "blind") await browser.close();
  }
  await site.close();
}

async function take(lab: LabPage, path: string, scheme: "light" | "dark", fullPage: boolean): Promise<void> {
  await lab.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await settle(lab, fullPage);
  const picture = await lab.page.screenshot({ path, fullPage });
  console.log(`${path}: ${picture.length} bytes`);
}
