/** The built lab in a real browser, for end-to-end tests: pages that note every complaint, and ways to wait for what a page says. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type LaunchOptions, type Page } from "puppeteer-core";
import { type PreviewServer, preview } from "vite";
import { findBrowser } from "../../src/cli/findBrowser.ts";
import { launchBrowser } from "../../src/cli/launchBrowser.ts";
import { buildLab, sharedLab } from "./builtLab.ts";
import { REPOSITORY } from "./childProcess.ts";

/** Generous: two pages at a time share two cores, with whatever else there is to do. */
const PATIENCE = 180_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export interface LabSite {
  readonly built: string;
  readonly server: PreviewServer;
  readonly browser: Browser;
  readonly address: string;
  close(): Promise<void>;
}

export interface LabSiteOptions {
  readonly launch?: LaunchOptions;
  /** Served too, beside localhost. */
  readonly allowedHosts?: string[];
  /** Sent with everything. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes changes to the built files, of which the site then has its own. */
  readonly change?: (built: string) => void;
}

/** The demo, built and served. */
export async function labSite({ launch = {}, allowedHosts = [], headers = {}, change }: LabSiteOptions = {}): Promise<LabSite> {
  const shared = await sharedLab();
  const isShared = shared !== undefined && change === undefined;
  const built = isShared ? shared : mkdtempSync(join(tmpdir(), "fathom-lab-"));
  if (shared === undefined) await buildLab(built);
  else if (!isShared) cpSync(shared, built, { recursive: true });
  change?.(built);
  const server = await preview({
    root: `${REPOSITORY}/demo`,
    configFile: false,
    logLevel: "error",
    build: { outDir: built },
    preview: { host: "127.0.0.1", port: 0, allowedHosts, headers },
  });
  const browser = await launchBrowser("chromium", { launch });
  return {
    built,
    server,
    browser,
    address: server.resolvedUrls!.local[0]!,
    async close() {
      await browser.close();
      await server.close();
      if (!isShared) rmSync(built, { recursive: true, force: true });
    },
  };
}

/** A browser without WebGPU. */
export const launchBlind = async (): Promise<Browser> =>
  puppeteer.launch({ executablePath: await findBrowser("chromium"), headless: true, args: ["--no-sandbox"] });

/** What opens pages: a browser, or one of its contexts. */
interface Opener {
  newPage(): Promise<Page>;
}

