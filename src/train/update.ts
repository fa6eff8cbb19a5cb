/**
 * What a step does to the parameters and to what the optimizer keeps: the nodes of the optimizer's own dispatches. Optimizers other than sgd
 * and adam are loaded when they are asked for.
 */
import type { Node } from "../graph/node.ts";
import { elementUpdate, type UpdateInputs, type UpdateOutputs } from "../ops/arena/elementUpdate.ts";
import type { UpdateAttributes } from "../ops/arena/update.ts";
import { updateAdamOp } from "../ops/arena/updateAdam.ts";
import { updateSgdOp } from "../ops/arena/updateSgd.ts";
import type { Optimizer } from "../optim/optimizers.ts";
import type { MuonStacks } from "./muonStacks.ts";

/** What an update may read besides: the arena's segments, two words each. */
export type OptimizerInputs = UpdateInputs & { readonly segments: Node };

/** Builds the nodes; `common` says what else the update still does. */
export type OptimizerUpdate = (inputs: OptimizerInputs, common: UpdateAttributes) => UpdateOutputs;

export async function loadUpdate(optimizer: Optimizer, stacks: MuonStacks | null): Promise<OptimizerUpdate> {
  switch (optimizer.type) {
    case "sgd": {
      const { momentum, dampening, nesterov, decoupledWeightDecay: decoupled } = optimizer;
      return (inputs, common) => elementUpdate(updateSgdOp, inputs, { momentum, dampening, nesterov, decoupled, ...common });
    }
    case "rmsprop": {
      const { alpha, epsilon, momentum, centered, decoupledWeightDecay: decoupled } = optimizer;
      const { updateRmspropOp } = await import("../ops/arena/updateRmsprop.ts");
      return (inputs, common) => elementUpdate(updateRmspropOp, inputs, { alpha, epsilon, momentum, centered, decoupled, ...common });
    }
    case "adagrad": {
      const { learningRateDecay, epsilon, decoupledWeightDecay: decoupled } = optimizer;
      const { updateAdagradOp } = await import("../ops/arena/updateAdagrad.ts");
      return (inputs, common) => elementUpdate(updateAdagradOp, inputs, { learningRateDecay, epsilon, decoupled, ...common });
    }
    case "adam":
    case "adamW": {
      const { beta1, beta2, epsilon } = optimizer;
      return (inputs, common) =>
        elementUpdate(updateAdamOp, inputs, { beta1, beta2, epsilon, decoupled: optimizer.type === "adamW", ...common });
    }
    case "nadam": {
      const { beta1, beta2, epsilon, momentumDecay, decoupledWeightDecay: decoupled } = optimizer;
      const { updateNadamOp } = await import("../ops/arena/updateNadam.ts");
      return (inputs, common) => elementUpdate(updateNadamOp, inputs, { beta1, beta2, epsilon, momentumDecay, decoupled, ...common });
    }
    case "radam": {
      const { beta1, beta2, epsilon, decoupledWeightDecay: decoupled } = optimizer;
      const { updateRadamOp } = await import("../ops/arena/updateRadam.ts");
      return (inputs, common) => elementUpdate(updateRadamOp, inputs, { beta1, beta2, epsilon, decoupled, ...common });
    }
    case "lion": {
      const { beta1, beta2 } = optimizer;
      const { updateLionOp } = await import("../ops/arena/updateLion.ts");
      return (inputs, common) => elementUpdate(updateLionOp, inputs, { beta1, beta2, ...common });
    }
    case "lamb": {
      const { beta1, beta2, epsilon } = optimizer;
      const { updateLamb } = await import("../ops/arena/lamb.ts");
      return (inputs, common) => updateLamb(inputs, inputs.segments, { beta1, beta2, epsilon, ...common });
    }
    case "muon": {
      const { beta1, beta2, epsilon, momentum, nesterov, iterations } = optimizer;
      const betas = { beta1, beta2, epsilon };
      // Without a matrix it is AdamW.
      if (stacks!.stacks.length === 0)
        return (inputs, common) => elementUpdate(updateAdamOp, inputs, { ...betas, decoupled: true, ...common });
      const { updateMuon } = await import("../ops/arena/muon.ts");
      return (inputs, common) => updateMuon(inputs, inputs.segments, stacks!, iterations, { momentum, nesterov, ...betas, ...common });
    }
  }
}
