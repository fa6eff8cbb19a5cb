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

/** The exit code. */
export async function finish({ document, failure }: Outcome, given: BenchArguments): Promise<number> {
  const missed = document && document.suites.length > 0 ? await write(v.parse(resultSchema, document), given) : [];
  if (failure) throw failure;
  if (missed.length > 0) console.error(`fathom: ${missed.length} targets were missed: ${missed.join("; ")}`);
  // A trial's samples are too short to fail by.
  return missed.length > 0 && !given.job.quick ? EXIT.failed : EXIT.done;
}

const jsonOf = (document: BenchResult): string => `${JSON.stringify(document, null, 1)}\n`;

async function write(document: BenchResult, { out, shownOut, save, join: joins }: BenchArguments): Promise<string[]> {
  await makeFolder(out);
  const markdown = resultMarkdown(document);
  const json = jsonOf(document);
  await writeFile(join(out, "bench.json"), json);
  await writeFile(join(out, "bench.md"), markdown);
  if (save !== undefined) {
    await makeFolder(resolve("bench/results"));
    const saved = joins ? savedResult(save) : null;
    await writeFile(resultFile(save), saved ? jsonOf(joined(saved, document)) : json);
  }
  console.log(`\n${markdown}\nWritten to ${shownOut}${save === undefined ? "" : ` and bench/results/${save}.json`}`);
  return missedTargets(document);
}
