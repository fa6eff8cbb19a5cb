/** The residual block: y = x + body(x), or P·x + body(x) where the body changes the number of features; the body may be scaled and left out at random. */
import { checkNumber, checkOptions, show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { constant } from "../init/index.ts";
import { linear } from "./linear.ts";
import { type Child, defineModule, isModule, type Module, type ParameterSpec } from "./module.ts";
import { chain, numbered, splitOptions } from "./sequential.ts";
import { resolveStochasticDepth, type StochasticDepthOptions } from "./stochasticDepth.ts";

/** What the body is multiplied by before it is added. */
export type ResidualScale =
  /** α, one number `alpha` [1] that begins as `initial` (0): ReZero (Bachlechner et al., 2020). */
  | { readonly type: "rezero"; readonly initial?: number }
  /** γ, a number for each feature, `gamma` [features], that begins as `initial` (1e-4): LayerScale (Touvron et al., 2021). */
  | { readonly type: "layerScale"; readonly initial?: number };

export interface ResidualOptions {
  /** What the input goes through on its way past the body; true for a linear layer without bias, false to refuse a body that would need one. */
  readonly projection?: Module | boolean;
  readonly scale?: ResidualScale["type"] | ResidualScale;
  /** Applied after the scale, and in training only. */
  readonly stochasticDepth?: StochasticDepthOptions;
}

const WHAT = "nn.residual";

/** Body entries, and options last: `residual(nn.linear(64, 32), nn.relu(), { projection: nn.linear(64, 32, { bias: false }) })`. */
export function residual(...entries: readonly Module[] | readonly [...Module[], ResidualOptions]): Module {
  const { modules, options } = splitOptions<ResidualOptions>(entries);
  checkOptions(WHAT, options, ["projection", "scale", "stochasticDepth"]);
  const body = numbered(WHAT, modules);
  const inner = chain(WHAT, body);
  const gives = inner.gives(inner.takes);
  const shortcut = projectionFor(inner.takes, gives, options.projection);
  const scale = options.scale === undefined ? null : scaleFor(options.scale, gives);
  const drop = options.stochasticDepth === undefined ? null : resolveStochasticDepth(WHAT, options.stochasticDepth);
  return defineModule({
    type: "residual",
    description: `residual of ${body.length}`,
    parameters: scale ? [scale] : [],
    children: shortcut ? [...body, shortcut] : body,
    takes: inner.takes,
    gives: inner.gives,
    // All of this is elementwise, and runs in the kernel that ends the body or its backward pass.
    forward: (x, context) => {
      let y = inner.forward(x, context);
      if (scale) y = y.mul(context.parameter(scale.name));
      if (drop && drop.rate > 0 && context.training) y = context.stochasticDepth(y, drop.rate, drop.mode);
      return y.add(shortcut ? context.run(shortcut, x) : x);
    },
  });
}

function scaleFor(given: ResidualScale["type"] | ResidualScale, features: number | null): ParameterSpec {
  const { type, initial } = { initial: undefined, ...(typeof given === "string" ? { type: given } : given) };
  if (typeof given === "object") checkOptions(`${WHAT}: scale`, given, ["type", "initial"]);
  const begin = (standard: number) => constant(checkNumber(WHAT, "scale.initial", initial ?? standard));
  if (type === "rezero") return { name: "alpha", role: "residualScale", shape: [1], init: begin(0) };
  if (type !== "layerScale") throw new FathomError("argument", `${WHAT}: scale is ${show(type)}; use "rezero" or "layerScale"`);
  if (features === null)
    throw new FathomError(
      "argument",
      `${WHAT}: its body does not say how many features it gives, so "layerScale" cannot have a number for each; put a layer such as nn.linear(64, 64) into it, or use "rezero"`,
    );
  return { name: "gamma", role: "residualScale", shape: [features], init: begin(1e-4) };
}

function projectionFor(takes: number | null, gives: number | null, asked: Module | boolean | undefined): Child | null {
  const differ = takes !== null && gives !== null && takes !== gives;
  if (asked === undefined ? !differ : asked === false) {
    if (differ)
      throw new FathomError(
        "shape",
        `${WHAT}: its body turns ${takes} features into ${gives}, and "projection: false" leaves x as it is; leave the option out, or make the widths equal`,
      );
    return null;
  }
  if (isModule(asked)) {
    if (asked.takes !== null && takes !== null && asked.takes !== takes)
      throw new FathomError("shape", `${WHAT}: its projection (${asked.description}) takes ${asked.takes} features, and its body ${takes}`);
    const width = asked.gives(takes);
    if (width !== null && gives !== null && width !== gives)
      throw new FathomError("shape", `${WHAT}: its projection (${asked.description}) gives ${width} features, and its body ${gives}`);
    return { name: "projection", module: asked };
  }
  if (asked !== undefined && asked !== true)
    throw new FathomError(
      "argument",
      `${WHAT}: projection is ${show(asked)}; use true, false or a module such as nn.linear(64, 32, { bias: false })`,
    );
  if (takes === null || gives === null)
    throw new FathomError(
      "argument",
      `${WHAT}: its body does not say how many features it has, so a projection cannot be made for it; pass one, as { projection: nn.linear(64, 32) }`,
    );
  return { name: "projection", module: linear(takes, gives, { bias: false }) };
}
