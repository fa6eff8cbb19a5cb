/** Lion over the whole parameter arena, in place. */
import grid from "../../../shaders/lib/grid.wgsl?raw";
import update from "../../../shaders/lib/update.wgsl?raw";
import updateLionText from "../../../shaders/update_lion.wgsl?raw";
import type { Op, Shader } from "../../graph/op.ts";
import { defineElementUpdate } from "./elementUpdate.ts";
import type { UpdateAttributes } from "./update.ts";

export const updateLionShader: Shader = { name: "update_lion", text: grid + update + updateLionText };

export interface LionAttributes extends UpdateAttributes {
  readonly beta1: number;
  readonly beta2: number;
}

/** Keeps the mean of g. */
export const updateLionOp: Op<LionAttributes> = defineElementUpdate<LionAttributes>({
  name: "updateLion",
  shader: updateLionShader,
  kept: () => 1,
  factors: 0,
  overrides: ({ beta1, beta2 }) => ({ BETA_1: beta1, ONE_MINUS_BETA_1: 1 - beta1, BETA_2: beta2, ONE_MINUS_BETA_2: 1 - beta2 }),
  reference: ({ w, g, rate, decay }, kept, { beta1, beta2 }) => {
    const direction = Math.sign(beta1 * kept[0]! + (1 - beta1) * g);
    kept[0] = beta2 * kept[0]! + (1 - beta2) * g;
    return w - rate * decay * w - rate * direction;
  },
});
