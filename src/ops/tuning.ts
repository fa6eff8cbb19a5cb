/** What was measured of matrix products, as plain JSON that can be kept and given to another engine. */
import { checkChoice, checkInteger, checkOptions, show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { PRODUCT_LAYOUTS, type ProductShape, productKey, type Tile, type TileTable } from "../core/tile.ts";
import type { Target } from "../graph/op.ts";
import { tilesFor } from "./matmulKernel.ts";

/** A product, and the tile that was fastest for it. */
export interface TunedProduct extends ProductShape {
  readonly tile: Tile;
}

/** Plain JSON: keep it with `JSON.stringify`, and give it to `open({ tuning })`. */
export interface Tuning {
  readonly format: "fathom-tuning/1";
  /** The adapter that it was measured on; on any other it is not used. */
  readonly adapter: string;
  readonly products: readonly TunedProduct[];
}

/** The measured tiles where they are this adapter's, else null. Throws a FathomError (argument) where `tuning` is not what `tune()` returned. */
export function tileTable(tuning: Tuning, adapter: string, target: Target): TileTable | null {
  const what = "tuning";
  checkOptions(what, tuning, ["format", "adapter", "products"]);
  checkChoice(what, "format", tuning.format, ["fathom-tuning/1"]);
  if (!Array.isArray(tuning.products))
    throw new FathomError("argument", `${what}: products is ${show(tuning.products)}; pass what tune() returned`);
  if (tuning.adapter !== adapter) return null;
  return new Map(
    (tuning.products as readonly TunedProduct[]).map((product, index) => {
      const name = `products[${index}]`;
      checkOptions(`${what}: ${name}`, product, ["m", "n", "k", "layout", "tile"]);
      const [m, n, k] = (["m", "n", "k"] as const).map((size) => checkInteger(what, `${name}.${size}`, product[size], 1)) as [
        number,
        number,
        number,
      ];
      const layout = checkChoice(what, `${name}.layout`, product.layout, PRODUCT_LAYOUTS);
      const known = new Map(tilesFor({ m, n, k, layout }, target).map((tile) => [JSON.stringify(tile), tile]));
      const text = JSON.stringify(product.tile) ?? "undefined";
      const tile = known.get(text);
      if (!tile)
        throw new FathomError(
          "argument",
          `${what}: ${name}.tile is ${text}; for this product this adapter has ${[...known.keys()].join(", ")}. Call tune() again`,
        );
      return [productKey(m, n, k, layout), tile];
    }),
  );
}
