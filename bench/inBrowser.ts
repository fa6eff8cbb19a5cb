/** Runs a job in a headless browser. */
import { buildPage } from "../scripts/buildPage.ts";
import { drive } from "../src/cli/drive.ts";
import type { BenchArguments } from "./arguments.ts";
import { ColdBrowsers } from "./cold/browser.ts";
import { COLD_STARTS, coldJobOf } from "./cold/job.ts";
import { type Around, Collector } from "./document.ts";
import type { BenchEvent } from "./job.ts";
import { checkJoin } from "./join.ts";
import { machineAround } from "./machine.ts";
import type { Outcome } from "./outcome.ts";
import { bundleSizes } from "./peers/bundleSizes.ts";
import { SIZES_FILE } from "./peers/sizeEntries.ts";

/** The signal asks for an end: the page keeps what it has measured. */
export async function runInBrowser(given: BenchArguments, commit: string, signal: AbortSignal): Promise<Outcome> {
  const { job, browser, again } = given;
  const aroundIn = (version: string): Around => machineAround("headless browser", version, commit);
  const { browser: _notKnownYet, ...known } = aroundIn(browser);
  checkJoin(given, known);
  const collector = new Collector(job);
  const browsers = new ColdBrowsers(browser, signal);
  const refused = new AbortController();
  let around = aroundIn(browser);
  let failure: unknown = null;
  try {
    await drive({
      page: await buildPage("bench/headless"),
      job,
      browser,
      interrupt: signal,
      signal: refused.signal,
      read: async (name) => {
        const found = await answer(name, browsers);
        return found === undefined ? undefined : new TextEncoder().encode(JSON.stringify(found));
      },
      onBrowser: (version) => {
        around = aroundIn(version);
        checkJoin(given, around);
      },
      onEvent: (told) => {
        // The page goes on until it hears of it.
        if (refused.signal.aborted) return;
        const event = told as BenchEvent;
        collector.take(event);
        if (event.type === "line") console.log(`${event.suite}: ${event.text}`);
        if (event.type !== "opened") return;
        try {
          checkJoin(given, event.environment);
        } catch (error) {
          failure = error;
          refused.abort();
        }
      },
    });
  } catch (error) {
    failure ??= error;
  }
  return { document: collector.document(again, around), failure };
}

/** What a page cannot do itself. */
async function answer(name: string, browsers: ColdBrowsers): Promise<unknown> {
  if (name === COLD_STARTS) return true;
  if (name === SIZES_FILE) return bundleSizes();
  const cold = coldJobOf(name);
  return cold ? browsers.start(cold) : undefined;
}
