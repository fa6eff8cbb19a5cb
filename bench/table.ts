/** A benchmark's document as Markdown, which reads well in a terminal too. */
import { type Column, markdownTable } from "../src/cli/format.ts";
import type { BenchResult, Comparison, Entry, SuiteResult, Target } from "./schema.ts";
import { commandsOnce, eachOnce } from "./ways.ts";

export const number = (value: number): string =>
  Number.isInteger(value)
    ? String(value)
    : Math.abs(value) >= 100
      ? value.toFixed(0)
      : Math.abs(value) < 1e-3
        ? value.toExponential(1)
        : value.toPrecision(3);

type RatioUnit = "%" | "×";

/** Times up to twice as long read best as a percentage, longer ones as a multiple. */
const unitOf = (ratio: number): RatioUnit => (ratio >= 2 || ratio <= 0.5 ? "×" : "%");

/** What is to be so many times another, or just as long, is promised as a multiple; what may cost a little more, as a percentage. */
const targetUnit = ({ relation, value }: Target): RatioUnit => (relation === "at least" || value === 1 ? "×" : unitOf(value));

function ratioText(ratio: number, unit: RatioUnit): string {
  if (unit === "×") return `${number(ratio)} ×`;
  const percent = 100 * (ratio - 1);
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %`;
}

/** "+3.1 % (+2.0 % to +4.4 %)", or that nothing could be told apart, or by too little; in the unit of its target, where it has one. */
export function comparisonText({ ratio, interval, verdict, target }: Comparison): string {
  const text = (own: number): string => ratioText(own, target ? targetUnit(target) : unitOf(ratio));
  if (verdict === "too few samples") return `${text(ratio)} (${verdict} for an interval)`;
  return `${verdict === "no measurable difference" ? verdict : text(ratio)} (${text(interval[0])} to ${text(interval[1])})`;
}

/** "at least 8 ×"; of the ratio of times, or of the median. */
export const targetText = (
  { target, ofRatio }: { readonly target: Target; readonly ofRatio: boolean },
  { unit }: Pick<Entry, "unit">,
): string => `${target.relation} ${ofRatio ? ratioText(target.value, targetUnit(target)) : `${number(target.value)} ${unit}`}`;

const MET_TEXTS = { yes: "yes", no: "NO", "not shown": "not shown" } as const satisfies Record<NonNullable<Comparison["met"]>, string>;

const metText = (target: Target | null, met: Comparison["met"]): string =>
  target === null ? "" : met === null ? `for ${target.adapterClass} adapters` : MET_TEXTS[met];

const ofMedian = (met: boolean | null): Comparison["met"] => (met === null ? null : met ? "yes" : "no");

/** Of the median or of the ratio. */
export const targetsText = (entry: Entry): string =>
  [
    ...(entry.target ? [targetText({ target: entry.target, ofRatio: false }, entry)] : []),
    ...(entry.comparison?.target ? [targetText({ target: entry.comparison.target, ofRatio: true }, entry)] : []),
  ].join("; ");

/** Whether what is promised of either is kept; empty where nothing is. */
export const keptText = ({ target, met, comparison }: Entry): Readonly<Record<"median" | "ratio", string>> => ({
  median: metText(target, ofMedian(met)),
  ratio: comparison ? metText(comparison.target, comparison.met) : "",
});

export const allMet = (entry: Entry): string =>
  Object.values(keptText(entry))
    .filter((text) => text !== "")
    .join("; ");

export const factsText = ({ facts }: Entry): string =>
  Object.entries(facts)
    .map(([key, value]) => `${key} ${typeof value === "number" ? number(value) : value}`)
    .join(", ");

export const COLUMNS: readonly Column<Entry>[] = [
  { title: "what", align: "left", cell: ({ title }) => title },
  { title: "median", align: "right", cell: ({ median, unit }) => `${number(median)} ${unit}` },
  {
    title: "quartiles",
    align: "right",
    cell: ({ lowerQuartile, upperQuartile }) => `${number(lowerQuartile)} to ${number(upperQuartile)}`,
  },
  { title: "n", align: "right", cell: ({ samples, stable }) => `${samples.length}${stable ? "" : " (unsteady)"}` },
  {
    title: "time, compared",
    align: "left",
    cell: ({ comparison }) => (comparison ? `${comparisonText(comparison)} over ${comparison.over}` : ""),
  },
  { title: "compile", align: "right", cell: ({ compileMilliseconds: ms }) => (ms === null ? "" : `${number(ms)} ms`) },
  { title: "target", align: "left", cell: targetsText },
  { title: "met", align: "left", cell: allMet },
  { title: "facts", align: "left", cell: factsText },
];

/** Only columns that say something. */
export function entriesTable(entries: readonly Entry[], columns: readonly Column<Entry>[] = COLUMNS): string {
  return markdownTable(
    columns.filter(({ cell }) => entries.some((entry) => cell(entry) !== "")),
    entries,
  );
}

/** Entries by group, in the order in which groups first appear. */
export function groupsOf(entries: readonly Entry[]): readonly (readonly [group: string, entries: readonly Entry[]])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  return [...groups];
}

export function environmentText({ environment }: BenchResult): string {
  const { adapter, adapterClass, browser, runtime, system, processor, logicalProcessors, fathom, commit, date } = environment;
  const where = runtime === "node" ? browser : `${browser} (${runtime})`;
  return `Fathom ${fathom} at ${commit}, ${where}, WebGPU on ${adapter} (${adapterClass}); ${system}, ${processor ?? "processor not told"}, ${logicalProcessors} logical processors; ${date}.`;
}

/** Samples that a number wants before it is relied on. */
const PUBLISHED = 30;

/** What it measures, how, how long it took, and which libraries it compares. */
export function suiteText({ about, method, seconds, versions }: SuiteResult, more = ""): string {
  const libraries = Object.entries(versions).map(([library, version]) => `${library} ${version}`);
  return `${about[0]!.toUpperCase()}${about.slice(1)}. ${eachOnce(method)}. It took ${seconds} s.${more}${libraries.length > 0 ? ` Against ${libraries.join(", ")}.` : ""}`;
}

/** `shown` are the entries that its tables have; all, if it is not said. */
export function suiteMarkdown(suite: SuiteResult, heading = "##", shown: readonly Entry[] = suite.entries): string[] {
  const { name, left, entries } = suite;
  const few = entries.filter(({ samples }) => samples.length < PUBLISHED).map(({ samples }) => samples.length);
  const fewText =
    few.length > 0 ? ` ${few.length} of ${entries.length} have fewer than ${PUBLISHED} samples, the least ${Math.min(...few)}.` : "";
  return [
    `${heading} ${name}`,
    "",
    suiteText(suite, fewText),
    "",
    ...groupsOf(shown).flatMap(([group, own]) => [`${heading}# ${group}`, "", entriesTable(own), ""]),
    ...leftOut(left),
  ];
}

/** A long list is folded away. */
function leftOut(left: readonly string[]): string[] {
  if (left.length === 0) return [];
  if (left.length <= 4) return [`Left out: ${left.join("; ")}.`, ""];
  return ["<details>", `<summary>Left out: ${left.length}</summary>`, "", ...left.map((what) => `- ${what}`), "", "</details>", ""];
}

export function resultMarkdown(result: BenchResult): string {
  const { command, seed, cautions, suites } = result;
  return [
    "# Fathom benchmark",
    "",
    environmentText(result),
    "",
    `Again: \`${commandsOnce(command)}\` (seed ${seed})`,
    "",
    ...cautions.flatMap((caution) => [`**${caution}**`, ""]),
    ...suites.flatMap((suite) => suiteMarkdown(suite)),
  ].join("\n");
}

export function missedTargets({ suites }: BenchResult): string[] {
  return suites.flatMap(({ entries }) =>
    entries.filter(({ met, comparison }) => met === false || comparison?.met === "no").map(({ title }) => title),
  );
}
