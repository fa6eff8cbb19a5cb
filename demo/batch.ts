/** Gathers reports into rows of numbers, and posts them about once per frame of the page. */
import type { Report } from "../src/index.ts";
import type { FromWorker } from "./messages.ts";

/** A timer and not a frame: a hidden page has no frames, and loses nothing. */
const MILLISECONDS = 16;

/** In the order of COLUMNS, and then the weights'. */
export function rowOf({ step, loss, learningRate, gradientNorm, clipScale, layers }: Report): number[] {
  const norms = layers.flatMap((layer) => (layer.role === "weight" ? [layer.gradientNorm] : []));
  return [step, loss, learningRate, gradientNorm, clipScale, ...norms];
}

export class ReportBatch {
  private readonly run: number;
  private readonly post: (message: FromWorker, transfer?: Transferable[]) => void;
  private numbers: number[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private trained = 0;
  private since: number | null = null;

  constructor(run: number, post: (message: FromWorker, transfer?: Transferable[]) => void) {
    this.run = run;
    this.post = post;
  }

  /** Starts and stops the clock. */
  running(goes: boolean): void {
    const now = performance.now();
    if (this.since !== null) this.trained += now - this.since;
    this.since = goes ? now : null;
  }

  get milliseconds(): number {
    return this.trained + (this.since === null ? 0 : performance.now() - this.since);
  }

  /** After a run that goes on. */
  set milliseconds(before: number) {
    this.trained = before;
  }

  add(report: Report): void {
    this.numbers.push(...rowOf(report));
    this.timer ??= setTimeout(() => this.flush(), MILLISECONDS);
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.numbers.length === 0) return;
    const rows = Float32Array.from(this.numbers);
    this.numbers = [];
    this.post({ type: "reports", run: this.run, rows, milliseconds: this.milliseconds }, [rows.buffer]);
  }
}
