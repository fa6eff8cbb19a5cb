/** What must hold of a model and its remedies, found without a GPU: a trainer asks, and so does `fathom check`. */
import { FathomError } from "../core/errors.ts";
import { type Collected, collect } from "../nn/collect.ts";
import { type GroupFactors, groupFactors } from "../optim/groups.ts";
import { checkInitialization } from "./initialWeights.ts";
import type { ResolvedOptions } from "./options.ts";

export interface CheckedModel {
  readonly collected: Collected;
  /** Of each parameter, from its group. */
  readonly factors: readonly GroupFactors[];
}

export function checkModel({ model, groups, initialization }: ResolvedOptions): CheckedModel {
  const collected = collect(model);
  if (collected.parameters.length === 0)
    throw new FathomError(
      "argument",
      `train: the model (${model.description}) has no parameters, so there is nothing to train; give it a layer such as nn.linear(64, 10)`,
    );
  const factors = groupFactors("train", groups, collected.parameters);
  if (initialization) checkInitialization(model, initialization);
  return { collected, factors };
}
