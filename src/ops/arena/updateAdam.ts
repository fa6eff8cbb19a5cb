/** Adam and AdamW over the whole parameter arena, in place. */
import decay from "../../../shaders/lib/decay.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import update from "../../../shaders/lib/update.wgsl?raw";
import updateAdamText from "../../../shaders/update_adam.wgsl?raw";
import type { Op, Shader } from "../../graph/op.ts";
import { defineElementUpdate } from "./elementUpdate.ts";
import type { OwnedElement, UpdateAttributes } from "./update.ts";

export const updateAdamShader: Shader = { name: "update_adam", text: grid + update + decay + updateAdamText };

export interface AdamAttributes extends UpdateAttributes {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Weight decay beside the gradient (AdamW), not in it. */
  readonly decoupled: boolean;
}

/** Constants of a kernel that keeps Adam's moments. */
export const momentOverrides = ({ beta1, beta2, epsilon }: Pick<AdamAttributes, "beta1" | "beta2" | "epsilon">) => ({
  BETA_2: beta2,
  ONE_MINUS_BETA_1: 1 - beta1,
  ONE_MINUS_BETA_2: 1 - beta2,
  EPSILON: epsilon,
});

/** Takes the gradient into both moments; gives it, and the parameter, as the update sees them. */
export function advanceMoments(
  { w, g, rate, decay }: OwnedElement,
  kept: number[],
  { beta1, beta2, decoupled }: Pick<AdamAttributes, "beta1" | "beta2" | "decoupled">,
): { readonly w: number; readonly d: number } {
  const d = decoupled ? g : g + decay * w;
  kept[0] = beta1 * kept[0]! + (1 - beta1) * d;
  kept[1] = beta2 * kept[1]! + (1 - beta2) * d * d;
  return { w: decoupled ? w - rate * decay * w : w, d };
}

/** Keeps m and v. An entry of its table is 1/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ). */
export const updateAdamOp: Op<AdamAttributes> = defineElementUpdate<AdamAttributes>({
  name: "updateAdam",
  shader: updateAdamShader,
  kept: () => 2,
  factors: 2,
  overrides: (attributes) => ({ ...momentOverrides(attributes), DECOUPLED: attributes.decoupled ? 1 : 0 }),
  reference: (element, kept, attributes, { factors }) => {
    const { w } = advanceMoments(element, kept, attributes);
    return w - (element.rate * factors[0]! * kept[0]!) / (Math.sqrt(kept[1]!) * factors[1]! + attributes.epsilon);
  },
});
