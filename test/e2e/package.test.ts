/**
 * The packed tarball in a project of its own: `npx fathom` trains there, and a run that is interrupted or killed goes on to what an uninterrupted
 * one makes, bit for bit.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBrowser } from "../../src/cli/findBrowser.ts";
import { decodeSafetensors } from "../../src/io/index.ts";
import { type Finished, type RunOptions, runProgram } from "../support/childProcess.ts";

const root = mkdtempSync(join(tmpdir(), "fathom-package-"));
const project = join(root, "project");
const at = (...path: string[]): string => join(project, ...path);
const pidFile = join(root, "pid");
afterAll(() => rmSync(root, { recursive: true }));

let env: Record<string, string> = {};
const run = (command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> =>
  runProgram(command, args, { cwd: project, ...options, env: { ...env, ...options.env } });
/** Without npx between us and its signals. */
const fathom = (args: readonly string[], options?: RunOptions): Promise<Finished> => run(at("node_modules/.bin/fathom"), args, options);

const STEPS = 240;
const experiment = {
  format: "fathom-experiment/1",
  seed: 5,
  dataset: { type: "spirals", samples: 300 },
  batchSize: 16,
  steps: STEPS,
  model: [
    { type: "repeat", times: 4, body: [{ type: "linear", units: 12 }, "batchNorm", "tanh", { type: "dropout", rate: 0.1 }] },
    { type: "linear", units: 3 },
  ],
  loss: "softmaxCrossEntropy",
  optimizer: { type: "adamW", weightDecay: 0.1 },
  schedule: { type: "plateau", initial: 0.01, factor: 0.7, patience: 2, every: 5 },
  monitor: { every: 3 },
};
const json = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;

beforeAll(async () => {
  mkdirSync(project);
  writeFileSync(at("package.json"), '{ "name": "project", "private": true }');
  writeFileSync(at("e.json"), JSON.stringify(experiment));
  const packed = await runProgram("npm", ["pack", "--silent", "--pack-destination", root]);
  expect(packed.code, packed.stderr).toBe(0);
  const tarball = readdirSync(root).find((name) => name.endsWith(".tgz"))!;
  const installed = await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", join(root, tarball)]);
  expect(installed.code, installed.stderr).toBe(0);
  // A browser that tells its process id.
  const wrapper = join(root, "browser.sh");
  writeFileSync(wrapper, `#!/bin/sh\necho $$ > '${pidFile}'\nexec '${await findBrowser("chromium")}' "$@"\n`, { mode: 0o755 });
  env = { CHROME_BIN: wrapper };
}, 300_000);

/** The browser ends a moment after its pipe does. */
async function expectBrowserGone(): Promise<void> {
  const pid = Number(readFileSync(pidFile, "utf8"));
  await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false);
}
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that ended and that nobody has waited for is not running.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function expectSameRun(folder: string): void {
  for (const name of ["metrics.jsonl", "weights.safetensors", `checkpoint-${STEPS}.safetensors`])
    expect(readFileSync(at(folder, name)).equals(readFileSync(at("whole", name))), `${folder}/${name}`).toBe(true);
}

/** What is in the folder of a run that was killed: nothing to go on from, or a checkpoint that is whole. */
function checkpointStep(folder: string): number {
  if (!existsSync(at(folder, "checkpoint.json"))) return 0;
  const { step, file, metricsBytes } = json(at(folder, "checkpoint.json")) as { step: number; file: string; metricsBytes: number };
  const state = decodeSafetensors(readFileSync(at(folder, file)), file);
  expect(JSON.parse(state.metadata["facts"]!)).toMatchObject({ attemptedStep: step });
  const lines = readFileSync(at(folder, "metrics.jsonl")).subarray(0, metricsBytes).toString().trimEnd().split("\n");
  expect(JSON.parse(lines.at(-1)!).step).toBe(3 * Math.floor((step - 1) / 3));
  return step;
}

