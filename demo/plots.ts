/** Curves on uPlot: made anew when which curves there are changes, and given new numbers otherwise. Loaded once the page is there. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Curve } from "./curveData.ts";
import { make } from "./dom.ts";
import { type Decades, powerLabel, powers, stepText, tickText } from "./frame.ts";
import type { Theme } from "./palette.ts";
import { swatchOf } from "./swatch.ts";
import { clippedName } from "./table.ts";

export interface PlotCurve {
  readonly curve: Curve;
  readonly label: string;
  readonly colour: string;
  readonly dash: readonly number[];
  readonly width: number;
  /** Marks where it was measured now and then. */
  readonly dots: boolean;
}

export interface PlotOptions {
  readonly steps: number;
  /** The scale goes from 0 to this, and what is beyond is drawn at its end and marked; or over powers of ten. */
  readonly top?: number;
  readonly decades?: Decades;
  readonly marks: readonly { readonly step: number; readonly text: string }[];
  /** Stands where nothing is drawn. */
  readonly hint?: string;
  /** What lies over each other, by the numbers of its colours. */
  readonly legend?: readonly { readonly name: string; readonly colour: number }[];
}

export class Plot {
  private readonly holder: HTMLElement;
  private readonly reading: HTMLElement;
  private readonly legend = make("ul", { className: "legend" });
  private explained = "";
  private plot: uPlot | null = null;
  private signature = "";
  private options: PlotOptions = { steps: 1, marks: [] };
  private curves: readonly PlotCurve[] = [];
  private theme: Theme | null = null;

  /** `reading` says what lies under the pointer. */
  constructor(holder: HTMLElement, reading: HTMLElement) {
    this.holder = holder;
    this.reading = reading;
    reading.before(this.legend);
  }

  get canvas(): HTMLCanvasElement | null {
    return this.plot?.ctx.canvas ?? null;
  }

  draw(curves: readonly PlotCurve[], options: PlotOptions, theme: Theme): void {
    Object.assign(this, { options, curves, theme });
    this.explain(options.legend ?? []);
    const { clientWidth: width, clientHeight: height } = this.holder;
    if (width === 0 || height === 0) return;
    const signature = JSON.stringify([curves.map(({ curve: _, ...style }) => style), theme, options.decades !== undefined]);
    const data = within(joined(curves), options.top);
    if (signature !== this.signature || !this.plot) {
      this.signature = signature;
      this.plot?.destroy();
      this.plot = new uPlot(this.describe(curves, theme, width, height), data, this.holder);
      return;
    }
    if (this.plot.width !== width || this.plot.height !== height) this.plot.setSize({ width, height });
    this.plot.setData(data);
  }

  private explain(legend: NonNullable<PlotOptions["legend"]>): void {
    const explained = JSON.stringify(legend);
    if (explained === this.explained) return;
    this.explained = explained;
    this.legend.replaceChildren(
      ...legend.map(({ name, colour }) => make("li", { title: name }, swatchOf(colour), ` ${clippedName(name)}`)),
    );
  }

