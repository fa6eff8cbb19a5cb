/** The residual block: y = x + body(x), or P·x + body(x) where the body changes the number of features. */
import { checkOptions, show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { linear } from "./linear.ts";
import { type Child, defineModule, isModule, type Module } from "./module.ts";
import { chain, numbered } from "./sequential.ts";

export interface ResidualOptions {
  /** What the input goes through on its way past the body; true for a linear layer without bias, false to refuse a body that would need one. */
  readonly projection?: Module | boolean;
}

/** Body entries, and options last: `residual(nn.linear(64, 32), nn.relu(), { projection: nn.linear(64, 32, { bias: false }) })`. */
export function residual(...entries: readonly Module[] | readonly [...Module[], ResidualOptions]): Module {
  const last = entries.at(-1);
  const given = entries.length > 0 && !isModule(last);
  const body = numbered("nn.residual", given ? entries.slice(0, -1) : entries);
  const options: ResidualOptions = given ? (last as ResidualOptions) : {};
  checkOptions("nn.residual", options, ["projection"]);
  const inner = chain("nn.residual", body);
  const shortcut = projectionFor(inner.takes, inner.gives(inner.takes), options.projection);
  return defineModule({
    type: "residual",
    description: `residual of ${body.length}`,
    children: shortcut ? [...body, shortcut] : body,
    takes: inner.takes,
    gives: inner.gives,
    forward: (x, context) => inner.forward(x, context).add(shortcut ? context.run(shortcut, x) : x),
  });
}

function projectionFor(takes: number | null, gives: number | null, asked: Module | boolean | undefined): Child | null {
  const differ = takes !== null && gives !== null && takes !== gives;
  if (asked === undefined ? !differ : asked === false) {
    if (differ)
      throw new FathomError(
        "shape",
        `nn.residual: its body turns ${takes} features into ${gives}, and "projection: false" leaves x as it is; leave the option out, or make the widths equal`,
      );
    return null;
  }
  if (isModule(asked)) {
    if (asked.takes !== null && takes !== null && asked.takes !== takes)
      throw new FathomError(
        "shape",
        `nn.residual: its projection (${asked.description}) takes ${asked.takes} features, and its body ${takes}`,
      );
    const width = asked.gives(takes);
    if (width !== null && gives !== null && width !== gives)
      throw new FathomError("shape", `nn.residual: its projection (${asked.description}) gives ${width} features, and its body ${gives}`);
    return { name: "projection", module: asked };
  }
  if (asked !== undefined && asked !== true)
    throw new FathomError(
      "argument",
      `nn.residual: projection is ${show(asked)}; use true, false or a module such as nn.linear(64, 32, { bias: false })`,
    );
  if (takes === null || gives === null)
    throw new FathomError(
      "argument",
      "nn.residual: its body does not say how many features it has, so a projection cannot be made for it; pass one, as { projection: nn.linear(64, 32) }",
    );
  return { name: "projection", module: linear(takes, gives, { bias: false }) };
}
