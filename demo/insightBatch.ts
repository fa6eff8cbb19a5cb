/** Gathers what reports tell of a net's inside, and posts it about ten times a second: only the last histograms are ever seen. */
import type { Report } from "../src/index.ts";
import type { FromWorker } from "./messages.ts";

const MILLISECONDS = 100;

export class InsightBatch {
  private readonly run: number;
  private readonly post: (message: FromWorker, transfer?: Transferable[]) => void;
  private numbers: number[] = [];
  private last: Report | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(run: number, post: (message: FromWorker, transfer?: Transferable[]) => void) {
    this.run = run;
    this.post = post;
  }

  /** In the order of the class Inside. */
  add(report: Report): void {
    const { insight, step } = report;
    if (!insight) return;
    this.numbers.push(step);
    for (const { role, updateRatio } of insight.parameters) if (role === "weight") this.numbers.push(updateRatio);
    for (const { saturated } of insight.activations) this.numbers.push(saturated);
    for (const { dead } of insight.activations) this.numbers.push(dead);
    this.last = report;
    this.timer ??= setTimeout(() => this.flush(), MILLISECONDS);
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (!this.last) return;
    const { step, layers } = this.last;
    const { parameters, activations, histograms } = this.last.insight!;
    const rows = Float32Array.from(this.numbers);
    const weights = new Set(layers.flatMap(({ name, role }) => (role === "weight" ? [name] : [])));
    const counts = Uint32Array.from((histograms ?? []).filter(({ name }) => weights.has(name)).flatMap((histogram) => histogram.counts));
    this.numbers = [];
    this.last = null;
    this.post(
      {
        type: "insight",
        run: this.run,
        rows,
        weights: parameters.filter(({ role }) => role === "weight").length,
        activations: activations.map(({ name, type }) => `${name} ${type}`),
        histograms: counts.length > 0 ? { step, counts } : null,
      },
      [rows.buffer],
    );
  }
}
