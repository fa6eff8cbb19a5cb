/** What to try against each kind of trouble, the likeliest first; names are those of the library and of the experiment file. */
export type DiagnosisKind = "nonFinite" | "dead" | "saturated" | "vanishing" | "exploding" | "stalled" | "healthy";

export const REMEDIES = {
  nonFinite: ["a smaller learning rate, or a warm-up", "clip by global norm", "an initialisation that fits the activation"],
  exploding: [
    "an initialisation that fits the activation: glorot for tanh and sigmoid, he for relu, lecun for selu",
    "clip by global norm",
    "a smaller learning rate, or a warm-up",
    "normalisation (batchNorm, layerNorm), or residual bodies that begin small (zeroLast, layerScale, rezero)",
  ],
  dead: [
    "biases that begin at 0, and an initialisation that fits (he)",
    "an activation that is nowhere flat (leakyRelu, elu, gelu)",
    "normalisation before the activation (batchNorm)",
    "a smaller learning rate",
  ],
  saturated: [
    "smaller weights to begin with (glorot), and biases at 0",
    "normalisation before the activation (batchNorm, layerNorm)",
    "an activation that does not saturate (relu, gelu), or lecunTanh",
  ],
  vanishing: [
    "an initialisation that fits the activation: glorot for tanh, he for relu, or lsuv for any",
    "residual blocks",
    "normalisation (batchNorm, layerNorm)",
    "relu, gelu or selu instead of sigmoid",
    "an optimizer that divides by the gradient's size (adam, muon)",
  ],
  stalled: [
    "a larger learning rate, or adam",
    "normalisation or residual blocks, where the net is deep",
    "other targets or data: nothing may be there to learn",
  ],
  healthy: [],
} as const satisfies Record<DiagnosisKind, readonly string[]>;
