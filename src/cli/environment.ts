/** What a run was made on, for people who compare runs. */
import { arch, cpus, release, type } from "node:os";
import packageJson from "../../package.json" with { type: "json" };
import type { RunEnvironment } from "./results.ts";
import type { PageEnvironment } from "./wire.ts";

export const VERSION = packageJson.version;

export function runEnvironment(page: PageEnvironment, browser: string, date: Date = new Date()): RunEnvironment {
  const processors = cpus();
  return {
    ...page,
    fathom: VERSION,
    browser,
    node: process.version,
    system: `${type()} ${release()} ${arch()}`,
    processor: processors[0]?.model.trim() || "unknown",
    logicalProcessors: processors.length,
    date: date.toISOString(),
  };
}
