/** One run of everything: pure code and shaders in Node, the engine inside each browser at hand, and pages and commands end to end. */
import { defineConfig } from "vitest/config";
import { type BrowserName, findBrowser } from "./src/cli/findBrowser.ts";
import { puppeteerProvider } from "./test/support/puppeteerProvider.ts";

const browsers = await browsersAtHand();

/**
 * Groups run one after another, in this order, and the projects of a group side by side: both browsers of the gpu project, each of which keeps one
 * core busy, and beside them, one file at a time, what waits for processes more than it computes.
 */
const GROUP = { cpu: 0, gpu: 1, pages: 2 };

/** End-to-end tests that open pages; the others run commands. */
const PAGES = "test/e2e/{demo*,benchPage}.test.ts";
/** Generous, as everywhere: on a busy machine a test may wait long for a core. */
const END_TO_END = { environment: "node", pool: "forks", testTimeout: 300_000, hookTimeout: 120_000 } as const;

export default defineConfig({
  test: {
    // A project may have no tests yet, and a run may select one file.
    passWithNoTests: true,
    reporters: process.env["CI"] ? ["default", "json"] : ["default"],
    outputFile: { json: "coverage/vitest.json" },
    projects: [
      {
        test: {
          name: "cpu",
          include: ["test/cpu/**/*.test.ts"],
          environment: "node",
          pool: "threads",
          maxWorkers: 2,
          // Generous: on a busy machine a test may wait long for a core, and a hang is still found.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: GROUP.cpu },
        },
      },
      {
        test: {
          name: "shaders",
          include: ["test/shaders/**/*.test.ts"],
          environment: "node",
          // Dawn is a native module, which wants a process of its own.
          pool: "forks",
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: GROUP.gpu },
        },
      },
      {
        // Named here, or Vite finds them during the run and reloads the page.
        optimizeDeps: { include: ["wgsl-preprocessor/wgsl-preprocessor.js", "valibot", "fast-check"] },
        test: {
          name: "gpu",
          include: ["test/gpu/**/*.test.ts"],
          provide: { fuzz: fuzzSettings(), browsers },
          setupFiles: ["test/support/gpuGuard.ts"],
          testTimeout: 600_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: GROUP.gpu },
          browser: {
            enabled: true,
            headless: true,
            ui: false,
            screenshotFailures: false,
            provider: puppeteerProvider(),
            instances: browsers.map((browser) => ({ browser })),
          },
        },
      },
      {
        test: {
          ...END_TO_END,
          name: "e2e (commands)",
          include: ["test/e2e/**/*.test.ts"],
          exclude: [PAGES],
          maxWorkers: 1,
          sequence: { groupOrder: GROUP.gpu },
        },
      },
      {
        test: {
          ...END_TO_END,
          name: "e2e (pages)",
          include: [PAGES],
          globalSetup: ["test/support/builtLab.ts"],
          // A page on a software adapter leaves half of two cores idle.
          maxWorkers: 2,
          sequence: { groupOrder: GROUP.pages },
        },
      },
    ],
  },
});

/** The same graphs every time, unless more are asked for, by scripts/fuzz.ts: then new ones, whose seed is part of the test's name. */
function fuzzSettings(): { all: number; few: number; seed: number } {
  const { FATHOM_FUZZ_RUNS: runs, FATHOM_FUZZ_SEED: seed } = process.env;
  return { all: Number(runs ?? 300), few: Number(runs ?? 60), seed: Number(seed ?? (runs ? Date.now() % 2 ** 31 : 1)) };
}

/** Chromium always, so that a run without it fails with advice; Firefox where there is one. Nothing is installed here: see scripts/browsers.ts. */
async function browsersAtHand(): Promise<BrowserName[]> {
  try {
    await findBrowser("firefox");
    return ["chromium", "firefox"];
  } catch (error) {
    console.warn(`gpu (firefox): skipped. ${error instanceof Error ? error.message : String(error)}`);
    return ["chromium"];
  }
}
