/** How a matrix product is cut up: which kernel, and what an invocation and a workgroup of it own. */
export type Tile =
  | {
      readonly shader: "matmul_register";
      /** Rows of an invocation. */
      readonly rows: 8 | 16 | 32;
      /** Four neighbours along n share the loads of A. */
      readonly quads: boolean;
      /** Invocations of a workgroup along n and m. */
      readonly group: readonly [number, number];
    }
  | {
      /** 4 × 4 an invocation: little to compile. */
      readonly shader: "matmul_small";
      /** Invocations of a workgroup along n and m. */
      readonly group: readonly [number, number];
    }
  | {
      readonly shader: "matmul_tiled";
      /** Rows, and columns, of a workgroup. */
      readonly span: 32 | 64;
    };

/** Measured tiles by `productKey`, for one adapter. */
export type TileTable = ReadonlyMap<string, Tile>;

export const PRODUCT_LAYOUTS = ["NN", "NT", "TN", "TT"] as const;

/** N: a factor lies in memory as it is, T: transposed. NT is a layer forward, NN the gradient of its input, TN that of its weight. */
export type ProductLayout = (typeof PRODUCT_LAYOUTS)[number];

/** C[m, n] = Σ_k A[m, k] · B[k, n]. */
export interface ProductShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly layout: ProductLayout;
}

/** A factor of a single row or column lies in memory alike, transposed or not, and counts as not. */
export function productKey(m: number, n: number, k: number, layout: ProductLayout): string {
  const a = m === 1 || k === 1 ? "N" : layout[0];
  const b = n === 1 || k === 1 ? "N" : layout[1];
  return `${m}×${n}×${k} ${a}${b}`;
}
