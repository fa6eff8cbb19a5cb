/** `npm run mutants [-- --only FILE,FILE:LINE --tests FILE,FILE --browser firefox|chromium --sample N --seed S]`: whether the kernel tests find a wrong sign or a missing term. */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const OPTIONS = {
  only: { type: "string", default: "" },
  tests: { type: "string", default: "" },
  browser: { type: "string", default: "firefox" },
  sample: { type: "string", default: "0" },
  seed: { type: "string", default: "1" },
} as const;

export async function main(args: string[]): Promise<number> {
  const { only, tests, browser, sample, seed } = parseArgs({ args, options: OPTIONS }).values;
  for (const [name, value] of Object.entries({ sample, seed }))
    if (!/^[0-9]+$/.test(value)) throw new Error(`--${name} is a whole number, not ${value}`);
  if (browser !== "chromium" && browser !== "firefox") throw new Error(`--browser is chromium or firefox, not ${browser}`);
  const vitest = spawn("npx", ["vitest", "run", "--config", "test/mutants/vitest.config.ts"], {
    stdio: "inherit",
    env: {
      ...process.env,
      FATHOM_MUTANTS_ONLY: only,
      FATHOM_MUTANTS_TESTS: tests,
      FATHOM_MUTANTS_BROWSER: browser,
      FATHOM_MUTANTS_SAMPLE: sample,
      FATHOM_MUTANTS_SEED: seed,
    },
  });
  return new Promise((resolve) => vitest.on("close", (code) => resolve(code ?? 1)));
}
