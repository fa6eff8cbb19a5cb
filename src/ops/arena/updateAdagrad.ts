/** Adagrad over the whole parameter arena, in place. */
import decay from "../../../shaders/lib/decay.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import update from "../../../shaders/lib/update.wgsl?raw";
import updateAdagradText from "../../../shaders/update_adagrad.wgsl?raw";
import type { Op, Shader } from "../../graph/op.ts";
import { defineElementUpdate } from "./elementUpdate.ts";
import type { UpdateAttributes } from "./update.ts";

export const updateAdagradShader: Shader = { name: "update_adagrad", text: grid + update + decay + updateAdagradText };

export interface AdagradAttributes extends UpdateAttributes {
  readonly learningRateDecay: number;
  readonly epsilon: number;
  readonly decoupled: boolean;
}

/** Keeps the sum of g². */
export const updateAdagradOp: Op<AdagradAttributes> = defineElementUpdate<AdagradAttributes>({
  name: "updateAdagrad",
  shader: updateAdagradShader,
  kept: () => 1,
  factors: 0,
  overrides: ({ learningRateDecay, epsilon, decoupled }) => ({ DECAY: learningRateDecay, EPSILON: epsilon, DECOUPLED: decoupled ? 1 : 0 }),
  reference: ({ w, g, rate, decay }, kept, { learningRateDecay, epsilon, decoupled }, { applied }) => {
    const d = decoupled ? g : g + decay * w;
    kept[0] = kept[0]! + d * d;
    return (decoupled ? w - rate * decay * w : w) - ((rate / (1 + applied * learningRateDecay)) * d) / (Math.sqrt(kept[0]) + epsilon);
  },
});
