/** A small regression set for trainers: sines in, cosines out. */
import type { Dataset } from "../../src/data/index.ts";

const wave = (f: (t: number) => number, length: number): Float32Array => Float32Array.from({ length }, (_, index) => f(index));

/** Rows of so many features, with two targets each; no test part. */
export const waves = (count: number, features: number): Dataset => ({
  name: "waves",
  sampleShape: [features],
  classes: null,
  train: { count, x: wave(Math.sin, count * features), xScale: 1, y: wave(Math.cos, count * 2), yShape: [2] },
  test: null,
});
