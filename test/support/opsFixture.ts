/** PyTorch's known answers for single ops (test/oracle/ops.json), in Node and in the browser: values and gradients in float64. */
import text from "../oracle/ops.json?raw";

export interface FixtureArray {
  readonly shape: readonly number[];
  /** Row-major. Inputs are exact in float32. */
  readonly data: Float64Array;
}

/** `gradients` are the vector-Jacobian products of the inputs with `cotangent`; `constants` are not differentiated. */
export interface OpCase {
  readonly op: string;
  /** What the case shows, where the op's name does not say it. */
  readonly note?: string;
  readonly options: Readonly<Record<string, number | string | boolean>>;
  readonly inputs: Readonly<Record<string, FixtureArray>>;
  readonly constants?: Readonly<Record<string, FixtureArray>>;
  readonly output: FixtureArray;
  readonly cotangent: FixtureArray;
  readonly gradients: Readonly<Record<string, FixtureArray>>;
}

/** Batches one after another through one batch-norm; running statistics as they are after each. */
export interface BatchNormCase {
  readonly note: string;
  readonly options: { readonly epsilon: number; readonly momentum: number };
  readonly weight: FixtureArray;
  readonly bias: FixtureArray;
  readonly steps: readonly {
    readonly mode: "train" | "eval";
    readonly x: FixtureArray;
    readonly output: FixtureArray;
    readonly cotangent: FixtureArray;
    readonly gradients: { readonly x: FixtureArray; readonly weight: FixtureArray; readonly bias: FixtureArray };
    readonly runningMean: FixtureArray;
    readonly runningVariance: FixtureArray;
    /** num_batches_tracked */
    readonly batches: number;
  }[];
}

/** Numbers, booleans, and "NaN", "Infinity", "-Infinity" as strings: each a number that `Number` understands. */
const record = JSON.parse(text, (key, value: unknown) =>
  key === "data" ? Float64Array.from(value as (number | string | boolean)[], Number) : value,
) as {
  readonly format: "fathom-ops/1";
  readonly cases: readonly OpCase[];
  readonly batchNorm: readonly BatchNormCase[];
};

export const opCases = record.cases;
export const batchNormCases = record.batchNorm;
