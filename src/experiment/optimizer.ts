/** The experiment's optimizer and parameter groups. */
import { adagrad, adam, adamW, lamb, lion, muon, nadam, type Optimizer, type ParameterGroup, radam, rmsprop, sgd } from "../optim/index.ts";
import type { Schedule } from "../optim/schedule.ts";
import type { GroupSpec, OptimizerSpec } from "./schema/index.ts";

/** The library's options have the experiment's keys, but for `type`; the rate comes from the schedule. */
function optionsOf<S extends OptimizerSpec>({ type: _, ...options }: S, learningRate: Schedule) {
  return { ...options, learningRate };
}

export function optimizerOf(spec: OptimizerSpec, learningRate: Schedule): Optimizer {
  switch (spec.type) {
    case "sgd":
      return sgd(optionsOf(spec, learningRate));
    case "rmsprop":
      return rmsprop(optionsOf(spec, learningRate));
    case "adagrad":
      return adagrad(optionsOf(spec, learningRate));
    case "adam":
      return adam(optionsOf(spec, learningRate));
    case "adamW":
      return adamW(optionsOf(spec, learningRate));
    case "nadam":
      return nadam(optionsOf(spec, learningRate));
    case "radam":
      return radam(optionsOf(spec, learningRate));
    case "lion":
      return lion(optionsOf(spec, learningRate));
    case "lamb":
      return lamb(optionsOf(spec, learningRate));
    case "muon":
      return muon(optionsOf(spec, learningRate));
  }
}

export function groupsOf(specs: readonly GroupSpec[]): ParameterGroup[] {
  return specs.map(({ role, ...group }) => ({ ...group, ...(role ? { role } : {}) }));
}
