/** A line chart as SVG: each line has a colour, a dash pattern and its name at its end, so that no one needs the colours. */
import { escapeHtml } from "./html.ts";
import { type Scale, tickLabel } from "./scale.ts";

export interface Line {
  readonly title: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** The same before smoothing, drawn faintly. */
  readonly raw?: readonly { readonly x: number; readonly y: number }[];
}

export interface LineChart {
  readonly id: string;
  /** What a screen reader says instead. */
  readonly description: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly Line[];
  readonly marks?: boolean;
}

/** Line styles in style.css: `.line-0` and so on. */
export const LINE_STYLES = 6;

const WIDTH = 960;
const HEIGHT = 380;
const LEFT = 64;
const RIGHT = 236;
const TOP = 16;
const BOTTOM = 44;
const LABEL_HEIGHT = 17;
/** From a line's end to its name: a line that ended early has none, it would look like a part of the line. */
const LEADER_REACH = 40;
/** Of a name beside its line; the table below has all of it. */
const MOST_CHARACTERS = 28;

export function lineChart({ id, description, x, y, xTitle, yTitle, lines, marks = false }: LineChart): string {
  const across = (value: number): number => LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
  const up = (value: number): number => HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM);
  const drawn = lines.map((line, index) => {
    const style = `line-${index % LINE_STYLES}`;
    const raw = line.raw ? `<path class="raw ${style}" d="${path(line.raw, across, up)}"/>` : "";
    const dots =
      marks || line.points.length < 2
        ? line.points
            .filter(isDrawn)
            .map((point) => dot(style, across(point.x), up(point.y)))
            .join("")
        : "";
    return `${raw}<path class="line ${style}" d="${path(line.points, across, up)}"/>${dots}${crosses(line.points, across)}`;
  });
  const ends = lines.map((line) => {
    const last = line.points.findLast(isDrawn);
    return { wished: last ? up(last.y) : HEIGHT - BOTTOM, x: last ? across(last.x) : LEFT };
  });
  const labels = spaced(ends.map(({ wished }) => wished)).map((at, index) => {
    const style = `line-${index % LINE_STYLES}`;
    const { wished, x: end } = ends[index]!;
    const right = WIDTH - RIGHT;
    const leader =
      right - end < LEADER_REACH ? `<path class="leader ${style}" d="M${n(end + 3)} ${n(wished)}L${right + 8} ${n(at)}"/>` : "";
    return `${leader}<path class="line ${style}" d="M${right + 8} ${n(at)}h26"/><text class="name" x="${right + 40}" y="${n(at + 4)}">${escapeHtml(shortened(lines[index]!.title))}</text>`;
  });
  return `<svg class="chart" id="${id}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(description)}">
${grid(x, y, across, up, xTitle, yTitle)}
${drawn.join("\n")}
${labels.join("\n")}
</svg>`;
}

function grid(
  x: Scale,
  y: Scale,
  across: (value: number) => number,
  up: (value: number) => number,
  xTitle: string,
  yTitle: string,
): string {
  const right = WIDTH - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const rows = y.ticks.map(
    (tick) =>
      `<path class="grid" d="M${LEFT} ${n(up(tick))}H${right}"/><text x="${LEFT - 8}" y="${n(up(tick) + 4)}" text-anchor="end">${tickLabel(tick)}</text>`,
  );
  const columns = x.ticks.map(
    (tick) =>
      `<path class="grid" d="M${n(across(tick))} ${bottom}v5"/><text x="${n(across(tick))}" y="${bottom + 19}" text-anchor="middle">${tickLabel(tick)}</text>`,
  );
  return `${rows.join("")}${columns.join("")}<path class="axis" d="M${LEFT} ${TOP}V${bottom}H${right}"/>
<text class="title" x="${(LEFT + right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escapeHtml(xTitle)}</text>
<text class="title" transform="translate(15 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(yTitle)}</text>`;
}

const isDrawn = ({ y }: { y: number }): boolean => Number.isFinite(y);

/** Breaks where a value is not finite. */
function path(points: Line["points"], across: (value: number) => number, up: (value: number) => number): string {
  let text = "";
  let pen = "M";
  for (const point of points) {
    if (!isDrawn(point)) {
      pen = "M";
      continue;
    }
    text += `${pen}${n(across(point.x))} ${n(up(point.y))}`;
    pen = "L";
  }
  return text;
}

/** A cross at the upper edge where a line first stops being finite. */
function crosses(points: Line["points"], across: (value: number) => number): string {
  const bad = points.find((point) => !isDrawn(point));
  return bad ? `<path class="cross" d="M${n(across(bad.x) - 5)} ${TOP}l10 10m0-10l-10 10"/>` : "";
}

const dot = (style: string, x: number, y: number): string => `<circle class="dot ${style}" cx="${n(x)}" cy="${n(y)}" r="2.5"/>`;

/** Moves labels apart where lines end close together, keeping their order. */
function spaced(wished: readonly number[]): number[] {
  const order = wished.map((_, index) => index).sort((a, b) => wished[a]! - wished[b]!);
  const lowest = HEIGHT - BOTTOM;
  const at = new Array<number>(wished.length).fill(0);
  let floor = TOP;
  for (const index of order) {
    at[index] = Math.max(wished[index]!, floor);
    floor = at[index]! + LABEL_HEIGHT;
  }
  let ceiling = lowest;
  for (const index of [...order].reverse()) {
    at[index] = Math.min(at[index]!, ceiling);
    ceiling = at[index]! - LABEL_HEIGHT;
  }
  return at;
}

const shortened = (title: string): string => (title.length > MOST_CHARACTERS ? `${title.slice(0, MOST_CHARACTERS - 1)}…` : title);

const n = (value: number): string => String(Math.round(value * 10) / 10);
