/** `npm run fuzz -- --runs 5000 [--seed S] [--browser firefox]`: random graphs in a browser, on a new seed unless one is given. */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const OPTIONS = {
  runs: { type: "string", default: "1000" },
  seed: { type: "string" },
  browser: { type: "string", default: "chromium" },
} as const;

export async function main(args: string[]): Promise<number> {
  const { runs, seed, browser } = parseArgs({ args, options: OPTIONS }).values;
  for (const [name, value] of Object.entries({ runs, seed }))
    if (value !== undefined && !/^[0-9]+$/.test(value)) throw new Error(`--${name} is a whole number, not ${value}`);
  if (browser !== "chromium" && browser !== "firefox") throw new Error(`--browser is chromium or firefox, not ${browser}`);
  const vitest = spawn("npx", ["vitest", "run", "--project", `gpu (${browser})`, "test/gpu/fuzz.test.ts"], {
    stdio: "inherit",
    env: { ...process.env, FATHOM_FUZZ_RUNS: runs, ...(seed === undefined ? {} : { FATHOM_FUZZ_SEED: seed }) },
  });
  return new Promise((resolve) => vitest.on("close", (code) => resolve(code ?? 1)));
}
