/** A square picture of numbers from 0 (paper) to 1 (ink), on a canvas of any size. */
import { theme } from "./palette.ts";

export function drawPixels(canvas: HTMLCanvasElement, pixels: ArrayLike<number>, side: number): void {
  const { paper, ink } = theme();
  const context = canvas.getContext("2d")!;
  context.globalAlpha = 1;
  context.fillStyle = paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = ink;
  const cell = canvas.width / side;
  for (let index = 0; index < side * side; index++) {
    const value = pixels[index]!;
    if (!(value > 0)) continue;
    context.globalAlpha = Math.min(1, value);
    context.fillRect((index % side) * cell, Math.floor(index / side) * cell, cell, cell);
  }
}
