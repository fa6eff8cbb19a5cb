/** Layers upwards, steps to the right, and the gradient norm as a colour on a logarithmic scale; new steps are painted on top of old ones. */
import { type Decades, frameOf, powerLabel, powers, stepLabels, underline } from "./frame.ts";
import type { History } from "./history.ts";
import { type Theme, viridis } from "./palette.ts";

const COLUMNS = 500;
const LEGEND = 46;
/** Of what is not finite. */
const BROKEN = [213, 94, 0] as const;

export class HeatMap {
  private readonly image = document.createElement("canvas");
  private of: History | null = null;
  private painted = 0;
  private decades: Decades = { low: -4, high: 1 };

  draw(canvas: HTMLCanvasElement, history: History | null, decades: Decades, theme: Theme): void {
    const frame = frameOf(canvas, theme);
    const { context, left, top, bottom } = frame;
    const right = frame.right - LEGEND;
    if (history && history.count > 0) {
      this.paint(history, decades);
      context.imageSmoothingEnabled = false;
      context.drawImage(this.image, left, top, right - left, bottom - top);
    }
    context.strokeStyle = theme.rule;
    context.setLineDash([]);
    context.strokeRect(left + 0.5, top + 0.5, right - left - 1, bottom - top - 1);
    context.fillStyle = theme.quiet;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText("last", left - 6, top + 8);
    context.fillText("first", left - 6, bottom - 8);
    underline({ ...frame, right }, stepLabels({ ...frame, right }, history?.steps ?? 1), "step", theme);
    for (let y = top; y < bottom; y++) {
      context.fillStyle = `rgb(${viridis((bottom - y) / (bottom - top)).join(" ")})`;
      context.fillRect(right + 8, y, 8, 1);
    }
    context.fillStyle = theme.quiet;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const power of powers(decades, 5))
      context.fillText(powerLabel(power), right + 19, bottom - ((power - decades.low) / (decades.high - decades.low)) * (bottom - top));
  }

  private paint(history: History, decades: Decades): void {
    const { image } = this;
    const layers = history.weights.length;
    const anew =
      history !== this.of || decades.low !== this.decades.low || decades.high !== this.decades.high || history.count < this.painted;
    const columns = Math.min(COLUMNS, history.steps);
    if (anew) {
      Object.assign(image, { width: columns, height: layers });
      Object.assign(this, { of: history, decades, painted: 0 });
    }
    const context = image.getContext("2d")!;
    const column = (row: number): number => Math.min(columns - 1, Math.floor((history.value(row, "step") / history.steps) * columns));
    for (; this.painted < history.count; this.painted++) {
      const at = column(this.painted);
      // Of steps that share a column the last is seen.
      if (this.painted + 1 < history.count && column(this.painted + 1) === at) continue;
      // As wide as the gap to the step before, where not every step is reported.
      const from = this.painted > 0 ? Math.min(at, column(this.painted - 1) + 1) : at;
      const strip = context.createImageData(1, layers);
      const norms = history.norms(this.painted);
      for (let layer = 0; layer < layers; layer++) strip.data.set([...colourOf(norms[layer]!, decades), 255], 4 * (layers - 1 - layer));
      for (let x = from; x <= at; x++) context.putImageData(strip, x, 0);
    }
  }
}

function colourOf(norm: number, { low, high }: Decades): readonly [number, number, number] {
  if (norm === 0) return [0, 0, 0];
  return Number.isFinite(norm) ? viridis((Math.log10(norm) - low) / (high - low)) : BROKEN;
}
