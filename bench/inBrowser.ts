/** Runs a job in a headless browser. */
import { buildPage } from "../scripts/buildPage.ts";
import { drive } from "../src/cli/drive.ts";
import type { BenchArguments } from "./arguments.ts";
import { ColdBrowsers } from "./cold/browser.ts";
import { COLD_STARTS, coldJobOf } from "./cold/job.ts";
import { Collector } from "./document.ts";
import type { BenchEvent } from "./job.ts";
import { machineAround } from "./machine.ts";
import type { Outcome } from "./outcome.ts";
import { bundleSizes } from "./peers/bundleSizes.ts";
import { SIZES_FILE } from "./peers/sizeEntries.ts";

export async function runInBrowser({ job, browser, again }: BenchArguments, commit: string, signal: AbortSignal): Promise<Outcome> {
  const collector = new Collector(job);
  const browsers = new ColdBrowsers(browser, signal);
  let version: string = browser;
  let failure: unknown = null;
  try {
    const driven = await drive({
      page: await buildPage("bench/headless"),
      job,
      browser,
      signal,
      read: async (name) => {
        const found = await answer(name, browsers);
        return found === undefined ? undefined : new TextEncoder().encode(JSON.stringify(found));
      },
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

/** What a page cannot do itself. */
async function answer(name: string, browsers: ColdBrowsers): Promise<unknown> {
  if (name === COLD_STARTS) return true;
  if (name === SIZES_FILE) return bundleSizes();
  const cold = coldJobOf(name);
  return cold ? browsers.start(cold) : undefined;
}
