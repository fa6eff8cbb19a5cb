/** Modules and losses: `nn.sequential(nn.linear(64, 10), nn.tanh())`. */
export { elu, gelu, leakyRelu, relu, selu, sigmoid, silu, softplus, tanh } from "./activations.ts";
export { batchNorm, type BatchNormOptions } from "./batchNorm.ts";
export { concat } from "./concat.ts";
export { dropout } from "./dropout.ts";
export { linear, type LinearOptions } from "./linear.ts";
export { binaryCrossEntropyWithLogits, type Loss, type LossName, meanSquaredError, softmaxCrossEntropy } from "./losses.ts";
export type { Child, ForwardContext, Module, ParameterSpec, Role } from "./module.ts";
export { residual, type ResidualOptions } from "./residual.ts";
export { repeat, sequential } from "./sequential.ts";
