/** Optimizers, clipping and regularisers: `optim.adamW({ learningRate: 3e-3 })`, `optim.clipGlobalNorm(1)`, `optim.l2(1e-4)`. */
export { type Clip, clipGlobalNorm, clipParameterNorm, clipValue, normalize, rescale } from "./clip.ts";
export { type AdamOptions, adam, adamW, type Optimizer, type SgdOptions, sgd } from "./optimizers.ts";
export { type ElasticNetOptions, elasticNet, l1, l2, lasso, type Regularizer, type RegularizerOptions, ridge } from "./regularizers.ts";
