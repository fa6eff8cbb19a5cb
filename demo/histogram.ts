/** How large the elements of one layer's gradient are: counts by power of two, and those that are exactly 0. */
import { frameOf, gridline, underline } from "./frame.ts";
import { BINS, FIRST_POWER } from "./inside.ts";
import type { Theme } from "./palette.ts";
import { raised } from "./raised.ts";

/** The bins shown: from the first to the last that has ever held anything, and at least so many. */
const LEAST = 16;

export function drawHistogram(canvas: HTMLCanvasElement, counts: Uint32Array | null, theme: Theme): void {
  const frame = frameOf(canvas, theme);
  const { context, left, right, top, bottom } = frame;
  const total = counts?.reduce((sum, count) => sum + count, 0) ?? 0;
  const most = counts && total > 0 ? Math.max(...counts) / total : 1;
  const up = (share: number): number => bottom - (share / most) * (bottom - top);
  for (const part of [0, 0.5, 1]) gridline(frame, up(part * most), `${(100 * part * most).toPrecision(2)} %`, theme);
  const { first, last } = rangeOf(counts);
  // Zero stands apart, on the left.
  const slot = (right - left) / (last - first + 3);
  const bar = (at: number, count: number, colour: string): void => {
    context.fillStyle = colour;
    const y = up(count / Math.max(1, total));
    if (count > 0) context.fillRect(left + (at + 0.08) * slot, Math.min(y, bottom - 1), Math.max(1, 0.84 * slot), Math.max(1, bottom - y));
  };
  if (counts) {
    bar(0, counts[0]!, theme.bad);
    for (let bin = first; bin <= last; bin++) bar(bin - first + 2, counts[bin]!, theme.runs[0]!);
  }
  const every = Math.max(1, Math.ceil((last - first + 1) / 8));
  const labels = [{ x: left + 0.5 * slot, text: "0" }];
  for (let bin = first; bin <= last; bin += every)
    labels.push({ x: left + (bin - first + 2.5) * slot, text: `2${raised(bin + FIRST_POWER)}` });
  underline(frame, labels, "size of an element of the gradient", theme);
}

function rangeOf(counts: Uint32Array | null): { first: number; last: number } {
  const used = counts ? [...counts.keys()].filter((bin) => bin > 0 && counts[bin]! > 0) : [];
  const last = used.at(-1) ?? 1 - FIRST_POWER;
  const first = Math.max(1, Math.min(used[0] ?? last, last - LEAST + 1));
  return { first, last: Math.min(BINS - 1, Math.max(last, first + LEAST - 1)) };
}
