/** The table of a comparison, the same columns in the terminal and in the report. */
import { type Column, formatNumber, formatPercent, textTable } from "./format.ts";
import { type NetResult, overhead, type RunResult } from "./results.ts";

/** Only what was measured: a single net has no step time side by side, and nothing to be compared with. */
export function resultColumns(result: RunResult): readonly Column<NetResult>[] {
  const timed = result.nets.some(({ stepTime }) => stepTime);
  const time: Column<NetResult> = {
    title: "ms/step",
    align: "right",
    cell: ({ stepTime }) => (stepTime ? stepTime.median.toFixed(1) : "none"),
  };
  const over: Column<NetResult> = { title: "overhead", align: "right", cell: (net) => overheadText(result, net) };
  return [
    { title: "net", align: "left", cell: ({ title }) => title },
    { title: "train loss", align: "right", cell: ({ scores }) => formatNumber(scores?.trainLoss ?? null) },
    { title: "test accuracy", align: "right", cell: ({ scores }) => formatPercent(scores?.testAccuracy ?? null) },
    { title: "‖g‖ first", align: "right", cell: ({ verdict }) => formatNumber(verdict.first?.gradientNorm ?? null) },
    { title: "‖g‖ last", align: "right", cell: ({ verdict }) => formatNumber(verdict.last?.gradientNorm ?? null) },
    { title: "first/last", align: "right", cell: ({ verdict }) => formatNumber(verdict.first ? verdict.ratio : null) },
    ...(timed ? [time] : []),
    { title: "dispatches", align: "right", cell: ({ counters }) => (counters ? String(counters.dispatches) : "none") },
    ...(timed && plainNet(result) ? [over] : []),
  ];
}

function overheadText(result: RunResult, net: NetResult): string {
  if (net.name === result.plain) return "plain";
  const ratio = overhead(result, net);
  if (ratio === null) return "none";
  const percent = Math.round(100 * (ratio - 1));
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent)} %`;
}

const plainNet = ({ plain, nets }: RunResult): NetResult | undefined => nets.find(({ name }) => name === plain);

/** What the columns mean, in sentences. */
export function columnNotes(result: RunResult): readonly string[] {
  const notes = [
    "‖g‖ first and last: gradient norm of the first and the last layer's weights before the clip, medians over the last tenth of the steps.",
  ];
  if (!result.nets.some(({ stepTime }) => stepTime)) return notes;
  notes.push("ms/step: median over blocks of steps, the nets timed in turns after training (A B C, then C B A), without reports.");
  const plain = plainNet(result);
  if (plain) notes.push(`overhead: a step's time over that of the plain net, ${plain.title}.`);
  return notes;
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
