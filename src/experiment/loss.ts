/** The experiment's loss. */
import { binaryCrossEntropyWithLogits, type Loss, meanSquaredError, softmaxCrossEntropy } from "../nn/losses.ts";
import type { LossSpec } from "./schema/index.ts";
import { unbuilt } from "./unbuilt.ts";

export function lossOf(spec: LossSpec): Loss {
  switch (spec.type) {
    case "softmaxCrossEntropy":
      return softmaxCrossEntropy();
    case "meanSquaredError":
      return meanSquaredError();
    case "binaryCrossEntropyWithLogits":
      return binaryCrossEntropyWithLogits();
    default:
      throw unbuilt(spec.type);
  }
}
