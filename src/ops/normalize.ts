/** Layer, RMS and group norm, and weights normalised row by row: checks of what they take, and the one op behind them. */
import { checkNumber } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { describe, sameShape, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Listed } from "../graph/op.ts";
import { pick, requireDtype } from "./define.ts";
import { reshape } from "./layout.ts";
import { type RowNormAttributes, rowNormOp } from "./rowNorm.ts";

/** Longer lines are normalised by several kernels: one invocation would add up too many terms by itself. */
const MOST_FUSED = 16384;

/** What there is to learn: one number for each feature; null where there is none. */
interface Affine {
  readonly scale: Node | null;
  readonly shift: Node | null;
}

function apply(inputs: readonly Node[], attributes: RowNormAttributes): Node {
  const x = inputs[0]!;
  if (x.shape[1]! / attributes.groups > MOST_FUSED) return rowNormOp.decompose!(inputs as unknown as Listed<Node>, attributes) as Node;
  return pick(makeNode(rowNormOp, inputs, attributes), 0);
}

function checkFeatures(what: string, x: Node, { scale, shift }: Affine): number {
  requireDtype(what, x, "f32");
  if (x.shape.length === 0) throw new FathomError("shape", `${what}: x is ${describe(x)}; it needs an axis of features`);
  const features = x.shape.at(-1)!;
  for (const [name, node] of Object.entries({ scale, shift })) {
    if (node === null) continue;
    requireDtype(what, node, "f32");
    if (!sameShape(node.shape, [features]))
      throw new FathomError("shape", `${what}: the ${name} is ${describe(node)}; for x ${describe(x)} it must be f32[${features}]`);
  }
  if (shift !== null && scale === null)
    throw new FathomError("argument", `${what}: has a shift and no scale; give both, or the scale alone`);
  return features;
}

/** Normalises [rows, features]; more axes are rows, and one alone is a row. */
function overRows(what: string, x: Node, { scale, shift }: Affine, attributes: Omit<RowNormAttributes, "scale" | "shift">): Node {
  const features = checkFeatures(what, x, { scale, shift });
  checkNumber(what, "epsilon", attributes.epsilon, { above: 0 });
  const rows = x.shape.length === 2 ? x : reshape(x, [sizeOf(x.shape.slice(0, -1)), features]);
  const inputs = [rows, scale, shift].filter((node) => node !== null);
  const y = apply(inputs, { ...attributes, scale: scale ? "features" : "none", shift: shift !== null });
  return x.shape.length === 2 ? y : reshape(y, x.shape);
}

/** (x − mean) / √(variance + ε) · scale + shift, statistics over the last axis and the variance biased (Ba et al., 2016). */
export function layerNorm(x: Node, scale: Node | null, shift: Node | null, epsilon: number): Node {
  return overRows("layerNorm", x, { scale, shift }, { groups: 1, centered: true, epsilon });
}

/** x / √(mean of x² + ε) · scale, the mean over the last axis (Zhang and Sennrich, 2019). */
export function rmsNorm(x: Node, scale: Node | null, epsilon: number): Node {
  return overRows("rmsNorm", x, { scale, shift: null }, { groups: 1, centered: false, epsilon });
}

/** Each of `groups` equal parts of a row of [rows, features] normalised as by layerNorm; scale and shift are the features' (Wu and He, 2018). */
export function groupNorm(x: Node, groups: number, scale: Node | null, shift: Node | null, epsilon: number): Node {
  const what = "groupNorm";
  if (x.shape.length !== 2)
    throw new FathomError(
      "shape",
      `${what}: x is ${describe(x)}; it must be [rows, features]. Merge other axes into the rows with reshape`,
    );
  checkGroups(what, groups, x.shape[1]!);
  return overRows(what, x, { scale, shift }, { groups, centered: true, epsilon });
}

export function checkGroups(what: string, groups: number, features: number): void {
  if (!Number.isSafeInteger(groups) || groups < 1 || features % groups !== 0)
    throw new FathomError(
      "argument",
      `${what}: ${features} features do not divide into ${groups} groups of equal size; use a number of groups that divides ${features}`,
    );
}

/** g · v / ‖v‖ for each row of v, f32[out, in], with g f32[out, 1]: a row of zeros stays one (Salimans and Kingma, 2016). */
export function weightNorm(v: Node, g: Node): Node {
  const what = "weightNorm";
  requireDtype(what, v, "f32");
  requireDtype(what, g, "f32");
  if (v.shape.length !== 2 || !sameShape(g.shape, [v.shape[0]!, 1]))
    throw new FathomError("shape", `${what}: v is ${describe(v)} and g ${describe(g)}; they must be f32[out, in] and f32[out, 1]`);
  return apply([v, g], { groups: 1, centered: false, epsilon: 0, scale: "lines", shift: false });
}

/** (V − mean) / √(variance + 1e-5) for each row of V, f32[out, in], with the biased variance (Qiao et al., 2019). */
export function weightStandardization(v: Node): Node {
  const what = "weightStandardization";
  requireDtype(what, v, "f32");
  if (v.shape.length !== 2) throw new FathomError("shape", `${what}: V is ${describe(v)}; it must be f32[out, in]`);
  return apply([v], { groups: 1, centered: true, epsilon: 1e-5, scale: "none", shift: false });
}
