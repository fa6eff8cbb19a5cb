/** Rectified Adam over the whole parameter arena, in place. */
import decay from "../../../shaders/lib/decay.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import update from "../../../shaders/lib/update.wgsl?raw";
import updateRadamText from "../../../shaders/update_radam.wgsl?raw";
import type { Op, Shader } from "../../graph/op.ts";
import { defineElementUpdate } from "./elementUpdate.ts";
import { type AdamAttributes, advanceMoments, momentOverrides } from "./updateAdam.ts";

export const updateRadamShader: Shader = { name: "update_radam", text: grid + update + decay + updateRadamText };

/** Keeps m and v. An entry of its table is 1/(1 − β₁ᵗ), r·√(1 − β₂ᵗ); the second is 0 as long as v is not used. */
export const updateRadamOp: Op<AdamAttributes> = defineElementUpdate<AdamAttributes>({
  name: "updateRadam",
  shader: updateRadamShader,
  kept: () => 2,
  factors: 2,
  overrides: (attributes) => ({ ...momentOverrides(attributes), DECOUPLED: attributes.decoupled ? 1 : 0 }),
  reference: (element, kept, attributes, { factors }) => {
    const { w } = advanceMoments(element, kept, attributes);
    const adapted = factors[1] === 0 ? 1 : factors[1]! / (Math.sqrt(kept[1]!) + attributes.epsilon);
    return w - element.rate * factors[0]! * kept[0]! * adapted;
  },
});
