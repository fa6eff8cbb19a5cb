/** The demo as it is built: once for all test files of a run, by the first that wants it. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "vite";
import { REPOSITORY } from "./childProcess.ts";

/** Names the folder of a run of tests, in the environment of its workers. */
const SHARED = "FATHOM_SHARED_BY_TESTS";

/** For Vitest's `globalSetup`: the folder comes and goes with the run, so that no build is ever older than its sources. */
export default function shareFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "fathom-shared-"));
  process.env[SHARED] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** A folder that others may read too: it is not to be changed. Without a run of tests there is none. */
export async function sharedLab(): Promise<string | undefined> {
  const shared = process.env[SHARED];
  if (shared === undefined) return undefined;
  const [built, making] = [join(shared, "lab"), join(shared, "making")];
  while (!existsSync(built)) {
    if (!takes(making)) {
      await delay(50);
      continue;
    }
    try {
      await buildLab(`${built}.new`);
      renameSync(`${built}.new`, built);
    } finally {
      rmdirSync(making);
    }
  }
  return built;
}

export async function buildLab(outDir: string): Promise<void> {
  await build({ configFile: `${REPOSITORY}/vite.config.ts`, mode: "demo", logLevel: "error", build: { outDir } });
}

/** Only one process makes a folder. */
function takes(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
