/** Gathers reports into rows of numbers, and posts them about once per frame of the page. */
import type { Report } from "../src/index.ts";
import type { FromWorker } from "./messages.ts";

/** A timer and not a frame: a hidden page has no frames, and loses nothing. */
const MILLISECONDS = 16;

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

  /** In the order of COLUMNS, and then the weights'. */
  add({ step, loss, learningRate, gradientNorm, clipScale, layers }: Report): void {
    this.numbers.push(step, loss, learningRate, gradientNorm, clipScale);
    for (const layer of layers) if (layer.role === "weight") this.numbers.push(layer.gradientNorm);
    this.timer ??= setTimeout(() => this.flush(), MILLISECONDS);
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.numbers.length === 0) return;
    const rows = Float32Array.from(this.numbers);
    this.numbers = [];
    const milliseconds = this.trained + (this.since === null ? 0 : performance.now() - this.since);
    this.post({ type: "reports", run: this.run, rows, milliseconds }, [rows.buffer]);
  }
}
