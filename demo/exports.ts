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

/** Charts one under the other, each below its title. */
export function pngOf(
  charts: readonly { readonly title: string; readonly canvas: HTMLCanvasElement }[],
  title: string,
  { paper, ink, quiet }: Theme,
): Promise<Blob | null> {
  const ratio = Math.min(3, devicePixelRatio || 1);
  const [head, line, margin] = [40 * ratio, 28 * ratio, 12 * ratio];
  const image = document.createElement("canvas");
  image.width = 2 * margin + Math.max(...charts.map(({ canvas }) => canvas.width));
  image.height = head + charts.reduce((sum, { canvas }) => sum + canvas.height + line, margin);
  const context = image.getContext("2d")!;
  context.fillStyle = paper;
  context.fillRect(0, 0, image.width, image.height);
  const write = (text: string, y: number, size: number, colour: string): void => {
    context.fillStyle = colour;
    context.font = `${size * ratio}px system-ui, sans-serif`;
    context.fillText(text, margin, y, image.width - 2 * margin);
  };
  write(title, 26 * ratio, 17, ink);
  let y = head;
  for (const { title: caption, canvas } of charts) {
    write(caption, y + 18 * ratio, 13, quiet);
    context.drawImage(canvas, margin, y + line);
    y += line + canvas.height;
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
