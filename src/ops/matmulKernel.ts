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

/** Sums longer than this are added up in blocks of it, so that rounding grows slower. */
const LONGEST_SUM = 512;

const TILE = 8;

export function chooseMatmul(problem: MatmulProblem): MatmulChoice {
  const { m, n, k, batch, aTransposed, bTransposed, aPitch, bPitch, aOffset, bOffset } = problem;
  const batches = batch.reduce((product, { size }) => product * size, 1);
  const [groupX, groupY] = groupSize(m, n);
  const groups = Math.ceil(n / (TILE * groupX)) * Math.ceil(m / (TILE * groupY)) * batches;
  const width = n % 4 === 0 ? 4 : 1;
  return {
    shader: "matmul_register",
    defines: {
      A_TRANSPOSED: aTransposed,
      B_TRANSPOSED: bTransposed,
      A_VECTOR: inFours(
        aTransposed ? m : k,
        k,
        aPitch,
        aOffset,
        batch.map(({ aStride }) => aStride),
      ),
      B_VECTOR: inFours(
        bTransposed ? k : n,
        k,
        bPitch,
        bOffset,
        batch.map(({ bStride }) => bStride),
      ),
      A_BATCH: batchText(batch, ({ aStride }) => aStride),
      B_BATCH: batchText(batch, ({ bStride }) => bStride),
      BIAS: problem.bias,
      ROW_SUM: problem.rowSum,
      ROW_SUM_BINDING: problem.bias ? 3 : 2,
      BLOCKED: k > LONGEST_SUM,
      K_TAIL: k % 4 !== 0,
      WIDE: width === 4,
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
    workgroups: groups,
    width,
  };
}

/** Whether an operand can be read as vec4f: every run of four that is read begins at a multiple of four. */
function inFours(contiguous: number, k: number, pitch: number, offset: number, strides: readonly number[]): boolean {
  return k > 0 && [contiguous, pitch, offset, ...strides].every((count) => count % 4 === 0);
}

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

/** Invocations of a workgroup along n and m. */
function groupSize(m: number, n: number): readonly [number, number] {
  // At least two workgroups, for two cores, where the shape allows it.
  if (m <= TILE * 8 && n <= TILE * 8) return [4, 4];
  return [8, 4];
}

/** Additions that a term may pass through, and its product: rounding is at most this many times 2⁻²⁴ of the sum of magnitudes. */
export function matmulDepth(k: number): number {
  return Math.ceil(Math.min(k, LONGEST_SUM) / 4) + Math.ceil(k / LONGEST_SUM) + 8;
}
