/** Gradient norms by layer and step as a picture: one pixel a cell; what is exactly zero or not finite is hatched, not coloured. */
import { colourOf } from "./colours.ts";
import { escapeHtml } from "./html.ts";
import { encodePng, pngUrl } from "./png.ts";
import { linearScale, type Scale, tickLabel } from "./scale.ts";

/** Rows are layers in depth order, columns are steps. */
export interface NormGrid {
  readonly names: readonly string[];
  readonly steps: readonly number[];
  /** norms[layer][column] */
  readonly norms: readonly (readonly number[])[];
}

export interface HeatMap {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly grid: NormGrid;
  readonly scale: Scale;
}

const WIDTH = 480;
const LEFT = 40;
const RIGHT = 8;
const TOP = 6;
const BOTTOM = 36;
const MOST_COLUMNS = 480;
/** What a map is high, whatever its number of layers. */
const PLOT_HEIGHT = 200;

/** Joins neighbouring steps where there are more than can be seen. The worst of a bin shows: not finite, else zero, else the median. */
export function binned({ names, steps, norms }: NormGrid, most = MOST_COLUMNS): NormGrid {
  const size = Math.ceil(steps.length / most);
  if (size <= 1) return { names, steps, norms };
  const starts = Array.from({ length: Math.ceil(steps.length / size) }, (_, bin) => bin * size);
  const join = (values: readonly number[]): number =>
    values.find((value) => !Number.isFinite(value)) ?? (values.includes(0) ? 0 : [...values].sort((a, b) => a - b)[values.length >> 1]!);
  return {
    names,
    steps: starts.map((start) => steps[start]!),
    norms: norms.map((row) => starts.map((start) => join(row.slice(start, start + size)))),
  };
}

export function heatMap({ id, title, description, grid, scale }: HeatMap): string {
  const { names, steps, norms } = grid;
  const [rows, columns] = [names.length, steps.length];
  if (rows === 0 || columns === 0) return `<p>${escapeHtml(title)}: nothing was reported.</p>`;
  const plotWidth = WIDTH - LEFT - RIGHT;
  const [cellWidth, cellHeight] = [plotWidth / columns, PLOT_HEIGHT / rows];
  const png = encodePng(columns, rows, (x, y) => colourOf(Number.isFinite(norms[y]![x]!) ? scale.place(norms[y]![x]!) : 0));
  const hatched = areasOf(norms).map(({ kind, from, to, top, bottom }) => {
    const [x, y] = [LEFT + from * cellWidth, TOP + top * cellHeight];
    return `<rect x="${n(x)}" y="${n(y)}" width="${n((to - from) * cellWidth)}" height="${n((bottom - top) * cellHeight)}" fill="url(#${kind})"/>`;
  });
  const layerTicks = linearScale(1, rows, 5).ticks.filter((tick) => Number.isInteger(tick) && tick > 1 && rows - tick > rows / 12);
  const layerLabels = [1, ...layerTicks, ...(rows > 1 ? [rows] : [])].map(
    (layer) => `<text x="${LEFT - 6}" y="${n(TOP + (layer - 0.5) * cellHeight + 4)}" text-anchor="end">${layer}</text>`,
  );
  const stepTicks = linearScale(steps[0]!, steps.at(-1)!, 5).ticks.filter(Number.isInteger);
  const bottom = TOP + PLOT_HEIGHT;
  const stepLabels = stepTicks.map((step) => {
    const column = steps.findIndex((candidate) => candidate >= step);
    const x = LEFT + ((column < 0 ? columns - 1 : column) + 0.5) * cellWidth;
    return `<path class="grid" d="M${n(x)} ${bottom}v4"/><text x="${n(x)}" y="${bottom + 16}" text-anchor="middle">${tickLabel(step)}</text>`;
  });
  return `<svg class="heat" id="${id}" viewBox="0 0 ${WIDTH} ${bottom + BOTTOM}" role="img" aria-label="${escapeHtml(description)}">
<image href="${pngUrl(png)}" x="${LEFT}" y="${TOP}" width="${plotWidth}" height="${PLOT_HEIGHT}" preserveAspectRatio="none"/>
${hatched.join("")}
<rect class="frame" x="${LEFT}" y="${TOP}" width="${plotWidth}" height="${PLOT_HEIGHT}"/>
${layerLabels.join("")}${stepLabels.join("")}
<text class="title" x="${LEFT + plotWidth / 2}" y="${bottom + 32}" text-anchor="middle">step</text>
<text class="title" transform="translate(10 ${TOP + PLOT_HEIGHT / 2}) rotate(-90)" text-anchor="middle">layer</text>
</svg>`;
}

type Kind = "zero" | "nonfinite";

/** Cells that have no place on the scale. */
interface Area {
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
  readonly top: number;
  bottom: number;
}

const kindOf = (norm: number): Kind | null => (norm === 0 ? "zero" : Number.isFinite(norm) ? null : "nonfinite");

/** As few rectangles as rows of equal stretches give: one for each would leave seams. */
function areasOf(norms: NormGrid["norms"]): Area[] {
  const areas: Area[] = [];
  for (const [layer, row] of norms.entries()) {
    for (let from = 0; from < row.length; ) {
      const kind = kindOf(row[from]!);
      let to = from + 1;
      while (to < row.length && kindOf(row[to]!) === kind) to++;
      if (kind) {
        const above = areas.find((area) => area.bottom === layer && area.kind === kind && area.from === from && area.to === to);
        if (above) above.bottom = layer + 1;
        else areas.push({ kind, from, to, top: layer, bottom: layer + 1 });
      }
      from = to;
    }
  }
  return areas;
}

/** The hatchings, once for a page. */
export const HATCHINGS = `<svg width="0" height="0" class="patterns" aria-hidden="true"><defs>
<pattern id="zero" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#ffffff"/><path d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5" stroke="#222222" stroke-width="1.2"/></pattern>
<pattern id="nonfinite" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#ff4fa3"/><path d="M0 0L6 6M6 0L0 6" stroke="#1a0010" stroke-width="1.4"/></pattern>
</defs></svg>`;

/** What the colours mean. */
export function heatLegend(scale: Scale): string {
  const [width, height, left, top] = [420, 16, 20, 4];
  const cells = 128;
  const bar = encodePng(cells, 1, (x) => colourOf(x / (cells - 1)));
  const labels = scale.ticks.map((tick) => {
    const x = left + scale.place(tick) * width;
    return `<path class="grid" d="M${n(x)} ${top + height}v4"/><text x="${n(x)}" y="${top + height + 17}" text-anchor="middle">${tick === scale.low ? "≤ " : ""}${tickLabel(tick)}</text>`;
  });
  const swatch = (x: number, pattern: string, text: string): string =>
    `<rect class="frame" x="${x}" y="${top}" width="28" height="${height}" fill="url(#${pattern})" style="fill:url(#${pattern})"/><text x="${x + 36}" y="${top + 12}">${text}</text>`;
  return `<svg class="legend" viewBox="0 0 720 44" role="img" aria-label="Colours: gradient norm from ${tickLabel(scale.low)} and below, dark, to ${tickLabel(scale.high)}, light, on a logarithmic scale. Exactly zero is hatched, not finite is crossed.">
<image href="${pngUrl(bar)}" x="${left}" y="${top}" width="${width}" height="${height}" preserveAspectRatio="none"/><rect class="frame" x="${left}" y="${top}" width="${width}" height="${height}"/>
${labels.join("")}${swatch(480, "zero", "exactly 0")}${swatch(598, "nonfinite", "not finite")}
</svg>`;
}

const n = (value: number): string => String(Math.round(value * 100) / 100);
