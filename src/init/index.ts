/** Initialisers: `init.heNormal()`, `init.normal({ standardDeviation: 0.1 })`. All are seeded, and computed in float64 on the CPU. */
export { type Fans, type Gain, gain, type Nonlinearity } from "./fans.ts";
export { type IdentityOptions, identity } from "./identity.ts";
export { fixup, type Initialization, type LsuvOptions, lsuv, zeroLast } from "./initialization.ts";
export { constant, type Initializer, type NormalOptions, normal, type UniformOptions, uniform, zeros } from "./initializer.ts";
export { type OrthogonalOptions, orthogonal } from "./orthogonal.ts";
export {
  type GlorotOptions,
  glorotNormal,
  glorotUniform,
  type HeOptions,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  type PytorchLinearOptions,
  pytorchLinear,
} from "./scaled.ts";
