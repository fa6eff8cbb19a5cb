/** What finding and starting a browser asks of the machine it runs on, as one interface, so that a test can stand in for any system. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Browser, canDownload, detectBrowserPlatform, getInstalledBrowsers, install } from "@puppeteer/browsers";
import { PUPPETEER_REVISIONS } from "puppeteer-core/internal/revisions.js";

export type BrowserName = "chromium" | "firefox";

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly isRoot: boolean;
  exists(path: string): boolean;
  /** Names in a folder; none where there is no such folder. */
  list(folder: string): readonly string[];
  /** A file's text; empty where there is no such file. */
  read(path: string): string;
  /** Runs a program to its end, or kills it when the time is over. `output` is the end of what it printed. */
  run(command: string, args: readonly string[], seconds: number): Promise<{ ok: boolean; output: string }>;
  /** Executables in Puppeteer's cache, newest first. */
  cached(name: BrowserName): Promise<readonly string[]>;
  /** Downloads a browser into Puppeteer's cache; rejects when it cannot, soon where the network is closed. */
  download(name: BrowserName): Promise<string>;
  /** Tells the user what takes time. */
  note(line: string): void;
}

const CACHE_NAME = { chromium: Browser.CHROME, firefox: Browser.FIREFOX } as const satisfies Record<BrowserName, Browser>;
const CACHE_REVISION = { chromium: PUPPETEER_REVISIONS.chrome, firefox: PUPPETEER_REVISIONS.firefox } satisfies Record<BrowserName, string>;

/** A closed network often drops packets instead of refusing them, so the first answer and every pause have a limit. */
const ANSWER_SECONDS = 8;
const STALL_SECONDS = 30;
const OUTPUT_KEPT = 4000;

export function thisMachine(): Machine {
  const home = homedir();
  const cacheDir = process.env["PUPPETEER_CACHE_DIR"] ?? join(home, ".cache", "puppeteer");
  return {
    platform: process.platform,
    env: process.env,
    home,
    isRoot: process.getuid?.() === 0,
    exists: existsSync,
    list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
    read: (path) => (existsSync(path) ? readFileSync(path, "utf8") : ""),
    run: runProgram,
    cached: (name) => cachedExecutables(cacheDir, name),
    download: (name) => downloadBrowser(cacheDir, name),
    note: (line) => process.stderr.write(`${line}\n`),
  };
}

function runProgram(command: string, args: readonly string[], seconds: number): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    let output = "";
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
    };
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      timeout: seconds * 1000,
    });
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => resolve({ ok: false, output: error.message }));
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });
}

async function cachedExecutables(cacheDir: string, name: BrowserName): Promise<string[]> {
  if (!existsSync(cacheDir)) return [];
  const installed = await getInstalledBrowsers({ cacheDir });
  return installed
    .filter(({ browser, executablePath }) => browser === CACHE_NAME[name] && existsSync(executablePath))
    .sort((a, b) => b.buildId.localeCompare(a.buildId, "en", { numeric: true }))
    .map(({ executablePath }) => executablePath);
}

async function downloadBrowser(cacheDir: string, name: BrowserName): Promise<string> {
  const platform = detectBrowserPlatform();
  if (!platform) throw new Error(`no download exists for ${process.platform} ${process.arch}`);
  const options = { browser: CACHE_NAME[name], buildId: CACHE_REVISION[name], cacheDir, platform };
  const watch = new Watchdog();
  try {
    if (!(await watch.limit(canDownload(options), ANSWER_SECONDS))) throw new Error("the download server does not answer");
    const installing = install({ ...options, downloadProgressCallback: () => watch.restart(STALL_SECONDS) });
    return (await watch.limit(installing, STALL_SECONDS)).executablePath;
  } finally {
    watch.stop();
  }
}

/** Rejects what it waits for when no sign of life has come for some seconds. */
class Watchdog {
  private timer: NodeJS.Timeout | undefined;
  private bark: (error: Error) => void = () => {};

  limit<T>(work: Promise<T>, seconds: number): Promise<T> {
    const silence = new Promise<never>((_, reject) => {
      this.bark = reject;
    });
    this.restart(seconds);
    return Promise.race([work, silence]);
  }

  restart(seconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.bark(new Error(`nothing came for ${seconds} s`)), seconds * 1000);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
