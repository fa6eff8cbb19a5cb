/** The experiment's loss. */
import * as losses from "../nn/losses.ts";
import type { LossSpec } from "./schema/index.ts";

export function lossOf(spec: LossSpec): losses.Loss {
  switch (spec.type) {
    case "softmaxCrossEntropy":
      return losses.softmaxCrossEntropy({ labelSmoothing: spec.labelSmoothing });
    case "meanSquaredError":
      return losses.meanSquaredError({ half: spec.half });
    case "meanAbsoluteError":
      return losses.meanAbsoluteError();
    case "huber":
      return losses.huber({ delta: spec.delta });
    case "multiMargin":
      return losses.multiMargin({ power: spec.power === 2 ? 2 : 1, margin: spec.margin });
    case "binaryCrossEntropyWithLogits":
      return losses.binaryCrossEntropyWithLogits();
  }
}
