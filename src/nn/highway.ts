/** The highway block: y = t ⊙ body(x) + (1 − t) ⊙ x, the gate t = σ(W·x + b) learned; it begins nearly shut, and hands x on. */
import { checkNumber, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { constant } from "../init/index.ts";
import { linear } from "./linear.ts";
import { type Child, defineModule, type Module } from "./module.ts";
import { chain, numbered, splitOptions } from "./sequential.ts";

export interface HighwayOptions {
  /** What the gate's bias begins as; default −1. The deeper the net, the lower it should be. */
  readonly gateBias?: number;
}

/** Body entries, and options last; the body keeps the width, and says it. The gate's parameters are `gate.weight` and `gate.bias`. Srivastava et al., 2015. */
export function highway(...entries: readonly Module[] | readonly [...Module[], HighwayOptions]): Module {
  const what = "nn.highway";
  const { modules, options } = splitOptions<HighwayOptions>(entries);
  checkOptions(what, options, ["gateBias"]);
  const gateBias = checkNumber(what, "gateBias", options.gateBias ?? -1);
  const body = numbered(what, modules);
  const inner = chain(what, body);
  const { takes } = inner;
  const gives = inner.gives(takes);
  if (takes === null)
    throw new FathomError(
      "argument",
      `${what}: its body does not say how many features it takes, so its gate cannot be made; put a layer such as nn.linear(64, 64) into it`,
    );
  if (gives !== takes) throw new FathomError("shape", `${what}: its body turns ${takes} features into ${gives}; a highway keeps the width`);
  const gate: Child = { name: "gate", module: linear(takes, takes, { biasInit: constant(gateBias) }) };
  return defineModule({
    type: "highway",
    description: `highway of ${body.length}`,
    children: [...body, gate],
    takes,
    gives: inner.gives,
    forward: (x, context) => {
      const y = inner.forward(x, context);
      const open = context.run(gate, x).sigmoid();
      // Written with one difference less than t·y + (1 − t)·x, and the same.
      return y.sub(x).mul(open).add(x);
    },
  });
}
