/** A progress bar for each net on a terminal, plain lines now and then elsewhere. */
import { formatNumber, formatSeconds } from "./format.ts";

export interface ProgressOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const MOST_BAR_CELLS = 24;
/** A shorter bar says less than the numbers beside it. */
const FEWEST_BAR_CELLS = 6;
const FEWEST_TITLE_CELLS = 14;
const DEFAULT_COLUMNS = 80;
const TITLE_CELLS = 28;
/** Redrawing faster than one reads only costs time. */
const REDRAW_MILLISECONDS = 100;
/** Between two plain lines. */
const LINE_MILLISECONDS = 5000;

/** The progress of one net: `at` for each report, `end` once. `first` steps were made before. */
export class Progress {
  private readonly output: ProgressOutput;
  private readonly title: string;
  private readonly total: number;
  private readonly unit: string;
  private readonly first: number;
  private readonly now: () => number;
  private readonly started: number;
  private shown: number;

  constructor(output: ProgressOutput, title: string, total: number, unit: string, now: () => number = () => performance.now(), first = 0) {
    this.output = output;
    this.title = title;
    this.total = total;
    this.unit = unit;
    this.first = first;
    this.now = now;
    this.started = now();
    this.shown = output.isTTY ? Number.NEGATIVE_INFINITY : this.started;
  }

  /** `done` steps of all are through, the last with this loss; null where there is none. */
  at(done: number, loss: number | null): void {
    const time = this.now();
    if (time - this.shown < (this.output.isTTY ? REDRAW_MILLISECONDS : LINE_MILLISECONDS)) return;
    this.shown = time;
    const seconds = (time - this.started) / 1000;
    this.show(
      this.line(
        done,
        `${facts(loss, this.rate(done, seconds))}  ${formatSeconds((seconds / (done - this.first)) * (this.total - done))} left`,
      ),
    );
  }

  /** Leaves a last line standing. */
  end(done: number, loss: number | null, note = ""): void {
    const seconds = (this.now() - this.started) / 1000;
    this.show(this.line(done, `${facts(loss, this.rate(done, seconds))}  ${formatSeconds(seconds)}${note ? `  ${note}` : ""}`));
    if (this.output.isTTY) this.output.write("\n");
  }

  private rate(done: number, seconds: number): string {
    const rate = (done - this.first) / seconds;
    return `${Number.isFinite(rate) ? rate.toFixed(1) : "?"} ${this.unit}s/s`;
  }

  private line(done: number, rest: string): string {
    const numbers = `${this.unit} ${String(done).padStart(String(this.total).length)}/${this.total}${rest}`;
    if (!this.output.isTTY) return `${this.title.padEnd(TITLE_CELLS)} ${numbers}`;
    // Some terminals have 0 columns, and mean that they do not know. Bar and title give way where the terminal is narrow. What still does not fit is cut: a line that wraps could not be drawn over.
    const room = (this.output.columns || DEFAULT_COLUMNS) - 1;
    const titleCells = Math.max(FEWEST_TITLE_CELLS, Math.min(TITLE_CELLS, room - numbers.length - FEWEST_BAR_CELLS - 2));
    const title = this.title.length > titleCells ? `${this.title.slice(0, titleCells - 1)}…` : this.title.padEnd(titleCells);
    const cells = Math.min(MOST_BAR_CELLS, room - titleCells - numbers.length - 2);
    const full = Math.round((cells * done) / this.total);
    const bar = cells >= FEWEST_BAR_CELLS ? `${"█".repeat(full)}${"░".repeat(cells - full)} ` : "";
    return `${title} ${bar}${numbers}`.slice(0, room);
  }

  private show(text: string): void {
    this.output.write(this.output.isTTY ? `\r${text}\x1b[K` : `${text}\n`);
  }
}

const facts = (loss: number | null, rate: string): string => `${loss === null ? "" : `  loss ${formatNumber(loss)}`}  ${rate}`;