  private describe(curves: readonly PlotCurve[], theme: Theme, width: number, height: number): uPlot.Options {
    const powersOfTen = this.options.decades !== undefined;
    const axis: uPlot.Axis = {
      stroke: theme.quiet,
      font: "12px system-ui, sans-serif",
      grid: { stroke: theme.rule, width: 1 },
      ticks: { show: false },
    };
    return {
      width,
      height,
      padding: [10, 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: !powersOfTen } },
      scales: {
        x: { time: false, range: () => [0, Math.max(1, this.options.steps)] },
        y: powersOfTen
          ? { distr: 3, range: () => [10 ** this.options.decades!.low, 10 ** this.options.decades!.high] }
          : { range: () => [0, this.options.top ?? 1] },
      },
      axes: [
        {
          ...axis,
          size: 34,
          grid: { show: false },
          values: (_plot, splits) => splits.map(stepText),
          label: "step",
          labelSize: 14,
          labelFont: "12px system-ui, sans-serif",
          gap: 3,
        },
        powersOfTen
          ? {
              ...axis,
              size: 56,
              splits: () => powers(this.options.decades!, 7).map((power) => 10 ** power),
              values: (_plot, splits) => splits.map((value) => powerLabel(Math.round(Math.log10(value)))),
              filter: (_plot, splits) => splits,
            }
          : { ...axis, size: 56, values: (_plot, splits) => splits.map(tickText) },
      ],
      series: [
        {},
        ...curves.map(
          ({ label, colour, dash, width: thick, dots }): uPlot.Series => ({
            label,
            stroke: colour,
            width: thick,
            dash: [...dash],
            points: dots ? { show: true, size: 6, fill: colour } : { show: false },
          }),
        ),
      ],
      hooks: { draw: [(plot) => this.drawMarks(plot), (plot) => this.drawBeyond(plot)], setCursor: [(plot) => this.read(plot)] },
    };
  }

  private drawMarks(plot: uPlot): void {
    const { ctx: context, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    context.save();
    context.strokeStyle = context.fillStyle = this.theme!.quiet;
    context.setLineDash([2 * ratio, 4 * ratio]);
    context.font = `${12 * ratio}px system-ui, sans-serif`;
    context.textAlign = "left";
    context.textBaseline = "top";
    for (const { step, text } of this.options.marks) {
      const x = plot.valToPos(step, "x", true);
      context.beginPath();
      context.moveTo(x, bbox.top);
      context.lineTo(x, bbox.top + bbox.height);
      context.stroke();
      context.fillText(text, x + 3 * ratio, bbox.top + 2 * ratio, Math.max(20, bbox.left + bbox.width - x));
    }
    const { hint = "" } = this.options;
    context.font = `${15 * ratio}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(hint, bbox.left + bbox.width / 2, bbox.top + bbox.height / 2);
    context.restore();
  }

  /** An arrow at the upper end for each value that lies above it, and how far the farthest is away. */
  private drawBeyond(plot: uPlot): void {
    const { top } = this.options;
    if (top === undefined) return;
    const { ctx: context, bbox } = plot;
    const size = 6 * (devicePixelRatio || 1);
    let farthest = { step: 0, value: top };
    context.save();
    for (const { curve, colour } of this.curves) {
      context.fillStyle = colour;
      for (const [index, value] of curve[1].entries()) {
        if (value === null || value <= top) continue;
        const step = curve[0][index]!;
        if (value > farthest.value) farthest = { step, value };
        const x = plot.valToPos(step, "x", true);
        context.beginPath();
        context.moveTo(x, bbox.top - size);
        context.lineTo(x + size, bbox.top + size);
        context.lineTo(x - size, bbox.top + size);
        context.fill();
      }
    }
    if (farthest.value > top) {
      const x = plot.valToPos(farthest.step, "x", true);
      const onLeft = x < bbox.left + bbox.width / 2;
      context.fillStyle = this.theme!.quiet;
      context.font = `${2 * size}px system-ui, sans-serif`;
      context.textAlign = onLeft ? "left" : "right";
      context.textBaseline = "top";
      context.fillText(`beyond: ${tickText(farthest.value)}`, x + (onLeft ? 1.5 : -1.5) * size, bbox.top + 2.5 * size);
    }
    context.restore();
  }

  /** The three nearest to the pointer are enough where layers have a curve each. */
  private read(plot: uPlot): void {
    const { idx, top } = plot.cursor;
    let text = "";
    if (idx !== null && idx !== undefined && (top ?? -1) >= 0) {
      const at = plot.posToVal(top!, "y");
      const step = plot.data[0][idx]!;
      const distance = (value: number): number => (this.options.decades ? Math.abs(Math.log(value / at)) : Math.abs(value - at));
      const near = this.curves
        .map(({ label, curve: [steps, values] }) => ({ label, value: values[steps.indexOf(step)] }))
        .filter((one): one is { label: string; value: number } => typeof one.value === "number")
        .sort((a, b) => distance(a.value) - distance(b.value))
        .slice(0, 3);
      if (near.length > 0) text = `step ${step}: ${near.map(({ label, value }) => `${value.toPrecision(3)} ${label}`).join(", ")}`;
    }
    if (this.reading.textContent !== text) this.reading.textContent = text;
  }
}

/** What is above the scale, at its end: the line to it stays one that can be drawn. */
function within(data: uPlot.AlignedData, top: number | undefined): uPlot.AlignedData {
  if (top === undefined) return data;
  const [steps, ...curves] = data;
  return [steps, ...curves.map((values) => Array.from(values, (value) => (typeof value === "number" ? Math.min(value, top) : value)))];
}

/** Curves of different steps side by side; what one lacks at a step of another is no gap in it. */
function joined(curves: readonly PlotCurve[]): uPlot.AlignedData {
  const [first] = curves;
  if (!first) return [[]];
  // Those of layers are all of the same steps, and joining forty takes longer than drawing them.
  const [steps] = first.curve;
  const alike = curves.every(({ curve: [its] }) => its.length === steps.length && its.every((step, index) => step === steps[index]));
  if (alike) return [steps, ...curves.map(({ curve: [, values] }) => values)] as unknown as uPlot.AlignedData;
  return uPlot.join(curves.map(({ curve: [steps, values] }) => [steps, values] as unknown as uPlot.AlignedData));
}
