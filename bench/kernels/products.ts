/** Matrix products by every tile of the matmul kernels, as plans of their own. */

import { sizeOf } from "../../src/core/shape.ts";
import type { ProductShape, Tile } from "../../src/core/tile.ts";
import type { Target } from "../../src/graph/op.ts";
import { tilesFor } from "../../src/ops/matmulKernel.ts";
import { productPlan } from "../../src/plan/productPlan.ts";
import type { Plan } from "../../src/plan/types.ts";
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

/** Every tile; first the one that the engine's table has for this product. */
export function tilesFromTable(shape: ProductShape, target: Target): readonly [Tile, ...Tile[]] {
  const [table] = tilesFor(shape, target);
  const all = everyTile(target);
  const own = all.find((tile) => isSame(tile, table)) ?? table;
  return [own, ...all.filter((tile) => tile !== own)];
}

/** Whatever the order of their keys. */
const isSame = (one: Tile, two: Tile): boolean => {
  const text = (tile: Tile): string => JSON.stringify(Object.entries(tile).sort());
  return text(one) === text(two);
};

export const tileName = (tile: Tile): string =>
  Object.entries(tile)
    .map(([key, value]) => (key === "shader" ? String(value).replace("matmul_", "") : `${key} ${value}`))
    .join(", ");

export const shapeName = ({ m, n, k, layout }: ProductShape): string => `${m} × ${n} × ${k} ${layout}`;

/** The product on inputs whose numbers are neither equal nor special; by the engine's own choice, if no tile is given. */
export function filledProduct(shape: ProductShape, target: Target, tile?: Tile): FilledPlan {
  const plan = productPlan(shape, target, tile);
  const inputs = plan.inputs.map(({ shape }, seed) =>
    Float32Array.from({ length: sizeOf(shape) }, (_, at) => Math.sin(at * 1.7 + seed) / 8),
  );
  return { plan, inputs, states: {}, scalars: [] };
}

/** What of the matmul kernels a product's plan uses, and whether its sums are split; the shape of its workgroups aside. */
export function variantOf({ kernels }: Plan): string {
  const { name, defines } = kernels[0]!;
  const rows = defines["ROWS_32"] ? 32 : defines["ROWS_16"] ? 16 : 8;
  const tile =
    name === "matmul_register" ? `, rows ${rows}, quads ${defines["QUADS"]}` : name === "matmul_tiled" ? `, span ${defines["SPAN"]}` : "";
  return `${name.replace("matmul_", "")}${tile}${defines["SPLIT"] ? ", split" : ""}`;
}
