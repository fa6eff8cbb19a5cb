/** Picks the kernel, its constants and its grid for a matrix product, from a small table of measured choices. */
import type { Define } from "../graph/op.ts";

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
  readonly adapterClass: "software" | "hardware";
  /** Whether shaders may use subgroup functions. */
  readonly subgroups: boolean;
}

export interface MatmulChoice {
  readonly shader: "matmul_register";
  /** All but EPILOGUE, which the planner adds. */
  readonly defines: Readonly<Record<string, Define>>;
  readonly overrides: Readonly<Record<string, number>>;
  /** Workgroups, counted in one dimension (see shaders/lib/grid.wgsl). */
  readonly workgroups: number;
  /** Elements that the epilogue is handed at a time. */
  readonly width: 1 | 4;
}

/** What one invocation and one workgroup own, and how they read. */
export interface Tile {
  /** 16 rows an invocation, else 8. */
  readonly tall: boolean;
  /** 16 columns an invocation, else 8. */
  readonly broad: boolean;
  /** Four neighbours along n share the loads of A. */
  readonly quads: boolean;
  /** Invocations of a workgroup along n and m. */
  readonly group: readonly [number, number];
}

export function chooseMatmul(problem: MatmulProblem, tile: Tile = chooseTile(problem)): MatmulChoice {
  const { m, n, k, batch, aTransposed, bTransposed, aPitch, bPitch, aOffset, bOffset, bias, rowSum } = problem;
  const { tall, broad, quads } = tile;
  const [groupX, groupY] = tile.group;
  const batches = batch.reduce((product, { size }) => product * size, 1);
  const aNumbers = [aTransposed ? m : k, aPitch, aOffset, ...batch.map(({ aStride }) => aStride)];
  const bNumbers = [bTransposed ? k : n, bPitch, bOffset, ...batch.map(({ bStride }) => bStride)];
  const width = n % 4 === 0 ? 4 : 1;
  return {
    shader: "matmul_register",
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
      VECTOR: width === 4,
      TALL: tall,
      BROAD: broad,
      QUADS: quads,
    },
    overrides: {
      M: m,
      N: n,
      K: k,
      BATCHES: batches,
      A_OFFSET: aOffset,
      B_OFFSET: bOffset,
      A_PITCH: aPitch,
      B_PITCH: bPitch,
      GROUP_X: groupX,
      GROUP_Y: groupY,
    },
    workgroups: Math.ceil(n / (sideOf(broad) * groupX)) * Math.ceil(m / (sideOf(tall) * groupY)) * batches,
    width,
  };
}

const sideOf = (large: boolean): number => (large ? 16 : 8);

function chooseTile({ m, n, k, adapterClass, subgroups }: MatmulProblem): Tile {
  const large = m * n * k >= 128 ** 3;
  const quads = adapterClass === "software" && subgroups && n > 16;
  return { tall: large, broad: large, quads, group: [4, 2] };
}

const isMultipleOfFour = (count: number): boolean => count % 4 === 0;

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
const LONGEST_SUM = 512;

/** Additions that a term may pass through, and its product: rounding is at most this many times 2⁻²⁴ of the sum of magnitudes. */
export function matmulDepth(k: number): number {
  return Math.ceil(Math.min(k, LONGEST_SUM) / 4) + Math.ceil(k / LONGEST_SUM) + 8;
}
