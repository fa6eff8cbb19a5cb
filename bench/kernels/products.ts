/** Matrix products by every tile of the matmul kernels, as plans of one dispatch. */

import type { ProductShape, Tile } from "../../src/core/tile.ts";
import type { Target } from "../../src/graph/op.ts";
import { productPlan } from "../../src/plan/productPlan.ts";
import type { Plan, PlanDispatch } from "../../src/plan/types.ts";
import type { FilledPlan } from "./planRunner.ts";

const ROWS = [8, 16, 32] as const;
const GROUPS: readonly (readonly [number, number])[] = [
  [4, 1],
  [4, 2],
  [8, 4],
];

/** Every tile that an adapter can run: the engine tries fewer (`tilesFor` of matmulKernel). */
export function everyTile({ subgroups }: Target): readonly Tile[] {
  const register = [false, true].flatMap((quads) =>
    ROWS.flatMap((rows) => GROUPS.map((group): Tile => ({ shader: "matmul_register", rows, quads, group }))),
  );
  const small: Tile = { shader: "matmul_small", group: [4, 4] };
  const tiled = ([32, 64] as const).map((span): Tile => ({ shader: "matmul_tiled", span }));
  return [...register.filter((tile) => subgroups || !("quads" in tile && tile.quads)), small, ...tiled];
}

export const tileName = (tile: Tile): string =>
  Object.entries(tile)
    .map(([key, value]) => (key === "shader" ? String(value).replace("matmul_", "") : `${key} ${value}`))
    .join(", ");

export const shapeName = ({ m, n, k, layout }: ProductShape): string => `${m} × ${n} × ${k} ${layout}`;

/** The product on inputs whose numbers are neither equal nor special; by the engine's own choice, if no tile is given. */
export function filledProduct(shape: ProductShape, target: Target, tile?: Tile): FilledPlan & { readonly dispatch: PlanDispatch } {
  const { pools, dispatches, ...rest } = productPlan(shape, target, tile);
  const sizes = pools.map(({ bytes }) => bytes / 4);
  const bindings = dispatches[0]!.bindings.map((binding, index) => ({ ...binding, buffer: { kind: "input" as const, index } }));
  const dispatch: PlanDispatch = { ...dispatches[0]!, bindings };
  const plan: Plan = {
    ...rest,
    dispatches: [dispatch],
    pools: [],
    peakBytes: 0,
    inputs: sizes.map((size) => ({ shape: [size], dtype: "f32" })),
  };
  const inputs = sizes.map((size, seed) => Float32Array.from({ length: size }, (_, at) => Math.sin(at * 1.7 + seed) / 8));
  return { plan, inputs, states: {}, scalars: [], dispatch };
}
