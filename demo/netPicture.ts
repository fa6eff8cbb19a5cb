/** The net from its input to its output, each layer in the colour of its gradient: units and what joins them, or slabs where there are many. */
import { frameOf } from "./frame.ts";
import type { Theme } from "./palette.ts";
import { colourOf, type Scale } from "./scale.ts";

const UNITS = 5;
/** A layer that is narrower than this is a slab. */
const ROOM = 15;
const EDGE = 54;

export interface NetPicture {
  /** None before the first step. */
  readonly norms: ArrayLike<number>;
  readonly count: number;
  /** The one that is looked at. */
  readonly chosen: number;
  /** A way around each layer but the first and the last. */
  readonly skips: boolean;
}

const rgb = (value: number, scale: Scale): string => `rgb(${colourOf(value, scale).join(" ")})`;

export function drawNet(canvas: HTMLCanvasElement, { norms, count, chosen, skips }: NetPicture, scale: Scale, theme: Theme): void {
  const { context } = frameOf(canvas, theme);
  const { clientWidth: width, clientHeight: height } = canvas;
  const colourAt = (layer: number): string => (norms.length > 0 ? rgb(norms[layer]!, scale) : theme.rule);
  const [top, bottom] = [skips ? 26 : 14, height - 26];
  const slot = (width - 2 * EDGE) / Math.max(1, count);
  const x = (layer: number): number => EDGE + (layer + 0.5) * slot;
  const y = (unit: number): number => top + ((unit + 0.5) / UNITS) * (bottom - top);
  context.textBaseline = "middle";
  context.fillStyle = theme.quiet;
  context.textAlign = "right";
  context.fillText("input", EDGE - 10, (top + bottom) / 2);
  context.textAlign = "left";
  context.fillText("output", width - EDGE + 10, (top + bottom) / 2);
  context.setLineDash([]);
  if (skips) drawSkips(context, count, x, top, theme);
  for (let layer = 0; layer < count; layer++) {
    const colour = colourAt(layer);
    context.fillStyle = colour;
    if (slot < ROOM) {
      context.fillRect(x(layer) - 0.42 * slot, top, Math.max(1, 0.84 * slot), bottom - top);
      continue;
    }
    if (layer > 0) {
      context.strokeStyle = colour;
      context.lineWidth = 0.9;
      context.beginPath();
      for (let from = 0; from < UNITS; from++)
        for (let to = 0; to < UNITS; to++) {
          context.moveTo(x(layer - 1), y(from));
          context.lineTo(x(layer), y(to));
        }
      context.stroke();
    }
  }
  // Units lie over what joins them.
  if (slot >= ROOM)
    for (let layer = 0; layer < count; layer++) {
      context.fillStyle = colourAt(layer);
      context.strokeStyle = theme.paper;
      context.lineWidth = 1.5;
      for (let unit = 0; unit < UNITS; unit++) {
        context.beginPath();
        context.arc(x(layer), y(unit), Math.min(7, 0.3 * slot), 0, 2 * Math.PI);
        context.fill();
        context.stroke();
      }
    }
  if (norms.length === 0) return;
  context.strokeStyle = theme.ink;
  context.lineWidth = 2;
  const half = Math.min(24, Math.max(4, 0.5 * slot - 1));
  context.strokeRect(x(chosen) - half, top - 5, 2 * half, bottom - top + 10);
  context.fillStyle = theme.quiet;
  context.textAlign = "center";
  context.fillText(`layer ${chosen + 1}`, Math.min(width - 30, Math.max(30, x(chosen))), height - 9);
}

function drawSkips(context: CanvasRenderingContext2D, count: number, x: (layer: number) => number, top: number, { quiet }: Theme): void {
  context.strokeStyle = quiet;
  context.lineWidth = 1.2;
  context.beginPath();
  for (let layer = 1; layer < count - 1; layer++) {
    context.moveTo(x(layer - 1), top - 2);
    context.quadraticCurveTo((x(layer - 1) + x(layer)) / 2, top - 18, x(layer), top - 2);
  }
  context.stroke();
}

/** The layer under a point of the picture. */
export const layerAt = (canvas: HTMLCanvasElement, offset: number, count: number): number =>
  Math.min(count - 1, Math.max(0, Math.floor(((offset - EDGE) / Math.max(1, canvas.clientWidth - 2 * EDGE)) * count)));
