/** The page of `npm run mutants`: one browser session for all mutants, in which the kernel tests get collect.ts in Vitest's stead. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { puppeteerProvider } from "../support/puppeteerProvider.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const browser = process.env["FATHOM_MUTANTS_BROWSER"] === "chromium" ? "chromium" : "firefox";
const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);

export default defineConfig({
  root,
  plugins: [
    {
      name: "collect-kernel-tests",
      enforce: "pre",
      resolveId: (source, importer) =>
        source === "vitest" && importer && /\/test\/(gpu|support)\//.test(importer) ? `${root}test/mutants/collect.ts` : null,
    },
  ],
  optimizeDeps: { include: ["wgsl-preprocessor/wgsl-preprocessor.js", "valibot", "fast-check"] },
  test: {
    include: ["test/mutants/mutants.test.ts"],
    provide: {
      browsers: [browser],
      fuzz: { all: 0, few: 0, seed: 1 },
      mutants: {
        only: process.env["FATHOM_MUTANTS_ONLY"] ?? "",
        tests: process.env["FATHOM_MUTANTS_TESTS"] ?? "",
        sample: number("FATHOM_MUTANTS_SAMPLE", 0),
        seed: number("FATHOM_MUTANTS_SEED", 1),
      },
    },
    testTimeout: 4 * 3600_000,
    maxWorkers: 1,
    browser: {
      enabled: true,
      headless: true,
      ui: false,
      screenshotFailures: false,
      provider: puppeteerProvider(),
      instances: [{ browser }],
    },
  },
});
