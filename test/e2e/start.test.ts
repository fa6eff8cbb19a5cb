/** The main job as a user runs it, with few steps: its files, its report in a browser, and how it fails. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBrowser } from "../../src/cli/findBrowser.ts";
import { launchBrowser } from "../../src/cli/launchBrowser.ts";
import { type Finished, runModule, runProgram } from "../support/childProcess.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";

const NETS = ["sigmoid", "tanh", "relu", "relu-batchnorm-clip", "residual-batchnorm"];
const STEPS = 3;

const folder = mkdtempSync(join(tmpdir(), "fathom-start-"));
const out = join(folder, "runs");
afterAll(() => rmSync(folder, { recursive: true }));

describe("npm start", () => {
  let finished: Finished;
  beforeAll(async () => {
    finished = await runProgram("npm", ["start", "--silent", "--", "--steps", String(STEPS), "--seed", "11", "--out", out]);
  });

  it("ends well, with a line of progress and a verdict for each net, and no escape codes for a file", () => {
    expect(finished.stderr).toBe("");
    expect(finished.code).toBe(0);
    for (const title of ["sigmoid, normal(0, 0.1)", "tanh, Glorot", "ReLU, He", "ReLU, He, batch-norm, clip", "residual, He, batch-norm"]) {
      const lines = finished.stdout.split("\n").filter((line) => line.startsWith(`${title}  `));
      expect(lines.length, title).toBeGreaterThanOrEqual(3);
      expect(lines[0]).toMatch(/step 3\/3 {2}loss [\d.]+ {2}[\d.]+ steps\/s/);
    }
    expect(finished.stdout).toMatch(/^sigmoid.*vanishing: the first layer's gradient is \de-1[678]/m);
    expect(finished.stdout).toContain("overhead: a step's time over that of the plain net, ReLU, He.");
    expect(finished.stdout).not.toContain("\x1b");
  });

  it.each(NETS)("writes metrics, summary and weights of %s", (name) => {
    const read = (file: string): string => readFileSync(join(out, name, file), "utf8");
    const metrics = read("metrics.jsonl")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(metrics.map(({ step }) => step)).toEqual([0, 1, 2]);
    const weights = readSafetensors(new Uint8Array(readFileSync(join(out, name, "weights.safetensors"))));
    const parameters = [...weights.keys()].filter((tensor) => !/running_|num_batches/.test(tensor));
    for (const line of metrics) {
      expect(line.loss).toBeGreaterThan(0);
      expect(line.learningRate).toBeCloseTo(0.02 * (1 - line.step / STEPS), 7);
      expect(line.layers.map((layer: { name: string }) => layer.name).sort()).toEqual([...parameters].sort());
      const norms: number[] = line.layers.map((layer: { gradientNorm: number }) => layer.gradientNorm);
      expect(Math.hypot(...norms) / line.gradientNorm).toBeCloseTo(1, 4);
    }
    const summary = JSON.parse(read("summary.json"));
    expect(summary).toMatchObject({
      format: "fathom-summary/1",
      name,
      seed: 11,
      steps: STEPS,
      stopped: null,
      environment: { adapterClass: expect.any(String) },
    });
    for (const key of ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"]) expect(summary[key], key).toEqual(expect.any(Number));
    expect(summary.testAccuracy * 360).toBeCloseTo(Math.round(summary.testAccuracy * 360), 6);
    expect(summary.counters.dispatches).toBeLessThanOrEqual(24 * (/batchnorm/.test(name) ? 5 : 3) + 9);
    expect(summary.timing.step.milliseconds).toBeGreaterThan(0);
  });

  it("makes the same run again from the same seed, and another of another net", async () => {
    const again = join(folder, "again");
    const { code } = await runModule("scripts/start.ts", ["--steps", String(STEPS), "--seed", "11", "--only", "tanh", "--out", again]);
    expect(code).toBe(0);
    const metrics = (root: string, name: string): string => readFileSync(join(root, name, "metrics.jsonl"), "utf8");
    expect(metrics(again, "tanh")).toBe(metrics(out, "tanh"));
    expect(metrics(out, "relu")).not.toBe(metrics(out, "relu-batchnorm-clip"));
    expect(existsSync(join(again, "relu"))).toBe(false);
  });

  describe("its report, opened as a file", () => {
    let browser: Browser;
    let page: Page;
    const complaints: string[] = [];
    const requests: string[] = [];
    beforeAll(async () => {
      browser = await launchBrowser("chromium");
      page = await browser.newPage();
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => requests.push(request.url()));
      await page.goto(pathToFileURL(join(out, "report.html")).href);
    });
    afterAll(() => browser.close());

    it("complains of nothing and asks for nothing", () => {
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith("data:"))).toEqual([pathToFileURL(join(out, "report.html")).href]);
    });

    it("shows a heat map for each net, a line for each in both charts, and the table", async () => {
      const shown = await page.evaluate(() => ({
        maps: [...document.querySelectorAll("svg.heat image")].map((image) => image.getBoundingClientRect().width),
        lines: ["loss", "profile"].map(
          (id) => [...document.querySelectorAll<SVGPathElement>(`#${id} path.line`)].filter((path) => path.getTotalLength() > 30).length,
        ),
        rows: document.querySelectorAll("section:first-of-type tbody tr").length,
        text: document.body.innerText,
      }));
      expect(shown.maps).toHaveLength(NETS.length);
      for (const width of shown.maps) expect(width).toBeGreaterThan(200);
      expect(shown.lines).toEqual([NETS.length, NETS.length]);
      expect(shown.rows).toBe(NETS.length);
      expect(shown.text).toContain("vanishing: the first layer's gradient");
      expect(shown.text).not.toMatch(/undefined|\bNaN\b/);
    });

    it("has pictures that a browser can decode, as wide as there are steps and as high as there are layers", async () => {
      const sizes = await page.evaluate(() =>
        Promise.all(
          [...document.querySelectorAll("svg.heat image")].map(async (image) => {
            const picture = new Image();
            picture.src = image.getAttribute("href")!;
            await picture.decode();
            return [picture.naturalWidth, picture.naturalHeight];
          }),
        ),
      );
      expect(sizes).toEqual(NETS.map(() => [STEPS, 25]));
    });

    it("tells the norm under the pointer", async () => {
      const image = (await page.$("figure[data-net='0'] image"))!;
      await image.scrollIntoView();
      await image.hover();
      const reading = await page.$eval("#reading", (element) => element.textContent);
      // The middle cell of 25 layers and 3 steps.
      expect(reading).toMatch(/^step 1, layer 13 \(0\.12\.0\.weight\): \d\.\d\de-\d+$/);
    });
  });
});

describe("npm start fails", () => {
  it.each([
    [["--steps", "0"], /--steps is 0; use a whole number from 1/],
    [["--only", "resnet"], /there is no net "resnet"; --only takes sigmoid, tanh/],
    [["--frobnicate"], /Unknown option '--frobnicate'.*--help/],
  ])("with code 2 for %j", async (args, message) => {
    const { code, stderr, stdout } = await runModule("scripts/start.ts", args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it("with code 1 and the remedy where the named browser is not there", async () => {
    const { code, stderr } = await runModule("scripts/start.ts", ["--steps", "1", "--out", join(folder, "none")], {
      env: { CHROME_BIN: join(folder, "nothing") },
    });
    expect(stderr).toMatch(/^fathom: CHROME_BIN names .*nothing, but there is no such file; correct it, or unset it/);
    expect(code).toBe(1);
  });

  it("with code 130 on Ctrl-C, and leaves no browser behind", async () => {
    // A browser that tells its process id.
    const [wrapper, pidFile] = [join(folder, "browser.sh"), join(folder, "pid")];
    writeFileSync(wrapper, `#!/bin/sh\necho $$ > '${pidFile}'\nexec '${await findBrowser("chromium")}' "$@"\n`, { mode: 0o755 });
    const { code, stderr } = await runModule(
      "scripts/start.ts",
      ["--steps", "100000", "--only", "relu", "--out", join(folder, "interrupted")],
      {
        env: { CHROME_BIN: wrapper },
        onOutput: (text, kill) => {
          if (text.includes("WebGPU:")) kill("SIGINT");
        },
      },
    );
    expect(stderr).toContain("interrupted");
    expect(code).toBe(130);
    const pid = Number(readFileSync(pidFile, "utf8"));
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });
});
