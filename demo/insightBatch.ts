/** Gathers what reports tell of a net's inside, and posts it about ten times a second: only the last histograms are ever seen. */
import type { Report } from "../src/index.ts";
import type { FromWorker } from "./messages.ts";

const MILLISECONDS = 100;

/** What a report tells of the inside, as the class Inside has it. */
export interface InsideRow {
  readonly numbers: readonly number[];
  readonly weights: number;
  readonly activations: readonly string[];
}

export function insideOf({ insight, step }: Report): InsideRow | null {
  if (!insight) return null;
  const ratios = insight.parameters.flatMap(({ role, updateRatio }) => (role === "weight" ? [updateRatio] : []));
  const { activations } = insight;
  const shares = [...activations.map(({ saturated }) => saturated), ...activations.map(({ dead }) => dead)];
  return {
    numbers: [step, ...ratios, ...shares],
    weights: ratios.length,
    activations: activations.map(({ name, type }) => `${name} ${type}`),
  };
}

/** Null where there are none of weights. */
export function histogramsIn({ insight, step, layers }: Report): { readonly step: number; readonly counts: Uint32Array } | null {
  const weights = new Set(layers.flatMap(({ name, role }) => (role === "weight" ? [name] : [])));
  const counts = Uint32Array.from(
    (insight?.histograms ?? []).filter(({ name }) => weights.has(name)).flatMap((histogram) => histogram.counts),
  );
  return counts.length > 0 ? { step, counts } : null;
}

export class InsightBatch {
  private readonly run: number;
  private readonly post: (message: FromWorker, transfer?: Transferable[]) => void;
  private rows: InsideRow[] = [];
  private last: Report | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(run: number, post: (message: FromWorker, transfer?: Transferable[]) => void) {
    this.run = run;
    this.post = post;
  }

  add(report: Report): void {
    const row = insideOf(report);
    if (!row) return;
    this.rows.push(row);
    this.last = report;
    this.timer ??= setTimeout(() => this.flush(), MILLISECONDS);
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (!this.last) return;
    const { weights, activations } = this.rows[0]!;
    const rows = Float32Array.from(this.rows.flatMap(({ numbers }) => numbers));
    const histograms = histogramsIn(this.last);
    this.rows = [];
    this.last = null;
    this.post({ type: "insight", run: this.run, rows, weights, activations, histograms }, [rows.buffer]);
  }
}
