/** Optimizers, clipping and regularisers: `optim.adamW({ learningRate: 3e-3 })`, `optim.clipGlobalNorm(1)`, `optim.l2(1e-4)`. */
export { clipGlobalNorm, type Clip } from "./clip.ts";
export { adam, adamW, type AdamOptions, type Optimizer, sgd, type SgdOptions } from "./optimizers.ts";
export { l1, l2, type Regularizer, type RegularizerOptions } from "./regularizers.ts";
