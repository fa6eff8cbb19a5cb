/** The experiment's regulariser, noise, clip and constraint. */
import { type Clip, clipGlobalNorm, l1, l2, type Regularizer } from "../optim/index.ts";
import type { ClipSpec, RegularizerSpec } from "./schema/index.ts";
import { unbuilt } from "./unbuilt.ts";

export function regularizerOf(spec: RegularizerSpec): Regularizer {
  switch (spec.type) {
    case "l1":
    case "lasso":
      return l1(spec.lambda, { divideBy: spec.divideBy });
    case "l2":
    case "ridge":
      return l2(spec.lambda, { divideBy: spec.divideBy });
    default:
      throw unbuilt(spec.type);
  }
}

export function clipOf(spec: ClipSpec): Clip {
  switch (spec.type) {
    case "globalNorm":
      return clipGlobalNorm(spec.max);
    default:
      throw unbuilt(spec.type);
  }
}
