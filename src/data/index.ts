/** Data sets: `await data.digits()`, `data.spirals({ noise: 0.1 })`, `await data.idx({ trainImages: url, trainLabels: url })`. */
export { checkDataset, type Dataset, flattenSamples, reshapeSamples, type Split } from "./dataset.ts";
export { digits, type DigitsOptions } from "./digits.ts";
export {
  circles, type CirclesOptions, gaussian, type GaussianOptions, type GeneratorOptions, parity, type ParityOptions, spirals, type SpiralsOptions, xor,
} from "./generators.ts";
export { idx, type IdxOptions, type IdxSources } from "./idx.ts";
export type { Source } from "./source.ts";
