/** Dropout: in training each element is zeroed with probability `rate`, and the others grow by 1/(1 − rate). */
import { checkNumber } from "../core/check.ts";
import { defineModule, type Module } from "./module.ts";

/** Srivastava et al., JMLR 2014. The mask is drawn from the trainer's seed and step, on the GPU, and found again in the backward pass. */
export function dropout(rate = 0.5): Module {
  checkNumber("nn.dropout", "rate", rate, { least: 0, below: 1 });
  return defineModule({
    type: "dropout",
    description: `dropout ${rate}`,
    forward: (x, context) => (context.training && rate > 0 ? context.dropout(x, rate) : x),
  });
}
