/** Optimizers, clipping and regularisers: `optim.adamW({ learningRate: 3e-3 })`, `optim.clipGlobalNorm(1)`, `optim.l2(1e-4)`. */
export { type Clip, clipGlobalNorm } from "./clip.ts";
export { type AdamOptions, adam, adamW, type Optimizer, type SgdOptions, sgd } from "./optimizers.ts";
export { l1, l2, type Regularizer, type RegularizerOptions } from "./regularizers.ts";
