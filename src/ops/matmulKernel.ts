/** Picks the kernel, its constants and its grid for a matrix product, from a small table of measured choices. */
import { type ProductLayout, type ProductShape, productKey, type Tile, type TileTable } from "../core/tile.ts";
import type { Define, Target } from "../graph/op.ts";

export type { Tile } from "../core/tile.ts";

/** One axis of a batch: how far apart its matrices begin, in elements; 0 where an operand is the same for all. */
export interface BatchAxis {
  readonly size: number;
  readonly aStride: number;
  readonly bStride: number;
}

/** C[batch…, m, n] = Σ_k A[batch…, m, k] · B[batch…, k, n]; n and m are at least 1, k may be 0. */
export interface MatmulProblem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Outermost first; empty for one product. */
  readonly batch: readonly BatchAxis[];
  /** A lies in memory as K × M, B as N × K. */
  readonly aTransposed: boolean;
  readonly bTransposed: boolean;
  /** Elements from one row of the memory to the next. */
  readonly aPitch: number;
  readonly bPitch: number;
  /** Elements from the binding's begin to the first matrix. */
  readonly aOffset: number;
  readonly bOffset: number;
  /** Adds bias[n]: binding 2. */
  readonly bias: boolean;
  /** Also row_sum[batch, m] = Σ_k A: the binding after the bias, or binding 2. */
  readonly rowSum: boolean;
  /** Parts of K, each with a result of its own; 1 if left out. See matmulSplit.ts. */
  readonly parts?: number;
  readonly adapterClass: "software" | "hardware";
  /** Whether shaders may use subgroup functions. */
  readonly subgroups: boolean;
  /** What was measured on this adapter; goes before the table. */
  readonly tiles?: TileTable | undefined;
}

export interface MatmulChoice {
  readonly shader: Tile["shader"];
  /** All but EPILOGUE, which the planner adds. */
  readonly defines: Readonly<Record<string, Define>>;
  readonly overrides: Readonly<Record<string, number>>;
  /** Workgroups, counted in one dimension (see shaders/lib/grid.wgsl). */
  readonly workgroups: number;
  /** Elements that the epilogue is handed at a time. */
  readonly width: 1 | 4;
}

export function chooseMatmul(problem: MatmulProblem, tile: Tile = chooseTile(problem)): MatmulChoice {
  const { m, n, k, batch, aTransposed, bTransposed, aPitch, bPitch, aOffset, bOffset, bias, rowSum, parts = 1 } = problem;
  const axes = batch.filter(({ size }) => size > 1);
  const aNumbers = [aTransposed ? m : k, aPitch, aOffset, ...axes.map(({ aStride }) => aStride)];
  const bNumbers = [bTransposed ? k : n, bPitch, bOffset, ...axes.map(({ bStride }) => bStride)];
  const width = n % 4 === 0 ? 4 : 1;
  const [spanM, spanN] = spans(tile);
  const results = batchesOf(batch) * parts;
  return {
    shader: tile.shader,
    defines: {
      A_TRANSPOSED: aTransposed,
      B_TRANSPOSED: bTransposed,
      // A zero K leaves nothing to read, and the binding may be too short for a vec4f.
      A_VECTOR: k > 0 && aNumbers.every(isMultipleOfFour),
      B_VECTOR: k > 0 && bNumbers.every(isMultipleOfFour),
      A_BATCH: batchText(batch, ({ aStride }) => aStride),
      B_BATCH: batchText(batch, ({ bStride }) => bStride),
      BIAS: bias,
      ROW_SUM: rowSum,
      ROW_SUM_BINDING: bias ? 3 : 2,
      K_TAIL: k % 4 !== 0,
      SPLIT: parts > 1,
      VECTOR: width === 4,
      ...(tile.shader === "matmul_tiled" ? { SPAN: tile.span } : { LONG_SUM: k > LONGEST_SUM }),
      ...(tile.shader === "matmul_register" ? { ROWS_16: tile.rows >= 16, ROWS_32: tile.rows === 32, QUADS: tile.quads } : {}),
    },
    overrides: {
      M: m,
      N: n,
      K: k,
      BATCHES: results,
      A_OFFSET: aOffset,
      B_OFFSET: bOffset,
      A_PITCH: aPitch,
      B_PITCH: bPitch,
      ...(parts > 1 ? { PARTS: parts, PART: partLength(k, parts) } : {}),
      ...(tile.shader === "matmul_tiled" ? {} : { GROUP_X: tile.group[0], GROUP_Y: tile.group[1] }),
    },
    workgroups: Math.ceil(n / spanN) * Math.ceil(m / spanM) * results,
    width,
  };
}

/** Rows and columns of a workgroup. */
function spans(tile: Tile): readonly [number, number] {
  if (tile.shader === "matmul_tiled") return [tile.span, tile.span];
  const [rows, columns] = tile.shader === "matmul_small" ? [4, 4] : [tile.rows, 8];
  return [rows * tile.group[1], columns * tile.group[0]];
}

const isMultipleOfFour = (count: number): boolean => count % 4 === 0;

