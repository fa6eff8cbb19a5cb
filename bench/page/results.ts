/** Shows a document: for each group of each suite a picture and a table. */
import { make } from "../../demo/dom.ts";
import { theme } from "../../demo/palette.ts";
import { fillTable } from "../../demo/table.ts";
import type { BenchResult, Entry, SuiteResult } from "../schema.ts";
import { allMet, comparisonText, factsText, groupsOf, number, suiteText, targetsText } from "../table.ts";
import { type BarChart, chartsOf, drawBars } from "./bars.ts";

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

interface Chart {
  readonly canvas: HTMLCanvasElement;
  readonly chart: BarChart;
}

/** What is shown of a suite. */
interface Shown {
  readonly suite: SuiteResult;
  readonly section: HTMLElement;
  readonly charts: readonly Chart[];
}

export class Results {
  private readonly holder: Element;
  private shown: readonly Shown[] = [];

  constructor(holder: Element) {
    this.holder = holder;
  }

  clear(): void {
    this.shown = [];
    this.holder.replaceChildren();
  }

  /** What is there stays, with its focus, its scrolling and its closed tables; new suites follow. */
  show({ suites }: Pick<BenchResult, "suites">): void {
    const before = this.shown;
    this.shown = suites.map((suite) => before.find((shown) => shown.suite === suite) ?? this.made(suite));
    for (const { section } of before.filter((shown) => !this.shown.includes(shown))) section.remove();
    const fresh = this.shown.filter((shown) => !before.includes(shown));
    this.holder.append(...fresh.map(({ section }) => section));
    this.draw(fresh);
  }

  private made(suite: SuiteResult): Shown {
    const { name, left, entries } = suite;
    const charts: Chart[] = [];
    const section = make(
      "section",
      {},
      make("h2", { textContent: name }),
      make("p", { textContent: suiteText(suite) }),
      ...groupsOf(entries).map(([group, own]) => this.figure(group, own, charts)),
      ...(left.length > 0 ? [make("p", { textContent: `Left out: ${left.join("; ")}.` })] : []),
    );
    return { suite, section, charts };
  }

  /** Adds its charts to those given. */
  private figure(group: string, entries: readonly Entry[], charts: Chart[]): HTMLElement {
    const own = chartsOf(entries).map((chart): Chart => ({ canvas: this.canvas(group, chart), chart }));
    charts.push(...own);
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
      ...own.map(({ canvas }) => canvas),
      make("details", { open: true }, make("summary", { textContent: `${group} as a table` }), scroll),
    );
  }

  private canvas(group: string, chart: BarChart): HTMLCanvasElement {
    const canvas = make("canvas", {});
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Bars with intervals and samples: ${group}, ${chart.unit}; the table below has the numbers`);
    return canvas;
  }

  draw(shown = this.shown): void {
    const colours = theme();
    for (const { charts } of shown) for (const { canvas, chart } of charts) drawBars(canvas, chart, colours);
  }
}
