/** The optimizers as plain descriptions, and what each keeps; the update itself is on the GPU (ops/arena). Formulas also in docs/experiment.md. */
import type { Adam, Nadam, Radam } from "./adam.ts";
import { adamTable, nadamTable, radamTable } from "./adamTable.ts";
import type { Adagrad, Rmsprop } from "./adaptive.ts";
import type { Lion } from "./lion.ts";
import type { Sgd } from "./sgd.ts";

export type Optimizer = Sgd | Rmsprop | Adagrad | Adam | Nadam | Radam | Lion;

/** What it keeps for each parameter, by PyTorch's names, in the order of the state "moments". */
export function momentNames(optimizer: Optimizer): readonly string[] {
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
      return adamTable(optimizer.beta1, optimizer.beta2);
    case "nadam":
      return nadamTable(optimizer.beta1, optimizer.beta2, optimizer.momentumDecay);
    case "radam":
      return radamTable(optimizer.beta1, optimizer.beta2);
    default:
      return null;
  }
}