/** Of a software adapter with subgroups, four invocations are one of its vectors; it runs a workgroup on one core. */
const QUAD = { shader: "matmul_register", quads: true, group: [4, 1] } as const;
/** A product that is thin in one of its sizes is mostly a net's head, one of many layers: not worth the compile time of a larger tile. */
const THIN = 16;
/** Multiply-adds that are done in no time. */
const FEW = 64 ** 3;
/** Workgroups that keep two to four cores busy. */
const ENOUGH = 4;

/** What was measured on this adapter, else what the table says. */
function chooseTile(problem: MatmulProblem): Tile {
  const { m, n, k, batch, aTransposed, bTransposed, tiles } = problem;
  const layout: ProductLayout = `${aTransposed ? "T" : "N"}${bTransposed ? "T" : "N"}`;
  return (batch.length === 0 && tiles?.get(productKey(m, n, k, layout))) || tableTile(problem);
}

/**
 * Measured with npm run bench -- --suite kernels; the GPU's choice is not, for want of one.
 *
 * On SwiftShader, which has subgroups, 32 × 8 with shared loads is fastest where it leaves work for every core, then 16 × 8.
 * Other software (lavapipe, without subgroups) compiles a larger tile for seconds and gains nothing by it; it likes long rows of invocations.
 */
function tableTile({
  m,
  n,
  k,
  batch,
  adapterClass,
  subgroups,
}: Pick<MatmulProblem, "m" | "n" | "k" | "batch" | "adapterClass" | "subgroups">): Tile {
  if (adapterClass === "hardware") return { shader: "matmul_tiled", span: m >= 256 && n >= 256 ? 64 : 32 };
  const thin = Math.min(m, n, k) <= THIN;
  if (thin && m * n * k * batchesOf(batch) <= FEW) return { shader: "matmul_small", group: [Math.min(8, Math.ceil(n / 4)), 4] };
  if (!subgroups || n <= 8) return { shader: "matmul_register", rows: 8, quads: false, group: [Math.min(8, Math.ceil(n / 8)), 4] };
  if (thin) return { ...QUAD, rows: 8 };
  return { ...QUAD, rows: Math.ceil(m / 32) * Math.ceil(n / 32) * batchesOf(batch) >= ENOUGH ? 32 : 16 };
}

/** The tiles that are worth trying for a product on an adapter: the table's, first, and few others, because each is a pipeline to compile. */
export function tilesFor(product: ProductShape, target: Pick<Target, "adapterClass" | "subgroups">): readonly [Tile, ...Tile[]] {
  const table = tableTile({ ...product, batch: [], ...target });
  const text = JSON.stringify(table);
  return [table, ...usualTiles(target).filter((tile) => JSON.stringify(tile) !== text)];
}

function usualTiles({ adapterClass, subgroups }: Pick<Target, "adapterClass" | "subgroups">): readonly Tile[] {
  const plain = (
    [
      [2, 4],
      [8, 4],
    ] as const
  ).map((group): Tile => ({ shader: "matmul_register", rows: 8, quads: false, group }));
  if (adapterClass === "hardware") return [{ shader: "matmul_tiled", span: 32 }, { shader: "matmul_tiled", span: 64 }, ...plain];
  return subgroups ? [...([8, 16, 32] as const).map((rows): Tile => ({ ...QUAD, rows })), ...plain] : plain;
}

export const batchesOf = (batch: readonly BatchAxis[]): number => batch.reduce((product, { size }) => product * size, 1);

/** WGSL for where matrix `batch` begins. */
function batchText(batch: readonly BatchAxis[], strideOf: (axis: BatchAxis) => number): string {
  const terms: string[] = [];
  let inner = 1;
  for (const [fromEnd, axis] of batch.toReversed().entries()) {
    const outermost = fromEnd === batch.length - 1;
    const stride = strideOf(axis);
    const position = inner === 1 ? "batch" : `batch / ${inner}u`;
    if (axis.size > 1 && stride > 0) terms.push(`(${position}${outermost ? "" : ` % ${axis.size}u`}) * ${stride}u`);
    inner *= axis.size;
  }
  return terms.join(" + ") || "0u";
}

/** Terms of a partial sum in the shader. */
export const LONGEST_SUM = 512;

/** Terms of all parts of a long sum but the last, which has what is left. */
export const partLength = (k: number, parts: number): number => Math.ceil(k / parts / LONGEST_SUM) * LONGEST_SUM;

/** The define EPILOGUE of a product that is stored as it is. */
export const plainEpilogue = (binding: number, width: 1 | 4): string => `alias F = ${width === 4 ? "vec4f" : "f32"};
@group(0) @binding(${binding}) var<storage, read_write> result: array<F>;
fn epilogue(index: u32, value: F) {
  result[index / ${width}u] = value;
}`;

/** Roundings that a term may pass through: the result is off by at most this many times 2⁻²⁴ of the sum of magnitudes. */
export function matmulDepth(k: number, shader: Tile["shader"]): number {
  const partial = Math.min(k, LONGEST_SUM);
  // Parts of a sum (matmulSplit.ts) are of whole partial sums, so that a parts of b are at most one rounding more than a · b in a row.
  // The register kernel adds four terms to each other first; either adds three single ones at most, the product, and the bias.
  return (shader === "matmul_register" ? 4 + Math.ceil(partial / 4) : partial) + Math.ceil(k / LONGEST_SUM) + 6;
}
