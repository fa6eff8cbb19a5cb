/** What can be taken away: reports as CSV, the experiment as JSON, the charts as PNG. */
import type { History } from "./history.ts";
import { COLUMNS } from "./messages.ts";
import type { Theme } from "./palette.ts";

/** A line for each report; numbers that are not finite are written as JavaScript has them. */
export function csvOf(history: History): string {
  const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  const lines = [[...COLUMNS, ...history.weights.map((name) => quote(`gradientNorm ${name}`))].join(",")];
  for (let row = 0; row < history.count; row++)
    lines.push([...COLUMNS.map((column) => history.value(row, column)), ...history.norms(row)].join(","));
  return `${lines.join("\n")}\n`;
}

/** Charts one under the other. */
export function pngOf(canvases: readonly HTMLCanvasElement[], title: string, { paper, ink }: Theme): Promise<Blob | null> {
  const ratio = Math.min(3, devicePixelRatio || 1);
  const head = 36 * ratio;
  const image = document.createElement("canvas");
  image.width = Math.max(...canvases.map(({ width }) => width));
  image.height = head + canvases.reduce((sum, { height }) => sum + height, 0);
  const context = image.getContext("2d")!;
  context.fillStyle = paper;
  context.fillRect(0, 0, image.width, image.height);
  context.fillStyle = ink;
  context.font = `${15 * ratio}px system-ui, sans-serif`;
  context.fillText(title, 8 * ratio, 24 * ratio, image.width - 16 * ratio);
  let y = head;
  for (const canvas of canvases) {
    context.drawImage(canvas, 0, y);
    y += canvas.height;
  }
  return new Promise((resolve) => image.toBlob(resolve, "image/png"));
}

export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Once the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
