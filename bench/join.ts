/** A document of several calls: what a later one measured is added to what there is. */
import { resolve } from "node:path";
import { FathomError } from "../src/core/errors.ts";
import type { BenchArguments } from "./arguments.ts";
import { readDocument } from "./documentFile.ts";
import { joinedLeft } from "./joinLeft.ts";
import type { BenchEnvironment, BenchResult, Entry, SuiteResult } from "./schema.ts";
import { commandsOnce, eachOnce } from "./ways.ts";

export const resultFile = (name: string): string => resolve("bench/results", `${name}.json`);

/** Null where there is none yet. */
export function savedResult(name: string): BenchResult | null {
  try {
    return readDocument(resultFile(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** What must not differ between the calls. */
const SAME = [
  "adapter",
  "runtime",
  "browser",
  "fathom",
  "commit",
  "system",
  "processor",
] as const satisfies readonly (keyof BenchEnvironment)[];

type Known = Partial<BenchEnvironment>;

/** Throws a FathomError (argument) that names what differs, where both are not of one machine, one commit and one seed. */
function checkSame(before: BenchResult, after: Pick<BenchResult, "seed" | "quick"> & { readonly environment: Known }): void {
  const differences = [
    ...SAME.map((key) => [key, before.environment[key], after.environment[key]] as const),
    ...(["seed", "quick"] as const).map((key) => [key, before[key], after[key]] as const),
  ]
    .filter(([, was, is]) => is !== undefined && was !== is)
    .map(([key, was, is]) => `${key} was ${was}, and is ${is}`);
  if (differences.length > 0)
    throw new FathomError(
      "argument",
      `--join: the document is of another run: ${differences.join("; ")}. Save under another name, or begin anew without --join`,
    );
}

/** The same of the saved document and what is known of a run so far: better now than after minutes of measuring. */
export function checkJoin({ join, save, job }: BenchArguments, known: Known): void {
  const saved = join ? savedResult(save!) : null;
  if (saved) checkSame(saved, { seed: job.seed, quick: job.quick, environment: known });
}

/** `isWhole` where nothing of the later suites was deselected, so that it has told all that it left out. Throws as `checkSame`. */
export function joined(before: BenchResult, after: BenchResult, isWhole: boolean): BenchResult {
  checkSame(before, after);
  const names = union(
    before.suites.map(({ name }) => name),
    after.suites.map(({ name }) => name),
  );
  const suites = names.map((name) => {
    const [old, own] = [before, after].map((result) => result.suites.find((suite) => suite.name === name));
    return old && own ? joinedSuite(old, own, isWhole) : (own ?? old)!;
  });
  return {
    ...after,
    command: commandsOnce(before.command, after.command),
    cautions: union(before.cautions, after.cautions),
    suites,
  };
}

const union = (one: readonly string[], other: readonly string[]): string[] => [...new Set([...one, ...other])];

/** What was measured anew takes its old place; what is new follows; what was compared with an old one of them goes. */
function joinedSuite(before: SuiteResult, after: SuiteResult, isWhole: boolean): SuiteResult {
  const anew = new Map(after.entries.map((entry): [string, Entry] => [entry.id, entry]));
  const known = new Map(before.entries.map((entry): [string, Entry] => [entry.id, entry]));
  // A base may have one itself.
  const isStale = ({ comparison }: Entry): boolean => {
    const base = comparison && known.get(comparison.over);
    return base ? anew.has(base.id) || isStale(base) : false;
  };
  const stale = new Set(before.entries.filter(isStale));
  const rest = before.entries.filter(({ id }) => !anew.has(id));
  const kept = rest.filter((entry) => !stale.has(entry));
  const dropped = rest.filter((entry) => stale.has(entry));
  return {
    ...after,
    method: eachOnce(before.method, after.method),
    seconds: Math.round(10 * (before.seconds + after.seconds)) / 10,
    versions: { ...before.versions, ...after.versions },
    left: joinedLeft(before, after, { kept, dropped, isWhole }),
    entries: [
      ...before.entries.flatMap((entry) => anew.get(entry.id) ?? (kept.includes(entry) ? entry : [])),
      ...after.entries.filter(({ id }) => !known.has(id)),
    ],
  };
}
