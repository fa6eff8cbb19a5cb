/** The experiment's optimizer and parameter groups. */
import { adam, adamW, type Optimizer, sgd } from "../optim/index.ts";
import type { Schedule } from "../optim/schedule.ts";
import type { OptimizerSpec } from "./schema/index.ts";
import { unbuilt } from "./unbuilt.ts";

export function optimizerOf(spec: OptimizerSpec, learningRate: Schedule): Optimizer {
  switch (spec.type) {
    case "sgd": {
      const { momentum, dampening, nesterov, weightDecay } = spec;
      return sgd({ learningRate, momentum, dampening, nesterov, weightDecay });
    }
    case "adam":
    case "adamW": {
      const { beta1, beta2, epsilon, weightDecay } = spec;
      return (spec.type === "adam" ? adam : adamW)({ learningRate, beta1, beta2, epsilon, weightDecay });
    }
    default:
      throw unbuilt(spec.type);
  }
}
