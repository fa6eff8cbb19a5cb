/** Keeps one run: a snapshot every few seconds, so that a closed page loses little, and continuing it nothing. */
import type { Report, Trainer } from "../src/index.ts";
import { rowOf } from "./batch.ts";
import { histogramsIn, type InsideRow, insideOf } from "./insightBatch.ts";
import { type KeptRun, PART_FORMAT, type Seen } from "./messages.ts";
import type { InsideRows } from "./past.ts";
import type { Snapshots } from "./snapshots.ts";

/** The last snapshot is at most ten seconds old, with the time that the next takes to be written and that until the clock is looked at. */
const MOST_AGE = 10_000;
const LEAST_WAIT = 4000;
/** A GPU that is lost at once takes little with it. */
const FIRST_WAIT = 1500;
/** A net of many weights is kept less often: it must not slow training down. */
const WAIT_PER_SNAPSHOT = 15;
const LOOK_AT_CLOCK = 500;

/** Milliseconds until the next snapshot, after one that took so long. */
export const waitAfter = (took: number): number =>
  Math.max(LEAST_WAIT, Math.min(WAIT_PER_SNAPSHOT * took, MOST_AGE - LOOK_AT_CLOCK - 1.5 * took));

interface Row {
  readonly step: number;
  readonly numbers: readonly number[];
  readonly inside: InsideRow | null;
}

interface Waiting {
  readonly step: number;
  /** The last step before it that is reported. */
  readonly last: number;
  readonly checkpoint: Uint8Array;
}

export class Keeper {
  private readonly snapshots: Snapshots;
  private readonly files: readonly File[];
  private trainer: Trainer;
  private readonly every: number;
  private readonly milliseconds: () => number;
  private run: KeptRun;
  private rows: Row[] = [];
  /** The last that had some. */
  private histogram: Report | null = null;
  private evaluations: Seen["evaluations"][number][] = [];
  private marks: Seen["marks"][number][] = [];
  private waiting: Waiting | null = null;
  private taking: Promise<void> | null = null;
  private lastStep = -1;
  private savedStep: number;
  private nextAt = performance.now() + FIRST_WAIT;
  private readonly timer = setInterval(() => this.lookAtClock(), LOOK_AT_CLOCK);
  private writing: Promise<void> = Promise.resolve();
  private ended = false;

  constructor(snapshots: Snapshots, run: KeptRun, files: readonly File[], trainer: Trainer, every: number, milliseconds: () => number) {
    this.snapshots = snapshots;
    this.run = run;
    this.files = files;
    this.trainer = trainer;
    this.every = every;
    this.milliseconds = milliseconds;
    this.savedStep = trainer.attemptedStep;
  }

  add(report: Report): void {
    this.rows.push({ step: report.step, numbers: rowOf(report), inside: insideOf(report) });
    if (report.insight) this.histogram = report;
    this.lastStep = report.step;
    this.writeIfReported();
  }

  evaluated(seen: Seen["evaluations"][number]): void {
    this.evaluations.push(seen);
  }

  /** The run goes on under other settings. */
  changed(mark: Seen["marks"][number], run: Pick<KeptRun, "experiment" | "state">): void {
    this.marks.push(mark);
    this.run = { ...this.run, ...run };
    this.savedStep = -1;
  }

  /** Another trainer, which goes on where that before was. */
  follow(trainer: Trainer): void {
    this.trainer = trainer;
  }

  private lookAtClock(): void {
    if (performance.now() >= this.nextAt) void this.now();
  }

  /** A snapshot of this moment; it is written when the reports of all steps before it are here. */
  async now(): Promise<void> {
    const step = this.trainer.attemptedStep;
    if (this.taking || this.waiting || this.ended || step === 0 || step === this.savedStep) return;
    this.taking = this.take(this.trainer);
    await this.taking;
    this.taking = null;
  }

  private async take(trainer: Trainer): Promise<void> {
    const began = performance.now();
    try {
      const checkpoint = await trainer.checkpoint();
      // The moment that it is of may be later than that at which it was asked for.
      const made = await stepOf(checkpoint);
      this.waiting = { step: made, last: Math.floor((made - 1) / this.every) * this.every, checkpoint };
      this.writeIfReported();
      await this.writing;
    } catch {
      // The device was lost or the trainer disposed of, which the run itself tells; or there is no room, and an older snapshot has to do.
    } finally {
      const now = performance.now();
      this.nextAt = now + waitAfter(now - began);
    }
  }

  /** A snapshot of the run's last moment, after one that is being taken. */
  async last(): Promise<void> {
    await this.taking;
    await this.now();
  }

  private writeIfReported(): void {
    const { waiting } = this;
    if (!waiting || this.lastStep < waiting.last || this.ended) return;
    this.waiting = null;
    const { step, checkpoint } = waiting;
    const before = <T extends { readonly step: number }>(all: readonly T[]): T[] => all.filter((one) => one.step < step);
    const told = before(this.rows);
    const part = {
      format: PART_FORMAT,
      rowLength: told[0]?.numbers.length ?? 1,
      rows: Float32Array.from(told.flatMap(({ numbers }) => numbers)),
      inside: insideRows(told),
    } as const;
    const seen = { evaluations: this.evaluations.filter((one) => one.step <= step), marks: this.marks.filter((one) => one.step <= step) };
    this.rows = this.rows.filter((row) => row.step >= step);
    this.evaluations = this.evaluations.filter((one) => one.step > step);
    this.marks = this.marks.filter((one) => one.step > step);
    this.run = { ...this.run, step, savedAt: Date.now(), milliseconds: this.milliseconds() };
    this.savedStep = step;
    const histograms = this.histogram && histogramsIn(this.histogram);
    const snapshot = { run: this.run, files: this.files, checkpoint, histograms };
    this.writing = this.writing.then(() => this.snapshots.write(snapshot, { ...part, seen })).catch(() => {});
  }

  /** No more snapshots; those that are there stay, unless the run came to an end of its own. */
  async end(forget: boolean): Promise<void> {
    this.ended = true;
    clearInterval(this.timer);
    await this.writing;
    if (forget) await this.snapshots.forget(this.run.id).catch(() => {});
  }
}

function insideRows(told: readonly Row[]): InsideRows | null {
  const insides = told.flatMap(({ inside }) => (inside ? [inside] : []));
  const [first] = insides;
  if (!first) return null;
  const rows = Float32Array.from(insides.flatMap(({ numbers }) => numbers));
  return { weights: first.weights, activations: first.activations, rows };
}

/** Steps that were made before a checkpoint. */
export async function stepOf(checkpoint: Uint8Array): Promise<number> {
  const { safetensorsHead } = await import("./safetensorsHead.ts");
  return (JSON.parse(safetensorsHead(checkpoint, "snapshot").facts ?? "{}") as { attemptedStep: number }).attemptedStep;
}
