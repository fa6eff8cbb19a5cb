/** Runs a job in a headless browser. */
import { buildPage } from "../scripts/buildPage.ts";
import { drive } from "../src/cli/drive.ts";
import type { BenchArguments } from "./arguments.ts";
import { Collector } from "./document.ts";
import type { BenchEvent } from "./job.ts";
import { machineAround } from "./machine.ts";
import type { Outcome } from "./outcome.ts";
import { bundleSizes } from "./peers/bundleSizes.ts";
import { SIZES_FILE } from "./peers/sizeEntries.ts";

export async function runInBrowser({ job, browser, again }: BenchArguments, commit: string, signal: AbortSignal): Promise<Outcome> {
  const collector = new Collector(job);
  let version: string = browser;
  let failure: unknown = null;
  try {
    const driven = await drive({
      page: await buildPage("bench/headless"),
      job,
      browser,
      signal,
      read: async (name) => (name === SIZES_FILE ? new TextEncoder().encode(JSON.stringify(await bundleSizes())) : undefined),
      onEvent: (given) => {
        const event = given as BenchEvent;
        collector.take(event);
        if (event.type === "line") console.log(`${event.suite}: ${event.text}`);
      },
    });
    version = driven.browserVersion;
  } catch (error) {
    failure = error;
  }
  return { document: collector.document(again, machineAround("headless browser", version, commit)), failure };
}