/** A page of the lab and what it complained of. */
export class LabPage {
  readonly page: Page;
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warn"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
  }

  static async blank({ browser }: { readonly browser: Opener }): Promise<LabPage> {
    return new LabPage(await browser.newPage());
  }

  /** In a window so high that every chart is in sight. */
  static async tall(site: { readonly browser: Opener }): Promise<LabPage> {
    const opened = await LabPage.blank(site);
    await opened.page.setViewport({ width: 1280, height: 4000 });
    return opened;
  }

  static async open(site: { readonly browser: Opener; readonly address: string }, hash = ""): Promise<LabPage> {
    const opened = await LabPage.blank(site);
    await opened.page.goto(`${site.address}${hash}`);
    return opened;
  }

  text(selector: string): Promise<string> {
    return this.page.$eval(selector, (element) => element.textContent ?? "");
  }

  phase(): Promise<string | undefined> {
    return this.page.evaluate(() => document.body.dataset["phase"]);
  }

  async step(): Promise<number> {
    return Number(/step (\d+)/.exec(await this.text("#numbers"))?.[1] ?? 0);
  }

  /** Of the first layer's gradient to the last's, as the page says it: 0.54, 5.6·10⁻²² or 10⁵; NaN where it says none. */
  async ratio(): Promise<number> {
    const said = /first to last layer (\S+)/.exec(await this.text("#numbers"))?.[1] ?? "";
    const [, factor = "1", power] = /^(?:([\d.]+)·)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$/.exec(said) ?? [];
    if (power === undefined) return said === "" ? Number.NaN : Number(said);
    return Number(`${factor}e${[...power].map((digit) => (digit === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(digit))).join("")}`);
  }

  /** The page's policy forbids what Puppeteer's own waiting is made of, so it is asked from here. */
  async until(what: string, holds: () => Promise<boolean>, patience = PATIENCE): Promise<void> {
    const end = Date.now() + patience;
    while (!(await holds())) {
      if (Date.now() > end)
        throw new Error(
          `${what} did not come; the page says: ${await this.text("#verdict")} ${await this.text("#numbers")} ${await this.text("#note")}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  reach(step: number): Promise<void> {
    return this.until(`step ${step}`, async () => (await this.step()) >= step);
  }

  reachPhase(wanted: string): Promise<void> {
    return this.until(wanted, async () => (await this.phase()) === wanted);
  }

  press(selector: string): Promise<void> {
    return this.page.$eval(selector, (button) => (button as HTMLButtonElement).click());
  }

  /** Gives a control another value, as a visitor does. */
  change(selector: string, value: string | number): Promise<void> {
    return this.page.$eval(
      selector,
      (control, given) => {
        (control as HTMLInputElement).value = given;
        control.dispatchEvent(new Event("change", { bubbles: true }));
      },
      String(value),
    );
  }

  openDetails(selector: string): Promise<void> {
    return this.page.$eval(selector, (details) => {
      (details as HTMLDetailsElement).open = true;
    });
  }

  /** The last step that the browser keeps of any run; 0 where it keeps none. */
  keptStep(): Promise<number> {
    return this.page.evaluate(async () => {
      const asked = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const database = await asked(indexedDB.open("fathom-lab"));
      const runs = await asked<{ step: number }[]>(database.transaction("runs").objectStore("runs").getAll());
      database.close();
      return Math.max(0, ...runs.map((run) => run.step));
    });
  }

  rows(table: string): Promise<string[][]> {
    return this.page.$$eval(`${table} tr`, (lines) =>
      lines.slice(1).map((line) => [...line.children].map((cell) => cell.textContent ?? "")),
    );
  }

  /** What axe finds serious or critical, by rule and element: with every rule in the light, and what colours decide in the dark. */
  async findings(): Promise<string[]> {
    const found: string[] = [];
    await this.page.evaluate(AXE);
    for (const scheme of ["light", "dark"] as const) {
      await this.page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value: scheme },
        // Colours that are on their way are no colours yet.
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      const some = await this.page.evaluate(
        async (rules) => {
          interface Axe {
            run(options: object): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
          }
          const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run({
            resultTypes: ["violations"],
            ...(rules.length > 0 ? { runOnly: rules } : {}),
          });
          return violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html }) => `${id}: ${html.slice(0, 120)}`));
        },
        scheme === "light" ? [] : ["color-contrast"],
      );
      found.push(...some.map((finding) => `${scheme}: ${finding}`));
    }
    return found;
  }

  /** The file that the page lets someone download when a button is pressed. */
  async taken(button: string): Promise<{ readonly type: string; readonly bytes: Buffer }> {
    const [type, base64] = await this.page.evaluate(async (selector) => {
      const made = await new Promise<Blob>((resolve) => {
        const make = URL.createObjectURL;
        URL.createObjectURL = (blob: Blob) => {
          URL.createObjectURL = make;
          resolve(blob);
          return make.call(URL, blob);
        };
        document.querySelector<HTMLButtonElement>(selector)!.click();
      });
      const reader = new FileReader();
      await new Promise((resolve) => {
        reader.onload = resolve;
        reader.readAsDataURL(made);
      });
      return [made.type, String(reader.result).split(",")[1]!] as const;
    }, button);
    return { type, bytes: Buffer.from(base64, "base64") };
  }

  /** Drops files on the page, as a user does. */
  async drop(...files: readonly (readonly [name: string, content: string | Uint8Array])[]): Promise<void> {
    const sent = files.map(([name, content]) => [name, Buffer.from(content).toString("base64")] as const);
    await this.page.evaluate((all) => {
      const transfer = new DataTransfer();
      for (const [name, base64] of all)
        transfer.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name));
      document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
    }, sent);
  }

  /** Drags files and folders of this machine over the middle of the page and drops them, as the browser itself tells of it; what the page shows meanwhile. */
  async dropPaths(...files: readonly string[]): Promise<{ readonly classOver: string }> {
    const client = await this.page.createCDPSession();
    const { width, height } = await this.page.evaluate(() => ({ width: innerWidth, height: innerHeight }));
    const at = { x: width / 2, y: height / 2, data: { items: [], files: [...files], dragOperationsMask: 1 } };
    await client.send("Input.dispatchDragEvent", { type: "dragEnter", ...at });
    await client.send("Input.dispatchDragEvent", { type: "dragOver", ...at });
    const classOver = await this.page.$eval("body", ({ className }) => className);
    await client.send("Input.dispatchDragEvent", { type: "drop", ...at });
    await client.detach();
    return { classOver };
  }
}
