/** A progress bar for each net on a terminal, plain lines now and then elsewhere. */
import { formatNumber, formatSeconds } from "./format.ts";

export interface ProgressOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const BAR_CELLS = 24;
const TITLE_CELLS = 28;
/** Redrawing faster than one reads only costs time. */
const REDRAW_MILLISECONDS = 100;
/** Between two plain lines. */
const LINE_MILLISECONDS = 5000;

/** The progress of one net: `at` for each report, `end` once. */
export class Progress {
  private readonly output: ProgressOutput;
  private readonly title: string;
  private readonly total: number;
  private readonly unit: string;
  private readonly now: () => number;
  private readonly started: number;
  private shown: number;

  constructor(output: ProgressOutput, title: string, total: number, unit: string, now: () => number = () => performance.now()) {
    this.output = output;
    this.title = title;
    this.total = total;
    this.unit = unit;
    this.now = now;
    this.started = now();
    this.shown = output.isTTY ? Number.NEGATIVE_INFINITY : this.started;
  }

  /** `done` steps of all are through, the last with this loss; null where there is none. */
  at(done: number, loss: number | null): void {
    const time = this.now();
    if (time - this.shown < (this.output.isTTY ? REDRAW_MILLISECONDS : LINE_MILLISECONDS)) return;
    this.shown = time;
    this.show(this.line(done, loss, time));
  }

  /** Leaves a last line standing. */
  end(done: number, loss: number | null, note = ""): void {
    const time = this.now();
    const seconds = (time - this.started) / 1000;
    const text = `${this.head(done)}${facts(loss, this.rate(done, seconds))}  ${formatSeconds(seconds)}${note ? `  ${note}` : ""}`;
    this.show(text);
    if (this.output.isTTY) this.output.write("\n");
  }

  private line(done: number, loss: number | null, time: number): string {
    const seconds = (time - this.started) / 1000;
    return `${this.head(done)}${facts(loss, this.rate(done, seconds))}  ${formatSeconds((seconds / done) * (this.total - done))} left`;
  }

  private rate(done: number, seconds: number): string {
    const rate = done / seconds;
    return `${Number.isFinite(rate) ? rate.toFixed(1) : "?"} ${this.unit}s/s`;
  }

  private head(done: number): string {
    const title = this.title.padEnd(TITLE_CELLS);
    const steps = `${this.unit} ${String(done).padStart(String(this.total).length)}/${this.total}`;
    if (!this.output.isTTY) return `${title} ${steps}`;
    const full = Math.round((BAR_CELLS * done) / this.total);
    return `${title} ${"█".repeat(full)}${"░".repeat(BAR_CELLS - full)} ${steps}`;
  }

  private show(text: string): void {
    if (!this.output.isTTY) {
      this.output.write(`${text}\n`);
      return;
    }
    // A line that wraps could not be drawn over.
    this.output.write(`\r${text.slice(0, (this.output.columns ?? 120) - 1)}\x1b[K`);
  }
}

const facts = (loss: number | null, rate: string): string => `${loss === null ? "" : `  loss ${formatNumber(loss)}`}  ${rate}`;
