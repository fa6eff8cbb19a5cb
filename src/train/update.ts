/** What a step does to the parameters and to what the optimizer keeps: the nodes of the optimizer's own dispatches. */
import type { Node } from "../graph/node.ts";
import { elementUpdate, type UpdateInputs, type UpdateOutputs } from "../ops/arena/elementUpdate.ts";
import { updateLamb } from "../ops/arena/lamb.ts";
import { updateMuon } from "../ops/arena/muon.ts";
import type { UpdateAttributes } from "../ops/arena/update.ts";
import { updateAdagradOp } from "../ops/arena/updateAdagrad.ts";
import { updateAdamOp } from "../ops/arena/updateAdam.ts";
import { updateLionOp } from "../ops/arena/updateLion.ts";
import { updateNadamOp } from "../ops/arena/updateNadam.ts";
import { updateRadamOp } from "../ops/arena/updateRadam.ts";
import { updateRmspropOp } from "../ops/arena/updateRmsprop.ts";
import { updateSgdOp } from "../ops/arena/updateSgd.ts";
import type { Optimizer } from "../optim/optimizers.ts";
import type { MuonStacks } from "./muonStacks.ts";

/** What an update may read besides: the arena's segments, two words each. */
export type OptimizerInputs = UpdateInputs & { readonly segments: Node };

export function optimizerUpdate(
  optimizer: Optimizer,
  stacks: MuonStacks | null,
  inputs: OptimizerInputs,
  common: UpdateAttributes,
): UpdateOutputs {
  switch (optimizer.type) {
    case "sgd": {
      const { momentum, dampening, nesterov, decoupledWeightDecay: decoupled } = optimizer;
      return elementUpdate(updateSgdOp, inputs, { momentum, dampening, nesterov, decoupled, ...common });
    }
    case "rmsprop": {
      const { alpha, epsilon, momentum, centered, decoupledWeightDecay: decoupled } = optimizer;
      return elementUpdate(updateRmspropOp, inputs, { alpha, epsilon, momentum, centered, decoupled, ...common });
    }
    case "adagrad": {
      const { learningRateDecay, epsilon, decoupledWeightDecay: decoupled } = optimizer;
      return elementUpdate(updateAdagradOp, inputs, { learningRateDecay, epsilon, decoupled, ...common });
    }
    case "adam":
    case "adamW": {
      const { beta1, beta2, epsilon } = optimizer;
      return elementUpdate(updateAdamOp, inputs, { beta1, beta2, epsilon, decoupled: optimizer.type === "adamW", ...common });
    }
    case "nadam": {
      const { beta1, beta2, epsilon, momentumDecay, decoupledWeightDecay: decoupled } = optimizer;
      return elementUpdate(updateNadamOp, inputs, { beta1, beta2, epsilon, momentumDecay, decoupled, ...common });
    }
    case "radam": {
      const { beta1, beta2, epsilon, decoupledWeightDecay: decoupled } = optimizer;
      return elementUpdate(updateRadamOp, inputs, { beta1, beta2, epsilon, decoupled, ...common });
    }
    case "lion": {
      const { beta1, beta2 } = optimizer;
      return elementUpdate(updateLionOp, inputs, { beta1, beta2, ...common });
    }
    case "lamb": {
      const { beta1, beta2, epsilon } = optimizer;
      return updateLamb(inputs, inputs.segments, { beta1, beta2, epsilon, ...common });
    }
    case "muon": {
      const { beta1, beta2, epsilon, momentum, nesterov, iterations } = optimizer;
      const betas = { beta1, beta2, epsilon, ...common };
      // Without a matrix it is AdamW.
      if (stacks!.stacks.length === 0) return elementUpdate(updateAdamOp, inputs, { ...betas, decoupled: true });
      return updateMuon(inputs, inputs.segments, stacks!, iterations, { momentum, nesterov, ...betas });
    }
  }
}
