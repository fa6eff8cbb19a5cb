/** Data sets: `await data.digits()`, `data.spirals({ noise: 0.1 })`, `await data.idx({ trainImages: url, trainLabels: url })`. */
export { type CsvDataset, type CsvOptions, csv } from "./csv.ts";
export { checkDataset, type Dataset, flattenSamples, reshapeSamples, type Split } from "./dataset.ts";
export { type DigitsOptions, digits } from "./digits.ts";
export {
  type CirclesOptions,
  circles,
  type GaussianOptions,
  type GeneratorOptions,
  gaussian,
  type ParityOptions,
  parity,
  type SpiralsOptions,
  spirals,
  xor,
} from "./generators.ts";
export { type IdxOptions, type IdxSources, idx } from "./idx.ts";
export type { Source } from "./source.ts";
