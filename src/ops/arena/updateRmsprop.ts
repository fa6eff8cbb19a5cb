/** RMSprop over the whole parameter arena, in place. */
import decay from "../../../shaders/lib/decay.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import update from "../../../shaders/lib/update.wgsl?raw";
import updateRmspropText from "../../../shaders/update_rmsprop.wgsl?raw";
import type { Op, Shader } from "../../graph/op.ts";
import { defineElementUpdate } from "./elementUpdate.ts";
import type { UpdateAttributes } from "./update.ts";

export const updateRmspropShader: Shader = { name: "update_rmsprop", text: grid + update + decay + updateRmspropText };

export interface RmspropAttributes extends UpdateAttributes {
  readonly alpha: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly centered: boolean;
  readonly decoupled: boolean;
}

/** Keeps the mean of g²; with `centered` the mean of g; with a momentum its buffer. In this order. */
export const updateRmspropOp: Op<RmspropAttributes> = defineElementUpdate<RmspropAttributes>({
  name: "updateRmsprop",
  shader: updateRmspropShader,
  kept: ({ centered, momentum }) => (1 + (centered ? 1 : 0) + (momentum === 0 ? 0 : 1)) as 1 | 2 | 3,
  factors: 0,
  defines: ({ centered, momentum }) => ({ CENTERED: centered, MOMENTUM: momentum !== 0, SEVERAL: centered || momentum !== 0 }),
  overrides: ({ alpha, epsilon, momentum, decoupled }) => ({
    ALPHA: alpha,
    ONE_MINUS_ALPHA: 1 - alpha,
    EPSILON: epsilon,
    MOMENTUM: momentum,
    DECOUPLED: decoupled ? 1 : 0,
  }),
  reference: ({ w, g, rate, decay }, kept, { alpha, epsilon, momentum, centered, decoupled }) => {
    let d = decoupled ? g : g + decay * w;
    kept[0] = alpha * kept[0]! + (1 - alpha) * d * d;
    let variance = kept[0];
    if (centered) {
      kept[1] = alpha * kept[1]! + (1 - alpha) * d;
      variance = Math.max(variance - kept[1] * kept[1], 0);
    }
    d /= Math.sqrt(variance) + epsilon;
    if (momentum !== 0) {
      const buffer = kept.length - 1;
      kept[buffer] = momentum * kept[buffer]! + d;
      d = kept[buffer]!;
    }
    return (decoupled ? w - rate * decay * w : w) - rate * d;
  },
});
