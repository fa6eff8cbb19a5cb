/** The optimizers as plain descriptions, and what each keeps; the update itself is on the GPU (ops/arena). Formulas also in docs/experiment.md. */
import type { Shape } from "../core/shape.ts";
import type { Role } from "../nn/module.ts";
import type { Adam, Nadam, Radam } from "./adam.ts";
import { adamTable, nadamTable, radamTable } from "./adamTable.ts";
import type { Adagrad, Rmsprop } from "./adaptive.ts";
import type { Lamb } from "./lamb.ts";
import type { Lion } from "./lion.ts";
import { isMatrix, type Muon } from "./muon.ts";
import type { Sgd } from "./sgd.ts";

export type Optimizer = Sgd | Rmsprop | Adagrad | Adam | Nadam | Radam | Lion | Lamb | Muon;

/** What it keeps of a parameter, by PyTorch's names, in the order of the state "moments". */
export function momentNames(optimizer: Optimizer, parameter: { readonly role: Role; readonly shape: Shape }): readonly string[] {
  return optimizer.type === "muon" && isMatrix(parameter) ? ["momentum_buffer"] : commonMoments(optimizer);
}

/** How many numbers it keeps for each parameter; of some it may need fewer. */
export const momentCount = (optimizer: Optimizer): number => commonMoments(optimizer).length;

function commonMoments(optimizer: Optimizer): readonly string[] {
  switch (optimizer.type) {
    case "sgd":
      return optimizer.momentum > 0 ? ["momentum_buffer"] : [];
    case "rmsprop":
      return ["square_avg", ...(optimizer.centered ? ["grad_avg"] : []), ...(optimizer.momentum > 0 ? ["momentum_buffer"] : [])];
    case "adagrad":
      return ["sum"];
    case "adam":
    case "adamW":
    case "nadam":
    case "radam":
    case "lamb":
    case "muon":
      return ["exp_avg", "exp_avg_sq"];
    case "lion":
      return ["exp_avg"];
  }
}

/** What the moments begin with. */
export const initialMoment = (optimizer: Optimizer): number => (optimizer.type === "adagrad" ? optimizer.initialAccumulator : 0);

/** Factors by the count of updates, made in float64 (adamTable.ts); null where there are none. */
export function factorTable(optimizer: Optimizer): Float32Array | null {
  switch (optimizer.type) {
    case "adam":
    case "adamW":
    case "lamb":
    case "muon":
      return adamTable(optimizer.beta1, optimizer.beta2);
    case "nadam":
      return nadamTable(optimizer.beta1, optimizer.beta2, optimizer.momentumDecay);
    case "radam":
      return radamTable(optimizer.beta1, optimizer.beta2);
    default:
      return null;
  }
}
