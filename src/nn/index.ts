/** Modules and losses: `nn.sequential(nn.linear(64, 10), nn.tanh())`. */
export {
  celu,
  elu,
  gelu,
  glu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  lecunTanh,
  mish,
  type PreluOptions,
  prelu,
  relu,
  selu,
  sigmoid,
  silu,
  softplus,
  softsign,
  swiglu,
  tanh,
} from "./activations.ts";
export { type AuxiliaryOptions, auxiliary } from "./auxiliary.ts";
export { type BatchNormOptions, batchNorm } from "./batchNorm.ts";
export { concat } from "./concat.ts";
export { dense } from "./dense.ts";
export { dropout } from "./dropout.ts";
export { type HighwayOptions, highway } from "./highway.ts";
export { type LinearOptions, linear } from "./linear.ts";
export {
  binaryCrossEntropyWithLogits,
  type HuberOptions,
  huber,
  type Loss,
  type LossName,
  type MeanSquaredErrorOptions,
  type MultiMarginOptions,
  meanAbsoluteError,
  meanSquaredError,
  multiMargin,
  type SoftmaxCrossEntropyOptions,
  softmaxCrossEntropy,
} from "./losses.ts";
export type { Child, DerivedInit, ForwardContext, Module, ParameterSpec, Role } from "./module.ts";
export { type ResidualOptions, type ResidualScale, residual } from "./residual.ts";
export { groupNorm, layerNorm, type RowNormOptions, rmsNorm } from "./rowNorms.ts";
export { type CheckpointOptions, type RoundFactory, repeat, sequential } from "./sequential.ts";
export type { StochasticDepthOptions } from "./stochasticDepth.ts";
