/**
 * A run as one file, run.zip: what `fathom train experiment.json --resume .` goes on with in the folder that it is unpacked into, and what this
 * page opens again. Loaded when it is asked for.
 */
import type { History } from "./history.ts";
import { COLUMNS, type RunState } from "./messages.ts";
import { type ZipEntry, zipOf } from "./zip.ts";

/** Lines that are made before the page may do something else. */
const AT_ONCE = 100;

export async function runFileOf({ step, checkpoint, data, given, identity }: RunState, history: History): Promise<Blob> {
  const state = `checkpoint-${step}.safetensors`;
  const metrics = await metricsOf(history, step, identity.experiment.monitor.every);
  const text = (content: string): Uint8Array[] => [new TextEncoder().encode(content)];
  const manifest = {
    format: "fathom-run-checkpoint/1",
    step,
    file: state,
    metricsBytes: metrics.reduce((sum, { length }) => sum + length, 0),
    trainingMilliseconds: Math.round(history.milliseconds),
    ...identity,
  };
  const entries: ZipEntry[] = [
    { name: "experiment.json", parts: text(`${given}\n`) },
    { name: "checkpoint.json", parts: text(`${JSON.stringify(manifest, null, 2)}\n`) },
    { name: state, parts: [checkpoint] },
    { name: "metrics.jsonl", parts: metrics },
    ...data.map(({ name, bytes }) => ({ name: nameIn(name), parts: [bytes] })),
  ];
  return new Blob(zipOf(entries) as Uint8Array<ArrayBuffer>[], { type: "application/zip" });
}

/** In folders below alone: a ZIP is not to write elsewhere. */
const nameIn = (name: string): string => (/^([/\\]|\w:)|(^|[/\\])\.\.([/\\]|$)/.test(name) ? name.split(/[/\\]/).at(-1)! : name);

/** Lines of the monitored steps before, with the weights' norms and what else the page has. */
async function metricsOf(history: History, end: number, every: number): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  const written = (value: number): number | string => (Number.isFinite(value) ? value : String(value));
  for (let first = 0; first < history.count; first += AT_ONCE) {
    const lines: string[] = [];
    for (let row = first; row < Math.min(first + AT_ONCE, history.count); row++) {
      const step = history.value(row, "step");
      if (step >= end || step % every !== 0) continue;
      const norms = history.norms(row);
      const columns = COLUMNS.map((column) => [column, written(history.value(row, column))]);
      const layers = history.weights.map((name, layer) => ({ name, gradientNorm: written(norms[layer]!) }));
      lines.push(`${JSON.stringify({ ...Object.fromEntries(columns), layers })}\n`);
    }
    parts.push(new TextEncoder().encode(lines.join("")));
    await new Promise((resolve) => setTimeout(resolve));
  }
  return parts;
}
