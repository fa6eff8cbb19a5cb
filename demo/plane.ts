/** Points of two classes in the plane, and over it how sure the net is of either. */
import type { History } from "./history.ts";
import { PLANE_CELLS } from "./messages.ts";
import type { Theme } from "./palette.ts";

/** Blue and orange, which colour-blind readers tell apart. */
const CLASS_0 = [0, 114, 178] as const;
const CLASS_1 = [230, 159, 0] as const;
const MOST_POINTS = 600;

export function drawPlane(canvas: HTMLCanvasElement, { plane, points }: History, { paper, ink }: Theme): void {
  const size = canvas.clientWidth;
  const ratio = Math.min(3, devicePixelRatio || 1);
  Object.assign(canvas, { width: Math.round(size * ratio), height: Math.round(size * ratio) });
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = paper;
  context.fillRect(0, 0, size, size);
  if (plane) {
    const image = document.createElement("canvas");
    Object.assign(image, { width: PLANE_CELLS, height: PLANE_CELLS });
    const pixels = new ImageData(PLANE_CELLS, PLANE_CELLS);
    for (const [cell, sure] of plane.entries()) {
      const from = sure < 128 ? CLASS_0 : CLASS_1;
      pixels.data.set([...from, Math.abs(sure - 127.5) * 1.2], 4 * cell);
    }
    image.getContext("2d")!.putImageData(pixels, 0, 0);
    context.drawImage(image, 0, 0, size, size);
  }
  if (!points) return;
  const at = (value: number): number => ((value / points.reach + 1) / 2) * size;
  // Odd, for classes may take turns.
  const every = Math.ceil(points.y.length / MOST_POINTS) | 1;
  for (let index = 0; index < points.y.length; index += every) {
    context.beginPath();
    const [x, y] = [at(points.x[2 * index]!), size - at(points.x[2 * index + 1]!)];
    // Class 1 is square, so that shape says it too; points for testing are hollow.
    if (points.y[index] === 0) context.arc(x, y, 3, 0, 2 * Math.PI);
    else context.rect(x - 2.8, y - 2.8, 5.6, 5.6);
    context.fillStyle = index < points.trained ? `rgb(${(points.y[index] === 0 ? CLASS_0 : CLASS_1).join(" ")})` : paper;
    context.strokeStyle = ink;
    context.lineWidth = 0.8;
    context.fill();
    context.stroke();
  }
}
