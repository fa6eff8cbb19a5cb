/** Initialisers: `init.heNormal()`, `init.normal({ standardDeviation: 0.1 })`. All are seeded, and computed in float64 on the CPU. */
export { type Fans, gain, type Nonlinearity } from "./fans.ts";
export { constant, type Initializer, normal, type NormalOptions, uniform, type UniformOptions, zeros } from "./initializer.ts";
export { orthogonal, type OrthogonalOptions } from "./orthogonal.ts";
export {
  glorotNormal, type GlorotOptions, glorotUniform, heNormal, type HeOptions, heUniform, lecunNormal, lecunUniform, pytorchLinear,
  type PytorchLinearOptions,
} from "./scaled.ts";
