/** The remedies of docs/benchmarks.md: what each costs, by depth, beside what it buys. */
import { type Column, markdownTable } from "../src/cli/format.ts";
import { benefitId, START_NAMES, STARTS, type StartName } from "./remedies/starts.ts";
import { ALL_VARIANTS, PLAIN, VARIANTS, type Variant } from "./remedies/variants.ts";
import type { NamedResult } from "./reportText.ts";
import type { BenchResult, Entry, SuiteResult } from "./schema.ts";
import { allMet, COLUMNS, comparisonText, entriesTable, number, suiteMarkdown, targetsText } from "./table.ts";

/** Steps to a low loss, of one remedy from one start. */
interface Benefit {
  readonly entry: Entry;
  /** Steps are the same on every adapter, but for rounding; seconds are not. */
  readonly sameAdapter: boolean;
}

/** A remedy with its costs by depth, and what it buys. */
interface Row {
  readonly variant: Variant;
  readonly costs: ReadonlyMap<number, Entry>;
  readonly benefits: Readonly<Record<StartName, Benefit | undefined>>;
}

/** "clips: clip-value-24" */
const ENTRY_ID = /^[^:]+: (.+)-(\d+)$/;

const suiteOf = ({ suites }: BenchResult, name: string): SuiteResult | undefined => suites.find((suite) => suite.name === name);
const sameAdapter = (one: BenchResult, other: BenchResult): boolean => one.environment.adapter === other.environment.adapter;

/** Of the document itself, else of the same adapter, else of any, by their ids. */
export function benefitsOf(result: BenchResult, all: readonly NamedResult[]): ReadonlyMap<string, Benefit> {
  const others = all.map((named) => named.result).filter((other) => other !== result);
  const nearest = [
    result,
    ...others.filter((other) => sameAdapter(result, other)),
    ...others.filter((other) => !sameAdapter(result, other)),
  ];
  const found = new Map<string, Benefit>();
  for (const one of nearest)
    for (const entry of suiteOf(one, "benefits")?.entries ?? [])
      if (!found.has(entry.id)) found.set(entry.id, { entry, sameAdapter: sameAdapter(result, one) });
  return found;
}

const BENEFIT_IDS: ReadonlySet<string> = new Set(
  START_NAMES.flatMap((start) => [PLAIN, ...ALL_VARIANTS].map((variant) => benefitId(start, variant))),
);

/** Whether what this document measured of a remedy's benefit stands in the tables of remedies, with its seconds. */
export function remedyTablesShow(entry: Entry, result: BenchResult, all: readonly NamedResult[]): boolean {
  return (
    BENEFIT_IDS.has(entry.id) &&
    all.some(
      ({ result: other }) =>
        suiteOf(other, "remedies") && sameAdapter(result, other) && benefitsOf(other, all).get(entry.id)?.entry === entry,
    )
  );
}

export function remedies(suite: SuiteResult, benefits: ReadonlyMap<string, Benefit>): string[] {
  const ofVariant = (variant: Variant) =>
    Object.fromEntries(START_NAMES.map((start) => [start, benefits.get(benefitId(start, variant))])) as Row["benefits"];
  const known = new Set(ALL_VARIANTS.map(({ id }) => id));
  const byVariant = new Map<string, Map<number, Entry>>();
  const plain: Entry[] = [];
  const others: Entry[] = [];
  for (const entry of suite.entries) {
    const [, id = "", depth] = ENTRY_ID.exec(entry.id) ?? [];
    if (id === PLAIN.id) plain.push(entry);
    else if (known.has(id)) byVariant.set(id, (byVariant.get(id) ?? new Map<number, Entry>()).set(Number(depth), entry));
    else others.push(entry);
  }
  const depths = [...new Set([...byVariant.values()].flatMap((costs) => [...costs.keys()]))].sort((one, two) => one - two);
  const tables = Object.entries(VARIANTS).flatMap(([group, variants]) => {
    const rows = (variants as readonly Variant[]).map(
      (variant): Row => ({ variant, costs: byVariant.get(variant.id) ?? new Map<number, Entry>(), benefits: ofVariant(variant) }),
    );
    const shown = rows.filter(({ costs, benefits: own }) => costs.size > 0 || START_NAMES.some((start) => own[start]));
    return shown.length === 0 ? [] : [`#### ${group}`, "", remedyTable(shown, depths), ""];
  });
  const base = ofVariant(PLAIN);
  const foreign = [...benefits.values()].some((benefit) => !benefit.sameAdapter);
  return [
    ...suiteMarkdown(suite, "###", others),
    ...(plain.length > 0 ? ["#### plain", "", entriesTable(plain, PLAIN_COLUMNS), ""] : []),
    ...START_NAMES.flatMap((start) => (base[start] ? [`The plain net ${STARTS[start].title} takes ${benefitText(base[start])}.`, ""] : [])),
    ...(foreign ? ["Steps to a low loss without seconds were measured on another adapter.", ""] : []),
    ...tables,
  ];
}

/** Each group has one of its own, which was measured in turns with it. */
const PLAIN_COLUMNS: readonly Column<Entry>[] = [
  { title: "measured with", align: "left", cell: ({ group }) => group },
  ...COLUMNS.filter(({ title }) => title !== "what"),
];

/** Where its base was not measured, there is a time and nothing to compare it with. */
const costText = ({ comparison, median, unit }: Entry): string =>
  comparison ? comparisonText(comparison) : `${number(median)} ${unit}, with no base`;

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
        cell: ({ costs }) => (costs.has(depth) ? costText(costs.get(depth)!) : ""),
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

/** "120 steps (98 to 131), 3.21 s", or "500 steps (98 to 600); 1 of 5 never, 3.21 s for the 4 that did": those who gave up have steps, and no seconds. */
function benefitText({ entry: { median, lowerQuartile, upperQuartile, facts }, sameAdapter: own }: Benefit): string {
  const { seconds } = facts;
  const [never = 0, all = 0] = String(facts["never got there"] ?? "")
    .split(" of ")
    .map(Number);
  const time = own && typeof seconds === "number" ? `, ${number(seconds)} s` : "";
  const steps = `${number(median)} steps (${number(lowerQuartile)} to ${number(upperQuartile)})`;
  if (never === 0) return `${steps}${time}`;
  return `${steps}; ${never} of ${all} never${time && `${time} for the ${all - never} that did`}`;
}
