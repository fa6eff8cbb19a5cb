/** What can be taken away: reports as CSV, the experiment as JSON, the charts as PNG. */
import type { History } from "./history.ts";
import { COLUMNS, type Evaluated } from "./messages.ts";
import type { Theme } from "./palette.ts";

const SEEN = ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"] as const satisfies readonly (keyof Evaluated)[];
const LONGEST_NAME = 60;
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** With as many digits as tell it from the next float32; what is not finite is written as JavaScript has it. */
function digitsOf(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = [6, 7, 8].find((count) => Math.fround(Number(value.toPrecision(count))) === Math.fround(value)) ?? 9;
  return String(Number(value.toPrecision(digits)));
}

/**
 * Of each run a line for each step that something is known of: what was reported, what the net was found to be worth before that step, and what was
 * changed there. What is not known is left empty.
 */
export function csvOf(runs: readonly History[]): string {
  const names = [...new Set(runs.flatMap(({ weights }) => weights))];
  const heads = ["run", ...COLUMNS, ...SEEN, "changed", ...names.map((name) => quoted(`gradientNorm ${name}`))];
  return `${[heads.join(","), ...runs.flatMap((run) => linesOf(run, names))].join("\n")}\n`;
}

function linesOf(run: History, names: readonly string[]): string[] {
  const rowAt = new Map(Array.from({ length: run.count }, (_, row) => [run.value(row, "step"), row]));
  const seenAt = new Map(run.evaluations.map((seen) => [seen.step, seen]));
  const steps = [...new Set([...rowAt.keys(), ...seenAt.keys(), ...run.marks.map(({ step }) => step)])].sort((a, b) => a - b);
  const layers = names.map((name) => run.weights.indexOf(name));
  return steps.map((step) => {
    const [row, seen] = [rowAt.get(step), seenAt.get(step)];
    const norms = row === undefined ? null : run.norms(row);
    const changed = run.marks.filter((mark) => mark.step === step).map(({ text }) => text);
    return [
      quoted(run.name),
      String(step),
      ...COLUMNS.slice(1).map((column) => (row === undefined ? "" : digitsOf(run.value(row, column)))),
      ...SEEN.map((name) => (seen?.[name] == null ? "" : digitsOf(seen[name]))),
      changed.length > 0 ? quoted(changed.join("; ")) : "",
      ...layers.map((layer) => (norms && layer >= 0 ? digitsOf(norms[layer]!) : "")),
    ].join(",");
  });
}

/** A name that says what the file is of: "30-sigmoid-step-500-reports.csv". */
export function fileNameOf({ name, step }: Pick<History, "name" | "step">, what: string): string {
  const words = (name.toLowerCase().match(/[a-z0-9.]+/g) ?? []).join("-").slice(0, LONGEST_NAME);
  return `${words}${words === "" ? "" : "-"}step-${step}-${what}`;
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
