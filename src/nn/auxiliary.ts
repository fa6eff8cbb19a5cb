/** An auxiliary head: outputs made half-way through the model, whose loss is trained besides; the input is handed on as it is. */
import { checkNumber, checkOptions, show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { defineModule, type Module } from "./module.ts";
import { chain, numbered } from "./sequential.ts";

export interface AuxiliaryOptions {
  /** What reports call its loss; different for each head of a model. */
  readonly name: string;
  /** What its loss is multiplied by before it is added to the loss that is trained; default 0.3. */
  readonly weight?: number;
}

/**
 * Deep supervision (Lee et al., AISTATS 2015; Szegedy et al., CVPR 2015): the body makes outputs of the model's kind, and the same loss is
 * taken of them with the same targets. Its parameters are trained and saved with the model's; evaluation and prediction leave it out.
 */
export function auxiliary(options: AuxiliaryOptions, ...entries: readonly Module[]): Module {
  const what = "nn.auxiliary";
  checkOptions(what, options, ["name", "weight"]);
  const { name } = options;
  if (typeof name !== "string" || name === "")
    throw new FathomError("argument", `${what}: name is ${show(name)}; use a string such as "middle", by which reports call its loss`);
  const weight = checkNumber(what, "weight", options.weight ?? 0.3, { least: 0 });
  const body = numbered(what, entries);
  if (body.length === 0)
    throw new FathomError("argument", `${what}: "${name}" has no body; pass modules that make the outputs, such as nn.linear(64, 10)`);
  const inner = chain(what, body);
  return defineModule({
    type: "auxiliary",
    description: `auxiliary "${name}"`,
    children: body,
    auxiliary: { name, weight },
    takes: inner.takes,
    forward: (x, context) => {
      if (context.training) context.auxiliary(inner.forward(x, context));
      return x;
    },
  });
}
