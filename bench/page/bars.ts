/** Bars with intervals and dots: one bar for each entry of a group, its interval as a line, its samples as dots. */
import type { Theme } from "../../demo/palette.ts";
import type { Entry } from "../schema.ts";
import { comparisonText, number } from "../table.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly interval: readonly [number, number];
  readonly dots: readonly number[];
  /** At its end. */
  readonly text: string;
}

export interface BarChart {
  readonly bars: readonly Bar[];
  /** Under the axis. */
  readonly unit: string;
}

/** Ratios past this say more as times. */
const MOST_RATIO = 4;
/** What is compared is shown as percent more or less than its base; all else as it was measured, with quartiles for an interval. */
export function chartOf(entries: readonly Entry[]): BarChart {
  const compared = entries.filter(({ comparison }) => comparison !== null);
  if (compared.length > 0 && compared.every(({ comparison }) => comparison!.ratio < MOST_RATIO)) {
    const percent = (ratio: number): number => 100 * (ratio - 1);
    const bars = compared.map((entry): Bar => {
      const { ratio, interval, over } = entry.comparison!;
      const base = entries.find(({ id }) => id === over);
      const rounds = base && base.samples.length === entry.samples.length ? entry.samples.map((time, at) => time / base.samples[at]!) : [];
      return {
        label: entry.title,
        value: percent(ratio),
        interval: [percent(interval[0]), percent(interval[1])],
        dots: entry.better === "lower" ? rounds.map(percent) : [],
        text: comparisonText(entry.comparison!),
      };
    });
    return { bars, unit: "% more time than what it is compared with; lines are 95 % intervals" };
  }
  const bars = entries.map(
    ({ title, median, lowerQuartile, upperQuartile, samples, unit }): Bar => ({
      label: title,
      value: median,
      interval: [lowerQuartile, upperQuartile],
      dots: samples,
      text: `${number(median)} ${unit}`,
    }),
  );
  return { bars, unit: `${entries[0]?.unit ?? ""}; lines are quartiles` };
}

/** Of a number under the axis, in pixels. */
const ROOM_PER_TICK = 60;
const ROW = 26;
const TOP = 6;
const BOTTOM = 40;
const FONT = "12px system-ui, sans-serif";

export const heightOf = ({ bars }: BarChart): number => TOP + BOTTOM + ROW * bars.length;

/** The axis holds 0, all values and intervals; dots beyond it, which single slow moments are, sit at its end. */
export function axisOf({ bars }: BarChart): readonly [low: number, high: number] {
  const all = bars.flatMap(({ value, interval }) => [value, ...interval]);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const margin = 0.06 * (high - low || 1);
  return [low < 0 ? low - margin : 0, high + margin];
}

/** 1, 2 or 5 times a power of ten, about so many in the range. */
export function ticksOf([low, high]: readonly [number, number], most = 5): number[] {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const stride = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!;
  const first = Math.ceil(low / stride);
  return Array.from({ length: Math.floor(high / stride) - first + 1 }, (_, index) => (first + index) * stride);
}

/** As much of a text as there is room for: all of it stands in the table. */
function fitting(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length--;
  return `${text.slice(0, length).trimEnd()}…`;
}

export function drawBars(canvas: HTMLCanvasElement, chart: BarChart, { paper, ink, quiet, rule, runs }: Theme): void {
  canvas.style.height = `${heightOf(chart)}px`;
  const { clientWidth: width } = canvas;
  const height = heightOf(chart);
  const density = Math.min(3, devicePixelRatio || 1);
  Object.assign(canvas, { width: Math.max(1, Math.round(width * density)), height: Math.round(height * density) });
  const context = canvas.getContext("2d")!;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.fillStyle = paper;
  context.fillRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = "middle";
  const left = Math.min(width * 0.36, 12 + Math.max(...chart.bars.map(({ label }) => context.measureText(label).width)));
  const right = width - Math.min(width * 0.3, 12 + Math.max(...chart.bars.map(({ text }) => context.measureText(text).width)));
  const axis = axisOf(chart);
  const x = (value: number): number =>
    left + ((Math.min(axis[1], Math.max(axis[0], value)) - axis[0]) / (axis[1] - axis[0])) * (right - left);
  context.textAlign = "center";
  for (const tick of ticksOf(axis, Math.min(5, Math.max(1, Math.floor((right - left) / ROOM_PER_TICK))))) {
    context.fillStyle = rule;
    context.fillRect(Math.round(x(tick)), TOP, 1, height - TOP - BOTTOM);
    context.fillStyle = quiet;
    context.fillText(number(Number(tick.toPrecision(6))), x(tick), height - BOTTOM + 12);
  }
  context.fillText(chart.unit, (left + right) / 2, height - BOTTOM + 28, width);
  for (const [row, { label, value, interval, dots, text }] of chart.bars.entries()) {
    const middle = TOP + ROW * (row + 0.5);
    const [from, to] = [x(0), x(value)];
    context.fillStyle = ink;
    context.textAlign = "right";
    context.fillText(fitting(context, label, left - 8), left - 8, middle);
    context.textAlign = "left";
    context.fillText(fitting(context, text, width - right - 8), right + 8, middle);
    context.globalAlpha = 0.35;
    context.fillStyle = runs[0]!;
    context.fillRect(Math.min(from, to), middle - 7, Math.max(1, Math.abs(to - from)), 14);
    context.globalAlpha = 0.5;
    for (const [at, dot] of dots.entries()) {
      context.beginPath();
      // Side by side rather than over each other.
      context.arc(x(dot), middle + ((at % 5) - 2) * 2, 1.5, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    context.fillStyle = ink;
    context.fillRect(x(interval[0]), middle - 1, Math.max(1, x(interval[1]) - x(interval[0])), 2);
    for (const end of interval) context.fillRect(Math.round(x(end)), middle - 5, 1, 10);
    context.fillRect(Math.round(to) - 1, middle - 8, 2, 16);
  }
}
