/** From reports to what the charts draw. */
import type { NetResult } from "../results.ts";
import type { NormGrid } from "./heatMap.ts";
import type { Line } from "./lineChart.ts";

/** Points of a curve: more cannot be told apart. */
const MOST_POINTS = 480;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A net's loss, smoothed by a running median, and as reported. */
export function lossLine({ title, reports }: NetResult): Line {
  const points = reports.map(({ step, loss }) => ({ x: step, y: loss }));
  const reach = Math.floor(points.length / 60);
  return reach === 0 ? { title, points } : { title, points: thinned(smoothed(points, reach)), raw: thinned(points) };
}

/** The median over `reach` neighbours on either side; what is not finite stays, and is no neighbour. */
function smoothed(points: readonly Point[], reach: number): Point[] {
  return points.map(({ x, y }, index) => {
    if (!Number.isFinite(y)) return { x, y };
    const near = points
      .slice(Math.max(0, index - reach), index + reach + 1)
      .map((point) => point.y)
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    return { x, y: near[near.length >> 1]! };
  });
}

function thinned(points: readonly Point[]): Point[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}

/** Norms of the weights, in depth order: a bias that feeds a batch-norm has only rounding noise. */
export function weightGrid({ reports }: NetResult): NormGrid {
  const layers = reports[0]?.layers ?? [];
  const weights = layers.flatMap(({ role }, index) => (role === "weight" ? [index] : []));
  return {
    names: weights.map((index) => layers[index]!.name),
    steps: reports.map(({ step }) => step),
    norms: weights.map((index) => reports.map((report) => report.layers[index]!.gradientNorm)),
  };
}

/** A net's norms by layer, as medians over the last tenth of the steps. What is zero has no place on a log scale and is left out. */
export function profileLine(title: string, { norms, steps }: NormGrid): Line {
  const from = steps.length - Math.max(1, Math.floor(steps.length / 10));
  const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
  const points = norms.map((row, layer) => ({ x: layer + 1, y: median(row.slice(from)) })).filter(({ y }) => y > 0);
  return { title, points };
}

/** At most so many of the list, evenly spaced, both ends among them. */
export function sampled<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, index) => items[Math.round((index * (items.length - 1)) / (most - 1))]!);
}
