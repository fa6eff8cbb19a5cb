/** A bar for each layer's gradient norm, on a logarithmic scale. */
import { type Decades, frameOf, gridline, powerLabel, powers, underline } from "./frame.ts";
import type { Theme } from "./palette.ts";

/** For a norm of zero: an open stub. */
const STUB = 8;

/** What is not finite is a full bar of the warning colour. */
export function drawBars(canvas: HTMLCanvasElement, norms: ArrayLike<number>, decades: Decades, theme: Theme): void {
  const frame = frameOf(canvas, theme);
  const { context, left, right, top, bottom } = frame;
  const up = (power: number): number => bottom - ((power - decades.low) / (decades.high - decades.low)) * (bottom - top);
  for (const power of powers(decades, 7)) gridline(frame, up(power), powerLabel(power), theme);
  const slot = (right - left) / Math.max(1, norms.length);
  for (let layer = 0; layer < norms.length; layer++) {
    const norm = norms[layer]!;
    const [x, width] = [left + (layer + 0.1) * slot, Math.max(1, slot * 0.8)];
    if (norm === 0) {
      context.strokeStyle = theme.bad;
      context.setLineDash([2, 2]);
      context.strokeRect(x, bottom - STUB, width, STUB);
      continue;
    }
    const finite = Number.isFinite(norm);
    const y = finite ? up(Math.log10(norm)) : top;
    context.fillStyle = finite ? theme.runs[0]! : theme.bad;
    context.fillRect(x, y, width, Math.max(1, bottom - y));
  }
  const every = Math.max(1, Math.ceil(norms.length / 12));
  const labels = Array.from({ length: Math.ceil(norms.length / every) }, (_, index) => ({
    x: left + (index * every + 0.5) * slot,
    text: String(index * every + 1),
  }));
  underline(frame, labels, "layer, from the input to the output", theme);
}
