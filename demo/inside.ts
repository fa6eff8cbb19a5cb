/** What the page knows of a run's inside, where it looks there: update ratios of weights, saturation of activations, and the last histograms. */
import { type Decades, decadesOf } from "./frame.ts";
import type { FromWorker } from "./messages.ts";
import { RowStore } from "./rowStore.ts";

type Told = Extract<FromWorker, { type: "insight" }>;

/** Bin 0 is for 0, bin k for gradients from 2^(k − 46) on; as docs/experiment.md has it. */
export const BINS = 64;
export const FIRST_POWER = -46;

/** Powers of ten that any run's update ratios begin with. */
export const RATIO_DECADES: Decades = { low: -5, high: -1 };

export class Inside {
  /** The activation layers, in the order in which they run. */
  activations: readonly string[] = [];
  /** Powers of ten that hold all update ratios so far. */
  ratioDecades = RATIO_DECADES;
  /** The step whose histograms these are, and 64 counts for each weight. */
  histograms: { readonly step: number; readonly counts: Uint32Array } | null = null;
  private weights = 0;
  private rows = new RowStore(1);

  take({ rows, activations, weights, histograms }: Told): void {
    if (this.count === 0) {
      Object.assign(this, { activations, weights });
      this.rows = new RowStore(1 + weights + 2 * activations.length);
    }
    this.rows.add(rows);
    const { rowLength } = this.rows;
    for (let start = 1; start < rows.length; start += rowLength)
      this.ratioDecades = decadesOf(rows.subarray(start, start + weights), this.ratioDecades);
    if (histograms) this.histograms = histograms;
  }

  get count(): number {
    return this.rows.count;
  }

  private part(row: number, from: number, length: number): Float32Array {
    return this.rows.row(row).subarray(from, from + length);
  }

  step(row: number): number {
    return this.rows.row(row)[0]!;
  }

  /** ‖Δw‖/‖w‖ of each weight. */
  ratios(row: number): Float32Array {
    return this.part(row, 1, this.weights);
  }

  /** The share of each activation's outputs that lies in its flat ends. */
  saturated(row: number): Float32Array {
    return this.part(row, 1 + this.weights, this.activations.length);
  }

  /** The share of each activation's units that are 0 for the whole batch. */
  dead(row: number): Float32Array {
    return this.part(row, 1 + this.weights + this.activations.length, this.activations.length);
  }

  /** Of one weight. */
  histogram(weight: number): Uint32Array | null {
    return this.histograms?.counts.subarray(BINS * weight, BINS * (weight + 1)) ?? null;
  }
}
