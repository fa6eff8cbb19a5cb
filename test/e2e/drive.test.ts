/** Driving a page, when things go wrong in it: each failure reaches the caller, soon, and nothing is left running. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildPage } from "../../scripts/buildPage.ts";
import { builtInComparison } from "../../src/cli/comparison.ts";
import { drive } from "../../src/cli/drive.ts";
import { findBrowser } from "../../src/cli/findBrowser.ts";
import { runNets } from "../../src/cli/runNets.ts";
import type { PageFiles } from "../../src/cli/serve.ts";

const folder = mkdtempSync(join(tmpdir(), "fathom-drive-"));
const pidFile = join(folder, "pid");
const before = process.env["CHROME_BIN"];
const pid = (): number => Number(readFileSync(pidFile, "utf8"));

beforeAll(async () => {
  // A browser that tells its process id.
  const wrapper = join(folder, "browser.sh");
  writeFileSync(wrapper, `#!/bin/sh\necho $$ > '${pidFile}'\nexec '${await findBrowser("chromium")}' "$@"\n`, { mode: 0o755 });
  process.env["CHROME_BIN"] = wrapper;
});
afterAll(() => {
  if (before === undefined) delete process.env["CHROME_BIN"];
  else process.env["CHROME_BIN"] = before;
  rmSync(folder, { recursive: true });
});
beforeEach(() => rmSync(pidFile, { force: true }));
afterEach(() => {
  if (existsSync(pidFile)) expect(() => process.kill(pid(), 0)).toThrow(/ESRCH/);
});

const page = (script: string): PageFiles =>
  new Map([["index.html", `<!doctype html><title>test</title><link rel="icon" href="data:,"><script type="module">${script}</script>`]]);
const common = { job: { number: 7 }, browser: "chromium", onEvent: () => undefined } as const;
const TELL = `const tell = (...events) => fetch("data/events", { method: "POST", body: JSON.stringify(events) });`;

describe("drive", () => {
  it("hands over the job, and the page's events and files in order", async () => {
    const seen: unknown[] = [];
    const { browserVersion } = await drive({
      ...common,
      page: page(`${TELL}
        const job = await (await fetch("data/job.json")).json();
        const given = await (await fetch("data/given")).text();
        await tell({ type: "a", value: job.number, given }, { type: "b", value: "NaN" });
        await fetch("data/file", { method: "POST", body: new Uint8Array([1, 2, 3]) });
        await tell({ type: "done" });`),
      read: async (name) => (name === "given" ? Buffer.from("bytes") : undefined),
      receive: async (name, body) => void seen.push([name, [...body]]),
      onEvent: (event) => seen.push(event),
    });
    expect(seen).toEqual([{ type: "a", value: 7, given: "bytes" }, { type: "b", value: Number.NaN }, ["file", [1, 2, 3]]]);
    expect(browserVersion).toMatch(/Chrom/);
  });

  it("passes on the page's own error with its code", async () => {
    const failing = page(
      `${TELL} await tell({ type: "failed", error: { name: "FathomError", code: "no-adapter", message: "no adapter: do this", details: {} } });`,
    );
    await expect(drive({ ...common, page: failing })).rejects.toMatchObject({
      name: "FathomError",
      code: "no-adapter",
      message: "no adapter: do this",
    });
  });

  it("ends at once when the page throws", async () => {
    const started = Date.now();
    await expect(drive({ ...common, page: page(`throw new Error("broken page")`) })).rejects.toMatchObject({
      code: "browser",
      message: expect.stringMatching(/broken page/),
    });
    expect(Date.now() - started).toBeLessThan(20_000);
  });

  it("gives a silent page up, with the last that it said", async () => {
    const silent = page(`console.error("I am stuck")`);
    await expect(drive({ ...common, page: silent, silenceSeconds: 1 })).rejects.toMatchObject({
      code: "browser",
      message: expect.stringMatching(/no sign of life for 1 s.*I am stuck/),
    });
  });

  it("says so when the browser ends", async () => {
    const killed = drive({
      ...common,
      page: page(`${TELL} await tell({ type: "ready" });`),
      onEvent: () => process.kill(pid(), "SIGKILL"),
    });
    await expect(killed).rejects.toMatchObject({ code: "browser", message: expect.stringMatching(/browser ended before the job/) });
  });

  it("stops for its signal, at any time", async () => {
    const controller = new AbortController();
    const waiting = drive({
      ...common,
      page: page(`${TELL} await tell({ type: "ready" });`),
      onEvent: () => controller.abort(),
      signal: controller.signal,
    });
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
    await expect(drive({ ...common, page: page(""), signal: controller.signal })).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("runNets", () => {
  it("explains itself where the browser has no WebGPU", async () => {
    const built = new Map(await buildPage("src/cli/page"));
    const hide = `<script>Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined });</script>`;
    built.set("index.html", String(built.get("index.html")).replace("<head>", `<head>${hide}`));
    const [net] = builtInComparison({ steps: 1 }).nets;
    const nets = [{ ...net!, files: {}, weights: null, folder: join(folder, "run") }];
    const run = runNets({
      title: "",
      nets,
      plain: null,
      timing: null,
      page: built,
      browser: "chromium",
      output: null,
      signal: new AbortController().signal,
    });
    await expect(run).rejects.toMatchObject({ code: "no-webgpu" });
    expect(existsSync(join(folder, "run", "summary.json"))).toBe(false);
  });
});
