/** One matrix product as the engine runs it, of one dispatch or split into several, to be timed: how long it takes does not depend on the numbers. */
import { type ProductShape, productKey, type Tile } from "../core/tile.ts";
import type { Node } from "../graph/node.ts";
import type { Target } from "../graph/op.ts";
import { input } from "../ops/define.ts";
import { linear, linearWeightGradient } from "../ops/linear.ts";
import { matmul, swapLast } from "../ops/matmul.ts";
import { tilesFor } from "../ops/matmulKernel.ts";
import { lower } from "./lower.ts";
import type { Plan } from "./types.ts";

/** By the engine's own choice, if no tile is given. Its inputs are A and B, its outputs C and, of a TN product, the sums of A's rows. */
export function productPlan(product: ProductShape, target: Target, tile?: Tile): Plan {
  const { m, n, k, layout } = product;
  const tiles = tile ? { tiles: new Map([[productKey(m, n, k, layout), tile]]) } : {};
  return lower({ roots: rootsOf(product), assignments: [], target: { ...target, ...tiles } }).plan;
}

function rootsOf({ m, n, k, layout }: ProductShape): Node[] {
  const a = input(layout[0] === "T" ? [k, m] : [m, k], "f32");
  const b = input(layout[1] === "T" ? [n, k] : [k, n], "f32");
  switch (layout) {
    case "NN":
      return [matmul(a, b)];
    case "NT":
      return [linear(a, b)];
    case "TN": {
      // The gradient of a weight comes with that of the bias.
      const { weight, bias } = linearWeightGradient(a, b, true);
      return [weight, bias!];
    }
    case "TT":
      return [matmul(swapLast(a), swapLast(b))];
  }
}

export interface ProductCandidate {
  readonly tile: Tile;
  readonly plan: Plan;
}

/** The tiles that are worth trying for a product; first the one that the engine chooses where nothing was measured. */
export function productCandidates(product: ProductShape, { tiles: _, ...untuned }: Target): readonly ProductCandidate[] {
  return tilesFor(product, untuned).map((tile) => ({ tile, plan: productPlan(product, untuned, tile) }));
}
