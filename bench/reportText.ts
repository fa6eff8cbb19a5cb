/** docs/benchmarks.md: its figures are made of the committed documents, and stand between two marks; all else in it is written by hand. */
import { type Column, markdownTable } from "../src/cli/format.ts";
import { FathomError } from "../src/core/errors.ts";
import { benefitId, START_NAMES, STARTS, type StartName } from "./remedies/starts.ts";
import { PLAIN, VARIANTS, type Variant } from "./remedies/variants.ts";
import type { BenchResult, Entry, SuiteResult } from "./schema.ts";
import { allMet, comparisonText, environmentText, number, suiteMarkdown, targetsText } from "./table.ts";

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
  return `${text.slice(0, from + BEGIN.length)}\n\n${figures(results)}\n\n${text.slice(to)}`;
}

function figures(results: readonly NamedResult[]): string {
  if (results.length === 0) return "Nothing is measured yet: bench/results has no document.";
  const benefits = new Map(
    results.flatMap(({ result }) => entriesOf(result, "benefits").map((entry): [string, Entry] => [entry.id, entry])).reverse(),
  );
  return results
    .flatMap(({ name, result }) => section(name, result, benefits))
    .join("\n")
    .trimEnd();
}

const entriesOf = ({ suites }: BenchResult, name: string): readonly Entry[] => suites.find((suite) => suite.name === name)?.entries ?? [];

function section(name: string, result: BenchResult, benefits: ReadonlyMap<string, Entry>): string[] {
  return [
    `## ${name}`,
    "",
    environmentText(result),
    "",
    `Again: \`${result.command}\` (seed ${result.seed}). Raw samples: [bench/results/${name}.json](../bench/results/${name}.json).`,
    "",
    ...result.cautions.flatMap((caution) => [`**${caution}**`, ""]),
    ...result.suites.flatMap((suite) => (suite.name === "remedies" ? remedies(suite, benefits) : suiteMarkdown(suite, "###"))),
  ];
}

/** A remedy with its costs by depth, and what it buys. */
interface Row {
  readonly variant: Variant;
  readonly costs: ReadonlyMap<number, Entry>;
  readonly benefits: Readonly<Record<StartName, Entry | undefined>>;
}

/** "clips: clip-value-24" */
const ENTRY_ID = /^[^:]+: (.+)-(\d+)$/;

function remedies(suite: SuiteResult, benefits: ReadonlyMap<string, Entry>): string[] {
  const benefitsOf = (variant: Variant) =>
    Object.fromEntries(START_NAMES.map((start) => [start, benefits.get(benefitId(start, variant))])) as Row["benefits"];
  const byVariant = new Map<string, Map<number, Entry>>();
  for (const entry of suite.entries) {
    const [, id, depth] = ENTRY_ID.exec(entry.id) ?? [];
    if (id === undefined || entry.comparison === null) continue;
    byVariant.set(id, (byVariant.get(id) ?? new Map<number, Entry>()).set(Number(depth), entry));
  }
  const depths = [...new Set([...byVariant.values()].flatMap((costs) => [...costs.keys()]))].sort((one, two) => one - two);
  const plain = suite.entries.filter(({ comparison }) => comparison === null);
  const tables = Object.entries(VARIANTS).flatMap(([group, variants]) => {
    const rows = (variants as readonly Variant[]).map(
      (variant): Row => ({ variant, costs: byVariant.get(variant.id) ?? new Map<number, Entry>(), benefits: benefitsOf(variant) }),
    );
    const shown = rows.filter(({ costs, benefits: own }) => costs.size > 0 || START_NAMES.some((start) => own[start]));
    return shown.length === 0 ? [] : [`#### ${group}`, "", remedyTable(shown, depths), ""];
  });
  const base = benefitsOf(PLAIN);
  return [
    ...suiteMarkdown(suite, "###", plain).filter((line) => !line.startsWith("#### ")),
    ...START_NAMES.flatMap((start) => (base[start] ? [`The plain net ${STARTS[start].title} takes ${benefitText(base[start])}.`, ""] : [])),
    ...tables,
  ];
}

function remedyTable(rows: readonly Row[], depths: readonly number[]): string {
  const deepest = ({ costs }: Row): Entry | undefined => [...depths].reverse().flatMap((depth) => costs.get(depth) ?? [])[0];
  const fact = (row: Row, key: string): string => {
    const value = deepest(row)?.facts[key];
    return typeof value === "number" ? number(value) : "";
  };
  const columns: readonly Column<Row>[] = [
    { title: "remedy", align: "left", cell: (row) => deepest(row)?.title ?? row.variant.title },
    ...depths.map(
      (depth): Column<Row> => ({
        title: `step, ${depth} layers`,
        align: "left",
        cell: ({ costs }) => (costs.has(depth) ? comparisonText(costs.get(depth)!.comparison!) : ""),
      }),
    ),
    { title: "target", align: "left", cell: (row) => (deepest(row) ? targetsText(deepest(row)!) : "") },
    { title: "met", align: "left", cell: (row) => (deepest(row) ? allMet(deepest(row)!) : "") },
    { title: "dispatches", align: "right", cell: (row) => fact(row, "dispatches") },
    { title: "bytes", align: "right", cell: (row) => fact(row, "bytes") },
    {
      title: "compile",
      align: "right",
      cell: (row) => (deepest(row)?.compileMilliseconds ? `${number(deepest(row)!.compileMilliseconds!)} ms` : ""),
    },
    { title: "GPU ms a step", align: "right", cell: (row) => fact(row, "GPU ms") },
    ...START_NAMES.map(
      (start): Column<Row> => ({
        title: `to a low loss ${STARTS[start].title}`,
        align: "left",
        cell: ({ benefits: { [start]: benefit } }) => (benefit ? benefitText(benefit) : ""),
      }),
    ),
  ];
  return markdownTable(
    columns.filter(({ cell }) => rows.some((row) => cell(row) !== "")),
    rows,
  );
}

/** "120 steps (98 to 131), 1 of 5 never" */
function benefitText({ median, lowerQuartile, upperQuartile, facts }: Entry): string {
  const seconds = facts["seconds"];
  const never = String(facts["never got there"] ?? "");
  const time = typeof seconds === "number" ? `, ${number(seconds)} s` : "";
  return `${number(median)} steps (${number(lowerQuartile)} to ${number(upperQuartile)})${time}${never.startsWith("0 ") ? "" : `; ${never} never`}`;
}
