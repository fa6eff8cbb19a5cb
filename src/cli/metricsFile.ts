/** metrics.jsonl, written line by line as reports come, and read again where a run goes on. */
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FathomError } from "../core/errors.ts";
import type { LayerReport, Report } from "../train/report.ts";
import { metricsText } from "./runFiles.ts";
import { fromJson } from "./wire.ts";

const METRICS = "metrics.jsonl";

/** A report as its line has it: the roles of parameters are not written down. */
export type MetricsLine = Omit<Report, "layers" | "appliedStep" | "skipped"> & { readonly layers: readonly Omit<LayerReport, "role">[] };

/** The lines of a run until a checkpoint. */
export interface EarlierMetrics {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly lines: readonly MetricsLine[];
}

export class MetricsFile {
  private readonly descriptor: number;
  private readonly every: number;
  private size: number;
  private keptSize: number;

  /** Begins with the earlier run's lines, or empty. `every`: as monitored; the last step is written too, whatever it is. */
  constructor(folder: string, every: number, earlier: EarlierMetrics | null) {
    const path = join(folder, METRICS);
    const bytes = earlier?.bytes ?? new Uint8Array(0);
    this.descriptor = openSync(path, "a");
    this.every = every;
    // The same file is only cut back: what belongs to its checkpoint is never gone.
    if (earlier && resolve(earlier.path) === resolve(path)) ftruncateSync(this.descriptor, bytes.length);
    else {
      ftruncateSync(this.descriptor, 0);
      writeSync(this.descriptor, bytes);
    }
    this.size = bytes.length;
    this.keptSize = bytes.length;
  }

  /** Bytes of the lines that a run with more steps would have too: the last step's may not be among them. */
  get kept(): number {
    return this.keptSize;
  }

  append(reports: readonly Report[]): void {
    for (const report of reports) {
      this.size += writeSync(this.descriptor, metricsText([report]));
      if (report.step % this.every === 0) this.keptSize = this.size;
    }
  }

  sync(): void {
    fsyncSync(this.descriptor);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** The first `length` bytes of the folder's metrics. */
export async function readMetrics(folder: string, length: number): Promise<EarlierMetrics> {
  const path = join(folder, METRICS);
  const all = await readFile(path).catch((cause: unknown) => {
    throw new FathomError("file-format", `${path}: cannot be read (${(cause as Error).message}); the checkpoint beside it needs it`, {
      cause,
    });
  });
  if (all.length < length)
    throw new FathomError("file-format", `${path}: has ${all.length} bytes, and the checkpoint beside it was made when it had ${length}`);
  const bytes = all.subarray(0, length);
  const lines = bytes.toString("utf8").split("\n").slice(0, -1);
  return { path, bytes, lines: lines.map((line) => fromJson(line) as MetricsLine) };
}
