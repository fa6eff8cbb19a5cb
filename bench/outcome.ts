/** What comes of a run, and how it ends: the document is written and printed, also where the run ended early. */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { EXIT } from "../src/cli/exit.ts";
import { makeFolder } from "../src/cli/runFiles.ts";
import type { BenchArguments } from "./arguments.ts";
import { joined, resultFile, savedResult } from "./join.ts";
import { type BenchResult, resultSchema } from "./schema.ts";
import { missedTargets, resultMarkdown } from "./table.ts";

export interface Outcome {
  /** Null where no engine was opened. */
  readonly document: BenchResult | null;
  /** What ended the run early; null where nothing did. */
  readonly failure: unknown;
}

/** The exit code. A saved document is replaced, or added to, only by a run that reached its end and measured something of each suite. */
export async function finish({ document, failure }: Outcome, given: BenchArguments): Promise<number> {
  if (!document || document.suites.length === 0) {
    if (failure) throw failure;
    return EXIT.failed;
  }
  await write(v.parse(resultSchema, document), given);
  const { save } = given;
  const reason = unsaved(document, failure);
  if (save !== undefined && reason !== null)
    console.error(`fathom: --save: ${shownFile(save)} is left as it was, because ${reason}; what was measured is in ${given.shownOut}`);
  if (failure) throw failure;
  if (save !== undefined && reason === null) await keep(document, save, given);
  const missed = missedTargets(document);
  if (missed.length > 0) console.error(`fathom: ${missed.length} targets were missed: ${missed.join("; ")}`);
  // A trial's samples are too short to fail by.
  const isMissed = missed.length > 0 && !given.job.quick;
  return isMissed || (save !== undefined && reason !== null) ? EXIT.failed : EXIT.done;
}

/** Why the document is not one to be kept; null where it is. */
function unsaved({ suites }: BenchResult, failure: unknown): string | null {
  if (failure) return "the run did not reach its end";
  const empty = suites.filter(({ entries }) => entries.length === 0).map(({ name }) => name);
  return empty.length === 0 ? null : `nothing was measured of ${empty.join(", ")}`;
}

const jsonOf = (document: BenchResult): string => `${JSON.stringify(document, null, 1)}\n`;
const shownFile = (name: string): string => `bench/results/${name}.json`;

async function write(document: BenchResult, { out, shownOut }: BenchArguments): Promise<void> {
  await makeFolder(out);
  const markdown = resultMarkdown(document);
  await writeFile(join(out, "bench.json"), jsonOf(document));
  await writeFile(join(out, "bench.md"), markdown);
  console.log(`\n${markdown}\nWritten to ${shownOut}`);
}

async function keep(document: BenchResult, name: string, { join: joins, job }: BenchArguments): Promise<void> {
  await makeFolder(resolve("bench/results"));
  const saved = joins ? savedResult(name) : null;
  await writeFile(resultFile(name), jsonOf(saved ? joined(saved, document, job.only.length === 0) : document));
  console.log(`Saved as ${shownFile(name)}`);
}
