/** Optimizers, clipping and regularisers: `optim.adamW({ learningRate: 3e-3 })`, `optim.clipGlobalNorm(1)`, `optim.l2(1e-4)`. */
export { type AdamOptions, adam, adamW, type NadamOptions, nadam, type RadamOptions, radam } from "./adam.ts";
export { type AdagradOptions, adagrad, type RmspropOptions, rmsprop } from "./adaptive.ts";
export {
  type AdaptiveClipOptions,
  type Clip,
  clipAdaptive,
  clipGlobalNorm,
  clipParameterNorm,
  clipValue,
  normalize,
  rescale,
} from "./clip.ts";
export { type Constraint, maxNorm } from "./constraint.ts";
export type { ParameterGroup } from "./groups.ts";
export { lamb } from "./lamb.ts";
export { type LionOptions, lion } from "./lion.ts";
export { type MuonAdjust, type MuonOptions, muon } from "./muon.ts";
export { type GradientNoise, type GradientNoiseOptions, gradientNoise } from "./noise.ts";
export type { Optimizer } from "./optimizers.ts";
export { type ElasticNetOptions, elasticNet, l1, l2, lasso, type Regularizer, type RegularizerOptions, ridge } from "./regularizers.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
