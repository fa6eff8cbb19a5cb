/** A benchmark's result as Markdown, which reads well in a terminal too. */
import { type Column, markdownTable } from "../src/cli/format.ts";
import type { BenchResult, Entry } from "./schema.ts";

const number = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

const COLUMNS: readonly Column<Entry>[] = [
  { title: "what", align: "left", cell: ({ title }) => title },
  { title: "median", align: "right", cell: ({ median, unit }) => `${number(median)} ${unit}` },
  {
    title: "quartiles",
    align: "right",
    cell: ({ lowerQuartile, upperQuartile }) => `${number(lowerQuartile)} to ${number(upperQuartile)}`,
  },
  { title: "n", align: "right", cell: ({ samples }) => String(samples.length) },
  { title: "target", align: "left", cell: ({ target }) => (target ? `${target.relation} ${target.value}` : "") },
  {
    title: "met",
    align: "left",
    cell: ({ met, target }) => (met === null ? (target ? `for ${target.adapterClass} adapters` : "") : met ? "yes" : "NO"),
  },
  {
    title: "facts",
    align: "left",
    cell: ({ facts }) =>
      Object.entries(facts)
        .map(([key, value]) => `${key} ${value}`)
        .join(", "),
  },
];

export function resultMarkdown({ environment, command, suites }: BenchResult): string {
  const { adapter, adapterClass, browser, system, processor, logicalProcessors, fathom, date } = environment;
  return [
    "# Fathom benchmark",
    "",
    `Fathom ${fathom}, ${browser}, WebGPU on ${adapter} (${adapterClass}); ${system}, ${processor}, ${logicalProcessors} logical processors; ${date}.`,
    "",
    `Again: \`${command}\``,
    ...suites.flatMap(({ name, method, entries }) => ["", `## ${name}`, "", `${method}.`, "", markdownTable(COLUMNS, entries)]),
    "",
  ].join("\n");
}
