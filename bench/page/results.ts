/** Shows a document: for each group of each suite a picture and a table. */
import { make } from "../../demo/dom.ts";
import { theme } from "../../demo/palette.ts";
import { fillTable } from "../../demo/table.ts";
import type { BenchResult, Entry } from "../schema.ts";
import { allMet, comparisonText, factsText, groupsOf, number, targetsText } from "../table.ts";
import { type BarChart, chartOf, drawBars } from "./bars.ts";

const HEADS = ["what", "median", "quartiles", "samples", "time, compared", "compile", "target", "met", "facts"];

const cells = (entry: Entry): string[] => {
  const { title, median, unit, lowerQuartile, upperQuartile, samples, stable, comparison, compileMilliseconds } = entry;
  return [
    title,
    `${number(median)} ${unit}`,
    `${number(lowerQuartile)} to ${number(upperQuartile)}`,
    `${samples.length}${stable ? "" : ", unsteady"}`,
    comparison ? comparisonText(comparison) : "",
    compileMilliseconds === null ? "" : `${number(compileMilliseconds)} ms`,
    targetsText(entry),
    allMet(entry),
    factsText(entry),
  ];
};

export class Results {
  private readonly holder: Element;
  private charts: { readonly canvas: HTMLCanvasElement; readonly chart: BarChart }[] = [];

  constructor(holder: Element) {
    this.holder = holder;
  }

  clear(): void {
    this.charts = [];
    this.holder.replaceChildren();
  }

  show({ suites }: BenchResult): void {
    this.charts = [];
    this.holder.replaceChildren(
      ...suites.map(({ name, about, seconds, left, entries }) =>
        make(
          "section",
          {},
          make("h2", { textContent: name }),
          make("p", { textContent: `${about[0]!.toUpperCase()}${about.slice(1)}. It took ${seconds} s.` }),
          ...groupsOf(entries).map(([group, own]) => this.figure(group, own)),
          ...(left.length > 0 ? [make("p", { textContent: `Left out: ${left.join("; ")}.` })] : []),
        ),
      ),
    );
    this.draw();
  }

  private figure(group: string, entries: readonly Entry[]): HTMLElement {
    // One axis has one unit.
    const units = [...new Set(entries.map(({ unit }) => unit))];
    const canvases = units.map((unit) => this.canvas(group, chartOf(entries.filter((entry) => entry.unit === unit))));
    const scroll = make("section", { className: "scroll wide", tabIndex: 0 });
    scroll.setAttribute("aria-label", `${group} as a table`);
    const used = HEADS.map((_, column) => entries.some((entry) => cells(entry)[column] !== ""));
    const kept = <T>(list: readonly T[]): T[] => list.filter((_, column) => used[column]);
    fillTable(
      scroll,
      kept(HEADS),
      entries.map((entry) => kept(cells(entry))),
    );
    return make(
      "figure",
      { className: "card" },
      make("figcaption", { textContent: group }),
      ...canvases,
      make("details", { open: true }, make("summary", { textContent: `${group} as a table` }), scroll),
    );
  }

  private canvas(group: string, chart: BarChart): HTMLCanvasElement {
    const canvas = make("canvas", {});
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Bars with intervals and samples: ${group}, ${chart.unit}; the table below has the numbers`);
    this.charts.push({ canvas, chart });
    return canvas;
  }

  draw(): void {
    const colours = theme();
    for (const { canvas, chart } of this.charts) drawBars(canvas, chart, colours);
  }
}
