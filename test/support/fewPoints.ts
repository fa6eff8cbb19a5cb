/** Twelve samples of three numbers each, to two: data of which a trainer's step is quick. */
import type { Dataset } from "../../src/index.ts";
import { spread } from "./float64.ts";

export const fewPoints: Dataset = {
  name: "points",
  sampleShape: [3],
  classes: null,
  train: { count: 12, x: spread(36), xScale: 1, y: spread(24, 2), yShape: [2] },
  test: null,
};
