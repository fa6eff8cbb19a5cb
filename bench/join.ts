/** A document of several calls: what a later one measured is added to what there is. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as v from "valibot";
import { FathomError } from "../src/core/errors.ts";
import { type BenchEnvironment, type BenchResult, type Entry, resultSchema, type SuiteResult } from "./schema.ts";

export const resultFile = (name: string): string => resolve("bench/results", `${name}.json`);

/** Null where there is none yet. */
export function savedResult(name: string): BenchResult | null {
  let text: string;
  try {
    text = readFileSync(resultFile(name), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  return v.parse(resultSchema, JSON.parse(text));
}

/** Throws a FathomError (argument) where a saved document is of another commit: better now than after minutes of measuring. */
export function checkCommit(name: string, commit: string): void {
  const saved = savedResult(name);
  if (saved && saved.environment.commit !== commit)
    throw new FathomError(
      "argument",
      `--join: ${resultFile(name)} is of commit ${saved.environment.commit}, and this is ${commit}; save under another name, or begin anew without --join`,
    );
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

/** Throws a FathomError (argument) that names what differs, where both are not of one machine and one commit. */
export function joined(before: BenchResult, after: BenchResult): BenchResult {
  const differences = [
    ...SAME.filter((key) => before.environment[key] !== after.environment[key]).map(
      (key) => `${key} was ${before.environment[key]}, and is ${after.environment[key]}`,
    ),
    ...(["seed", "quick"] as const)
      .filter((key) => before[key] !== after[key])
      .map((key) => `${key} was ${before[key]}, and is ${after[key]}`),
  ];
  if (differences.length > 0)
    throw new FathomError(
      "argument",
      `--join: the document is of another run: ${differences.join("; ")}. Save under another name, or begin anew without --join`,
    );
  const names = union(
    before.suites.map(({ name }) => name),
    after.suites.map(({ name }) => name),
  );
  const suites = names.map((name) => {
    const [old, own] = [before, after].map((result) => result.suites.find((suite) => suite.name === name));
    return old && own ? joinedSuite(old, own) : (own ?? old)!;
  });
  return {
    ...after,
    command: union(before.command.split(COMMANDS), [after.command]).join(COMMANDS),
    cautions: union(before.cautions, after.cautions),
    suites,
  };
}

const COMMANDS = " && ";

const union = (one: readonly string[], other: readonly string[]): string[] => [...new Set([...one, ...other])];

/** What was measured anew takes its old place; what is new follows. */
function joinedSuite(before: SuiteResult, after: SuiteResult): SuiteResult {
  const anew = new Map(after.entries.map((entry): [string, Entry] => [entry.id, entry]));
  const known = new Set(before.entries.map(({ id }) => id));
  return {
    ...after,
    method: union([before.method], [after.method]).join("; and "),
    seconds: Math.round(10 * (before.seconds + after.seconds)) / 10,
    versions: { ...before.versions, ...after.versions },
    left: union(before.left, after.left),
    entries: [...before.entries.map((entry) => anew.get(entry.id) ?? entry), ...after.entries.filter(({ id }) => !known.has(id))],
  };
}
