/** Stochastic gradient descent over the whole parameter arena, in place. */
import decay from "../../../shaders/lib/decay.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import update from "../../../shaders/lib/update.wgsl?raw";
import updateSgdText from "../../../shaders/update_sgd.wgsl?raw";
import type { Op, Shader } from "../../graph/op.ts";
import { defineElementUpdate } from "./elementUpdate.ts";
import type { UpdateAttributes } from "./update.ts";

export const updateSgdShader: Shader = { name: "update_sgd", text: grid + update + decay + updateSgdText };

export interface SgdAttributes extends UpdateAttributes {
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  /** Weight decay beside the gradient, not in it. */
  readonly decoupled: boolean;
}

/** Keeps the momentum buffer, unless momentum is 0. */
export const updateSgdOp: Op<SgdAttributes> = defineElementUpdate<SgdAttributes>({
  name: "updateSgd",
  shader: updateSgdShader,
  kept: ({ momentum }) => (momentum === 0 ? 0 : 1),
  factors: 0,
  defines: ({ momentum }) => ({ MOMENTUM: momentum !== 0 }),
  overrides: ({ momentum, dampening, nesterov, decoupled }) => ({
    MOMENTUM: momentum,
    UNDAMPED: 1 - dampening,
    NESTEROV: nesterov ? 1 : 0,
    DECOUPLED: decoupled ? 1 : 0,
  }),
  reference: ({ w, g, rate, decay }, kept, { momentum, dampening, nesterov, decoupled }, { applied }) => {
    let d = decoupled ? g : g + decay * w;
    if (momentum !== 0) {
      kept[0] = applied === 0 ? d : momentum * kept[0]! + (1 - dampening) * d;
      d = nesterov ? d + momentum * kept[0]! : kept[0]!;
    }
    return (decoupled ? w - rate * decay * w : w) - rate * d;
  },
});
