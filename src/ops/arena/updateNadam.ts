/** Adam with Nesterov momentum over the whole parameter arena, in place. */
import decay from "../../../shaders/lib/decay.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import update from "../../../shaders/lib/update.wgsl?raw";
import updateNadamText from "../../../shaders/update_nadam.wgsl?raw";
import type { Op, Shader } from "../../graph/op.ts";
import { withLibrary } from "../shaders.ts";
import { defineElementUpdate } from "./elementUpdate.ts";
import { type AdamAttributes, advanceMoments, momentOverrides } from "./updateAdam.ts";

export const updateNadamShader: Shader = { name: "update_nadam", text: grid + update + decay + withLibrary(updateNadamText) };

export interface NadamAttributes extends AdamAttributes {
  readonly momentumDecay: number;
}

/** Beyond this e^−decay is 0 in float32 from the first step on. */
const MOST_DECAY = 1e6;

/** ψ·ln(1/0.96): μₜ = β₁·(1 − ½·e^(−t·that)). */
const decayOf = ({ momentumDecay }: NadamAttributes): number => Math.min(momentumDecay * -Math.log(0.96), MOST_DECAY);

/** Keeps m and v. An entry of its table is 1/(1 − Π μ) up to this step and up to the next, 1/√(1 − β₂ᵗ); μ itself is computed from t. */
export const updateNadamOp: Op<NadamAttributes> = defineElementUpdate<NadamAttributes>({
  name: "updateNadam",
  shader: updateNadamShader,
  kept: () => 2,
  factors: 3,
  overrides: (attributes) => ({
    ...momentOverrides(attributes),
    BETA_1: attributes.beta1,
    DECAY: decayOf(attributes),
    DECOUPLED: attributes.decoupled ? 1 : 0,
  }),
  reference: (element, kept, attributes, { applied, factors }) => {
    const { w, d } = advanceMoments(element, kept, attributes);
    const mu = (t: number): number => attributes.beta1 * (1 - 0.5 * Math.exp(-t * decayOf(attributes)));
    const direct = (1 - mu(applied + 1)) * factors[0]! * d;
    const moved = mu(applied + 2) * factors[1]! * kept[0]!;
    return w - (element.rate * (direct + moved)) / (Math.sqrt(kept[1]!) * factors[2]! + attributes.epsilon);
  },
});
