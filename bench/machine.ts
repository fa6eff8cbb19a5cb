/** What the command knows of the machine and the source, and a page does not. */
import { execFileSync } from "node:child_process";
import { arch, cpus, release, type } from "node:os";
import { VERSION } from "../src/cli/environment.ts";
import type { Around } from "./document.ts";

export function machineAround(runtime: Around["runtime"], browser: string, commit: string): Around {
  const processors = cpus();
  return {
    runtime,
    browser,
    fathom: VERSION,
    commit,
    node: process.version,
    system: `${type()} ${release()} ${arch()}`,
    processor: processors[0]?.model.trim() || null,
    logicalProcessors: processors.length,
  };
}

/** The source's commit, with a "+" where files that matter differ from it; "unknown" outside of a clone. */
export function commitOf(folder: string): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "src", "shaders", "bench", ":!bench/results") !== "";
    return git("rev-parse", "--short=12", "HEAD") + (changed ? "+" : "");
  } catch {
    return "unknown";
  }
}