describe("an installed package", () => {
  it("says what it can do, writes an example once, and checks it", async () => {
    const help = await run("npx", ["fathom", "--help"]);
    expect(help.stdout).toMatch(/fathom train FILE --out DIR .*\n.*fathom check FILE….*\n.*fathom compare.*\n.*fathom init/);
    expect((await fathom(["init"])).stdout).toMatch(/experiment\.json is written/);
    expect((await fathom(["check", "experiment.json"])).stdout).toBe("experiment.json: correct\n");
    const again = await fathom(["init"]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/experiment\.json is there already, and is not overwritten/)]);
  });

  it("trains with npx, and writes every file", async () => {
    const { code, stdout, stderr } = await run("npx", ["fathom", "train", "e.json", "--out", "whole", "--checkpoint-every", "30"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Written to whole");
    expect(readdirSync(at("whole")).sort()).toEqual(
      [`checkpoint-${STEPS}.safetensors`, "checkpoint.json", "metrics.jsonl", "summary.json", "weights.safetensors"].sort(),
    );
    expect(json(at("whole", "summary.json"))).toMatchObject({ steps: STEPS, stopped: null });
  });

  it("goes on to more steps than were asked for at first, elsewhere if told so", async () => {
    // The last step of the first run is no monitored one, and not in the metrics of one run.
    expect((await fathom(["train", "e.json", "--out", "short", "--steps", "47", "--quiet"])).code).toBe(0);
    const { code, stdout } = await fathom(["train", "e.json", "--resume", "short", "--out", "longer"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Going on after 47 of ${STEPS} steps.`);
    expectSameRun("longer");
    expect(json(at("short", "checkpoint.json"))["step"]).toBe(47);
    expect(json(at("longer", "summary.json"))).toMatchObject({ steps: STEPS, verdict: json(at("whole", "summary.json"))["verdict"] });
  });

  it("saves a checkpoint on Ctrl-C, says how to go on, and does", async () => {
    let killed = false;
    const { code, stderr } = await fathom(["train", "e.json", "--out", "stopped", "--steps", "100000", "--checkpoint-every", "100000"], {
      onOutput: (text, kill) => {
        if (killed || !text.includes("WebGPU:")) return;
        killed = true;
        // Once it trains.
        const wait = setInterval(() => {
          if (!existsSync(at("stopped", "metrics.jsonl")) || readFileSync(at("stopped", "metrics.jsonl")).length === 0) return;
          clearInterval(wait);
          kill("SIGINT");
        }, 20);
      },
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(/interrupted after \d+ steps, which are saved; go on with: fathom train e\.json --resume /);
    await expectBrowserGone();
    const step = checkpointStep("stopped");
    expect(step).toBeGreaterThan(0);
    // However far it got, that run to its end.
    const total = String(Math.max(step, STEPS));
    expect((await fathom(["train", "e.json", "--resume", "stopped", "--steps", total, "--quiet"])).code).toBe(0);
    if (step <= STEPS) expectSameRun("stopped");
  });

  it("goes on after being killed at any moment", async () => {
    const seen: number[] = [];
    let finished: Finished | null = null;
    for (let round = 0; finished?.code !== 0; round++) {
      expect(round).toBeLessThan(12);
      const more = checkpointStep("killed") > 0 ? ["--resume", "killed"] : ["--out", "killed"];
      let begun = false;
      finished = await fathom(["train", "e.json", ...more, "--checkpoint-every", "4", "--quiet"], {
        onStart: (kill) => {
          // From the first checkpoint that it makes, at moments that are spread over what follows; the last rounds run to their end.
          const before = checkpointStep("killed");
          const wait = setInterval(() => {
            if (begun || !existsSync(at("killed", "checkpoint.json"))) return;
            const { step } = json(at("killed", "checkpoint.json")) as { step: number };
            if (step === before) return;
            begun = true;
            clearInterval(wait);
            if (round < 5) setTimeout(() => kill("SIGKILL"), 37 * ((round * 3) % 5));
          }, 5);
          return () => clearInterval(wait);
        },
      });
      if (finished.code !== 0) await expectBrowserGone();
      seen.push(checkpointStep("killed"));
    }
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expectSameRun("killed");
  });
});

describe("without starting a browser", () => {
  const none = { env: { CHROME_BIN: join(root, "nothing") } };

  it("refuses to go on with another experiment, and says what differs", async () => {
    const other = { ...experiment, name: "renamed", optimizer: { type: "adamW", weightDecay: 0.2 }, monitor: { every: 2 } };
    writeFileSync(at("other.json"), JSON.stringify(other));
    const { code, stderr } = await fathom(["train", "other.json", "--resume", "whole"], none);
    expect(code).toBe(2);
    expect(stderr).toContain("optimizer.weightDecay was 0.1 and is 0.2; monitor.every was 3 and is 2");
    expect(stderr).not.toContain("renamed");
  });

  it.each([
    [["--resume", "nowhere"], /--resume names .*nowhere, which has no checkpoint/],
    [["--resume", "whole", "--steps", "10"], /holds a run that is at step 240, and 10 are asked for/],
    [["--resume", "whole", "--weights", "whole/weights.safetensors"], /--weights and --resume exclude each other/],
    [["--out", "x", "--checkpoint-every", "0"], /--checkpoint-every is 0; use a whole number from 1/],
    [["--out", "x", "--weights", "gone.safetensors"], /--weights names gone\.safetensors, and there is no such file/],
    [["--out", "x", "--steps", "1.5"], /--steps is "1\.5"; use a whole number from 1/],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await fathom(["train", "e.json", ...args], none);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
