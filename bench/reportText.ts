/** docs/benchmarks.md: its figures are made of the committed documents, and stand between two marks; all else in it is written by hand. */
import { FathomError } from "../src/core/errors.ts";
import { promises } from "./reportPromises.ts";
import { benefitsOf, remedies, remedyTablesShow } from "./reportRemedies.ts";
import type { BenchResult, SuiteResult } from "./schema.ts";
import type { SuiteName } from "./suites/index.ts";
import { environmentText, suiteMarkdown } from "./table.ts";
import { commandsOnce } from "./ways.ts";

export interface NamedResult {
  /** The file's name without ".json". */
  readonly name: string;
  readonly result: BenchResult;
}

const BEGIN = "<!-- figures: made by npm run bench:report -->";
const END = "<!-- end of figures -->";

/** The document's text with the figures of these results. */
export function withFigures(text: string, results: readonly NamedResult[]): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from)
    throw new FathomError("io", `docs/benchmarks.md has lost its marks: figures stand between "${BEGIN}" and "${END}"`);
  const before = text.slice(0, from + BEGIN.length);
  return `${before}\n\n${figures(results, before)}\n\n${text.slice(to)}`;
}

/** What most want to know comes first. */
const PLACES = { peers: 0, remedies: 1, depth: 2, kernels: 3, benefits: 4 } as const satisfies Record<SuiteName, number>;
const placeOf = ({ name }: SuiteResult): number => PLACES[name as SuiteName] ?? Object.keys(PLACES).length;

/** Documents by the first of their suites, those of hardware before others of the same, and the suites of each. */
function inOrder(results: readonly NamedResult[]): readonly NamedResult[] {
  const first = ({ result }: NamedResult): number => Math.min(...result.suites.map(placeOf));
  const isSoftware = ({ result }: NamedResult): number => Number(result.environment.adapterClass === "software");
  return results
    .map(({ name, result }) => ({ name, result: { ...result, suites: [...result.suites].sort((a, b) => placeOf(a) - placeOf(b)) } }))
    .sort((a, b) => first(a) - first(b) || isSoftware(a) - isSoftware(b));
}

/** `before` is the text that they follow. */
function figures(results: readonly NamedResult[], before: string): string {
  if (results.length === 0) return "Nothing is measured yet: bench/results has no document.";
  const ordered = inOrder(results);
  const sections = ordered.flatMap((named) => section(named, ordered));
  return [...promises(ordered, before.split("\n"), sections), ...sections].join("\n").trimEnd();
}

function section(named: NamedResult, all: readonly NamedResult[]): string[] {
  const { name, result } = named;
  return [
    `## ${name}`,
    "",
    environmentText(result),
    "",
    `Again: \`${commandsOnce(result.command)}\` (seed ${result.seed}). Raw samples: [bench/results/${name}.json](../bench/results/${name}.json).`,
    "",
    ...result.cautions.flatMap((caution) => [`**${caution}**`, ""]),
    ...result.suites.flatMap((suite) => suiteText(suite, named, all)),
  ];
}

function suiteText(suite: SuiteResult, named: NamedResult, all: readonly NamedResult[]): string[] {
  if (suite.name === "remedies") return remedies(suite, benefitsOf(named.result, all));
  if (suite.name !== "benefits") return suiteMarkdown(suite, "###");
  const shown = suite.entries.filter((entry) => !remedyTablesShow(entry, named.result, all));
  const elsewhere =
    shown.length < suite.entries.length ? ["The figures stand beside what each remedy costs, in the tables of remedies.", ""] : [];
  return [...suiteMarkdown(suite, "###", shown), ...elsewhere];
}
