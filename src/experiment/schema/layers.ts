/** The layers of a model. */
import * as v from "valibot";
import { choice, filled, flag, integer, list, named, number, object, text } from "./checks.ts";
import { initialiser } from "./initialisers.ts";
import { kind, namesOf, none } from "./kinds.ts";

const MOST_ROUNDS = 100_000;
const epsilon = (standard: number) => v.optional(number({ above: 0 }), standard);
const affine = v.optional(flag(), true);

const simpleLayers = [
  kind("linear", {
    units: integer(1),
    bias: v.optional(flag(), true),
    init: v.optional(initialiser),
    biasInit: v.optional(initialiser),
    parametrization: v.optional(choice(["none", "weightNorm", "weightStandardization"]), "none"),
  }),
  kind("batchNorm", { epsilon: epsilon(1e-5), momentum: v.optional(number({ least: 0, most: 1 }), 0.1), affine }),
  kind("layerNorm", { epsilon: epsilon(1e-5), affine }),
  kind("rmsNorm", { epsilon: epsilon(1e-6), affine }),
  kind("groupNorm", { groups: integer(1), epsilon: epsilon(1e-5), affine }),
  kind("sigmoid", none),
  kind("tanh", none),
  kind("relu", none),
  kind("selu", none),
  kind("silu", none),
  kind("softplus", none),
  kind("mish", none),
  kind("hardSigmoid", none),
  kind("hardSwish", none),
  kind("softsign", none),
  kind("lecunTanh", none),
  kind("leakyRelu", { negativeSlope: v.optional(number(), 0.01) }),
  kind("elu", { alpha: v.optional(number(), 1) }),
  kind("celu", { alpha: v.optional(number({ above: 0 }), 1) }),
  kind("gelu", { form: v.optional(choice(["erf", "tanh"]), "erf") }),
  kind("prelu", { perFeature: v.optional(flag(), false), initial: v.optional(number(), 0.25) }),
  kind("glu", none),
  kind("swiglu", none),
  kind("dropout", { rate: v.optional(number({ least: 0, below: 1 }), 0.5) }),
] as const;

const stochasticDepth = object({
  rate: number({ least: 0, below: 1 }),
  mode: v.optional(choice(["row", "batch"]), "row"),
  decay: v.optional(choice(["none", "linear"]), "none"),
});
export type StochasticDepthSpec = v.InferOutput<typeof stochasticDepth>;

const scales = [kind("rezero", { initial: v.optional(number(), 0) }), kind("layerScale", { initial: v.optional(number(), 1e-4) })] as const;
export type ResidualScaleSpec = v.InferOutput<(typeof scales)[number]>;

/** Layers hold layers: the only types that are written out. */
export type LayerSpec =
  | v.InferOutput<(typeof simpleLayers)[number]>
  | { readonly type: "repeat"; readonly times: number; readonly body: readonly LayerSpec[]; readonly checkpoint?: number | undefined }
  | {
      readonly type: "residual";
      readonly body: readonly LayerSpec[];
      readonly projection?: boolean | undefined;
      readonly scale?: ResidualScaleSpec | undefined;
      readonly stochasticDepth?: StochasticDepthSpec | undefined;
    }
  | { readonly type: "highway"; readonly body: readonly LayerSpec[]; readonly gateBias: number }
  | { readonly type: "dense"; readonly times: number; readonly body: readonly LayerSpec[] }
  | { readonly type: "concat"; readonly branches: readonly (readonly LayerSpec[])[] }
  | { readonly type: "auxiliary"; readonly name: string; readonly weight: number; readonly body: readonly LayerSpec[] };

const layer: v.GenericSchema<unknown, LayerSpec> = v.lazy(() => layerOfAnyKind);
const layers = list(layer, "layers");
export const filledLayers = filled(layer, "layers", "layer");
const nestedLayers = [
  kind("repeat", { times: integer(1, MOST_ROUNDS), body: layers, checkpoint: v.optional(integer(1)) }),
  kind("residual", {
    body: layers,
    projection: v.optional(flag()),
    scale: v.optional(named(namesOf(scales), scales)),
    stochasticDepth: v.optional(stochasticDepth),
  }),
  kind("highway", { body: filledLayers, gateBias: v.optional(number(), -1) }),
  kind("dense", { times: integer(1, MOST_ROUNDS), body: filledLayers }),
  kind("concat", {
    branches: filled(layers, "branches, each a list of layers", "branch"),
  }),
  kind("auxiliary", { name: text(), weight: v.optional(number({ least: 0 }), 0.3), body: filledLayers }),
] as const;
export const layerOfAnyKind = named(namesOf([...simpleLayers, ...nestedLayers]), [...simpleLayers, ...nestedLayers]);
