/** The table of a comparison, the same columns in the terminal and in the report. */
import { type Column, formatNumber, formatPercent, textTable } from "./format.ts";
import { type NetResult, overhead, type RunResult } from "./results.ts";

export function resultColumns(result: RunResult): readonly Column<NetResult>[] {
  return [
    { title: "net", align: "left", cell: ({ title }) => title },
    { title: "train loss", align: "right", cell: ({ scores }) => formatNumber(scores?.trainLoss ?? null) },
    { title: "test accuracy", align: "right", cell: ({ scores }) => formatPercent(scores?.testAccuracy ?? null) },
    { title: "‖g‖ first", align: "right", cell: ({ verdict }) => formatNumber(verdict.first?.gradientNorm ?? null) },
    { title: "‖g‖ last", align: "right", cell: ({ verdict }) => formatNumber(verdict.last?.gradientNorm ?? null) },
    { title: "first/last", align: "right", cell: ({ verdict }) => formatNumber(verdict.first ? verdict.ratio : null) },
    { title: "ms/step", align: "right", cell: ({ stepTime }) => (stepTime ? stepTime.median.toFixed(1) : "none") },
    { title: "dispatches", align: "right", cell: ({ counters }) => (counters ? String(counters.dispatches) : "none") },
    { title: "overhead", align: "right", cell: (net) => overheadText(result, net) },
  ];
}

function overheadText(result: RunResult, net: NetResult): string {
  if (net.name === result.plain) return "plain";
  const ratio = overhead(result, net);
  if (ratio === null) return "none";
  const percent = Math.round(100 * (ratio - 1));
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent)} %`;
}

/** What the columns mean, in sentences. */
export function columnNotes({ plain, nets }: RunResult): readonly string[] {
  const plainTitle = nets.find(({ name }) => name === plain)?.title;
  return [
    "‖g‖ first and last: gradient norm of the first and the last layer's weights before the clip, medians over the last tenth of the steps.",
    "ms/step: median over blocks of steps, the nets timed in turns after training (A B C, then C B A), without reports.",
    ...(plainTitle ? [`overhead: a step's time over that of the plain net, ${plainTitle}.`] : []),
  ];
}

export function resultText(result: RunResult): string {
  const width = Math.max(...result.nets.map(({ title }) => title.length));
  return [
    textTable(resultColumns(result), result.nets),
    "",
    ...result.nets.map(({ title, verdict }) => `${title.padEnd(width)}  ${verdict.text}`),
    "",
    ...columnNotes(result),
  ].join("\n");
}
