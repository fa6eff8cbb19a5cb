/** Layers upwards, steps to the right, and a number of each layer as a colour; new steps are painted on top of old ones. */
import { frameOf, stepLabels, underline } from "./frame.ts";
import type { Theme } from "./palette.ts";
import { viridis } from "./palette.ts";
import { colourOf, type Scale } from "./scale.ts";

const COLUMNS = 500;
const LEGEND = 50;

/** Rows that only grow: one for each step that was looked at. */
export interface Rows {
  /** As many as there is room for. */
  readonly steps: number;
  readonly layers: number;
  readonly count: number;
  readonly step: (row: number) => number;
  readonly values: (row: number) => ArrayLike<number>;
}

export class HeatMap {
  private readonly image = document.createElement("canvas");
  private of: object | null = null;
  private painted = 0;
  private key = "";

  /** `of` is what the rows belong to: those of another are painted anew. */
  draw(canvas: HTMLCanvasElement, of: object | null, rows: Rows | null, scale: Scale, theme: Theme): void {
    const frame = frameOf(canvas, theme);
    const { context, left, top, bottom } = frame;
    const right = frame.right - LEGEND;
    if (rows && rows.count > 0 && rows.layers > 0) {
      this.paint(of, rows, scale);
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
    underline({ ...frame, right }, stepLabels({ ...frame, right }, rows?.steps ?? 1), "step", theme);
    for (let y = top; y < bottom; y++) {
      context.fillStyle = `rgb(${viridis((bottom - y) / (bottom - top)).join(" ")})`;
      context.fillRect(right + 8, y, 8, 1);
    }
    context.fillStyle = theme.quiet;
    context.textAlign = "left";
    for (const { share, text } of scale.ticks) context.fillText(text, right + 19, bottom - share * (bottom - top));
  }

  private paint(of: object | null, { steps, layers, count, step, values }: Rows, scale: Scale): void {
    const { image } = this;
    const columns = Math.min(COLUMNS, steps);
    const key = `${scale.key} ${steps}`;
    if (of !== this.of || key !== this.key || count < this.painted) {
      Object.assign(image, { width: columns, height: layers });
      Object.assign(this, { of, key, painted: 0 });
    }
    const context = image.getContext("2d")!;
    const column = (row: number): number => Math.min(columns - 1, Math.floor((step(row) / steps) * columns));
    for (; this.painted < count; this.painted++) {
      const at = column(this.painted);
      // Of steps that share a column the last is seen.
      if (this.painted + 1 < count && column(this.painted + 1) === at) continue;
      // As wide as the gap to the step before, where not every step is reported.
      const from = this.painted > 0 ? Math.min(at, column(this.painted - 1) + 1) : at;
      const width = at - from + 1;
      const strip = context.createImageData(width, layers);
      const row = values(this.painted);
      for (let layer = 0; layer < layers; layer++) {
        const [red, green, blue] = colourOf(row[layer]!, scale);
        for (let x = 0; x < width; x++) {
          const pixel = 4 * ((layers - 1 - layer) * width + x);
          strip.data[pixel] = red;
          strip.data[pixel + 1] = green;
          strip.data[pixel + 2] = blue;
          strip.data[pixel + 3] = 255;
        }
      }
      context.putImageData(strip, from, 0);
    }
  }
}
