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
  /** Ratios stand on a logarithmic axis, on which twice and half as long are as far from 1, and bars of all sizes can be read. */
  readonly scale: "linear" | "logarithmic";
}

/** Where bars begin: at nothing, or at no difference. */
const ORIGINS = { linear: 0, logarithmic: 1 } as const satisfies Record<BarChart["scale"], number>;

/**
 * What is compared is shown as ratios to its base, which alone mean something on a software adapter; what is neither compared nor a base as it was
 * measured, with quartiles for an interval, a chart for each unit.
 */
export function chartsOf(entries: readonly Entry[]): readonly BarChart[] {
  const compared = entries.filter(({ comparison }) => comparison !== null);
  const bases = new Set(compared.map(({ comparison }) => comparison!.over));
  const measured = entries.filter(({ id, comparison }) => comparison === null && !bases.has(id));
  const units = [...new Set(measured.map(({ unit }) => unit))];
  return [
    ...(compared.length > 0 ? [ratioChart(compared, entries)] : []),
    ...units.map((unit) =>
      measuredChart(
        measured.filter((entry) => entry.unit === unit),
        unit,
      ),
    ),
  ];
}

function ratioChart(compared: readonly Entry[], entries: readonly Entry[]): BarChart {
  const bars = compared.map((entry): Bar => {
    const { ratio, interval: found, over, verdict } = entry.comparison!;
    const interval: Bar["interval"] = verdict === "too few samples" ? [ratio, ratio] : found;
    const base = entries.find(({ id }) => id === over)?.samples ?? [];
    // Ratios are of times, also where a rate was measured.
    const rounds = entry.samples.map((own, at) => (entry.better === "lower" ? own / base[at]! : base[at]! / own));
    const dots = base.length === entry.samples.length ? rounds.filter((round) => round > 0 && Number.isFinite(round)) : [];
    return { label: entry.title, value: ratio, interval, dots, text: comparisonText(entry.comparison!) };
  });
  return { bars, unit: "times as long as what it is compared with; lines are 95 % intervals", scale: "logarithmic" };
}

function measuredChart(entries: readonly Entry[], unit: string): BarChart {
  const bars = entries.map(
    ({ title, median, lowerQuartile, upperQuartile, samples }): Bar => ({
      label: title,
      value: median,
      interval: [lowerQuartile, upperQuartile],
      dots: samples,
      text: `${number(median)} ${unit}`,
    }),
  );
  return { bars, unit: `${unit}; lines are quartiles`, scale: "linear" };
}

/** Of a number under the axis, in pixels. */
const ROOM_PER_TICK = 60;
const ROW = 26;
const TOP = 6;
const BOTTOM = 40;
const FONT = "12px system-ui, sans-serif";

export const heightOf = ({ bars }: BarChart): number => TOP + BOTTOM + ROW * bars.length;

/** The axis holds where bars begin, all values and intervals; dots beyond it, which single slow moments are, sit at its end. */
export function axisOf({ bars, scale }: BarChart): readonly [low: number, high: number] {
  const all = bars.flatMap(({ value, interval }) => [value, ...interval]);
  const origin = ORIGINS[scale];
  const [low, high] = [Math.min(origin, ...all), Math.max(origin, ...all)];
  if (scale === "logarithmic") {
    const margin = (high / low) ** MARGIN;
    return margin > 1 ? [low / margin, high * margin] : [low / 2, high * 2];
  }
  const margin = MARGIN * (high - low || 1);
  return [low < 0 ? low - margin : 0, high + margin];
}

/** On either side, as a share of what is shown. */
const MARGIN = 0.06;

/** How far along the axis a value is, from 0 to 1; what is beyond an end is there. */
export function placeOn([low, high]: readonly [number, number], scale: BarChart["scale"], value: number): number {
  const within = Math.min(high, Math.max(low, value));
  return scale === "linear" ? (within - low) / (high - low) : Math.log(within / low) / Math.log(high / low);
}

/** Past this ratio of its ends a logarithmic axis has room for few of a linear one's ticks. */
const NARROW = 3;

/** 1, 2 or 5 times a power of ten, at most so many in the range. */
export function ticksOf([low, high]: readonly [number, number], scale: BarChart["scale"] = "linear", most = 5): number[] {
  if (scale === "logarithmic" && high / low > NARROW) return logarithmicTicks([low, high], most);
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const stride = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!;
  const first = Math.ceil(low / stride);
  return Array.from({ length: Math.floor(high / stride) - first + 1 }, (_, index) => (first + index) * stride);
}

/** All of 1, 2 and 5, or else every so many powers of ten, of which 1 is always one. */
function logarithmicTicks([low, high]: readonly [number, number], most: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const powers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const within = (ticks: readonly number[]): number[] => ticks.filter((tick) => tick >= low && tick <= high);
  const fine = within(powers.flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power)));
  if (fine.length <= most) return fine;
  for (let stride = 1; ; stride++) {
    const coarse = within(powers.filter((power) => power % stride === 0).map((power) => 10 ** power));
    if (coarse.length <= Math.max(1, most)) return coarse;
  }
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
  const x = (value: number): number => left + placeOn(axis, chart.scale, value) * (right - left);
  const origin = ORIGINS[chart.scale];
  context.textAlign = "center";
  for (const tick of ticksOf(axis, chart.scale, Math.min(5, Math.max(1, Math.floor((right - left) / ROOM_PER_TICK))))) {
    context.fillStyle = rule;
    context.fillRect(Math.round(x(tick)), TOP, 1, height - TOP - BOTTOM);
    context.fillStyle = quiet;
    context.fillText(String(Number(tick.toPrecision(6))), x(tick), height - BOTTOM + 12);
  }
  context.fillText(chart.unit, (left + right) / 2, height - BOTTOM + 28, width);
  context.fillRect(Math.round(x(origin)), TOP, 1, height - TOP - BOTTOM);
  for (const [row, { label, value, interval, dots, text }] of chart.bars.entries()) {
    const middle = TOP + ROW * (row + 0.5);
    const [from, to] = [x(origin), x(value)];
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
