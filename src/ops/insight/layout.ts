/** The words of the buffers by which insight's kernels hand their findings on, and of the records that they end in. */

/** Of insightGradients, for each chunk: numbers marked f32 are bits; kinds are 1 for an infinity, 2 for a NaN. */
export const GRADIENT_PARTIAL = {
  words: 8,
  /** f32: the largest finite |g|. */
  highest: 0,
  zeros: 1,
  kinds: 2,
  /** i32 */
  weightExponent: 3,
  /** f32: Σ (w · 2^-exponent)². */
  weightSquares: 4,
  weightKinds: 5,
} as const;

/** Of insightUpdate, for each chunk, of the differences. */
export const UPDATE_PARTIAL = { words: 4, exponent: 0, squares: 1, kinds: 2 } as const;

export const HISTOGRAM_BINS = 64;
/** A |g| of 2^(bin − 46) up to twice that is in bin 1 to 63; what is smaller or larger is in those at the ends. */
export const HISTOGRAM_BIAS = 46;

/** The bin of a finite number: 0 for 0. */
export function binOf(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude === 0) return 0;
  // Of subnormal float32 numbers only the bound is wanted.
  const exponent = magnitude < 2 ** -126 ? -127 : Math.floor(Math.log2(magnitude));
  // log2 may round up to the next whole number just below a power of two.
  const floor = 2 ** exponent > magnitude ? exponent - 1 : exponent;
  return Math.min(Math.max(floor + HISTOGRAM_BIAS, 1), HISTOGRAM_BINS - 1);
}

/** A record of either ring begins with the number of the step, and three words of 0. */
export const INSIGHT_HEAD = 4;

/** A parameter's part of its record: words, f32 but for `zeros`; 64 counts follow where there are histograms. */
export const PARAMETER_PART = { words: 4, gradientMax: 0, zeros: 1, weightNorm: 2, updateRatio: 3 } as const;

export const parameterWords = (histograms: boolean): number => PARAMETER_PART.words + (histograms ? HISTOGRAM_BINS : 0);

/** An activation's part of its record: two f32, two counts. */
export const ACTIVATION_PART = { words: 4, mean: 0, standardDeviation: 1, saturated: 2, dead: 3 } as const;

export const parameterRecordWords = (segments: number, histograms: boolean): number => INSIGHT_HEAD + segments * parameterWords(histograms);
export const activationRecordWords = (layers: number): number => INSIGHT_HEAD + layers * ACTIVATION_PART.words;

/** Rows and units of an activation that one workgroup takes; the units' bits fill two words. */
export const BLOCK_ROWS = 256;
export const BLOCK_UNITS = 64;

/** A block's row in "activationBlocks"; `low` and `high` are f32. */
export const BLOCK = { words: 8, odd: 0, offset: 1, stride: 2, rows: 3, units: 4, low: 5, high: 6, countsZeros: 7 } as const;

/** A layer's row in "activationLayers". */
export const LAYER = { words: 4, firstBlock: 0, rowBlocks: 1, unitBlocks: 2, units: 3 } as const;

/** Of activationStatistics, for each block; kinds are 1 for infinity, 2 for −infinity, 4 for a NaN. */
export const ACTIVATION_PARTIAL = {
  words: 8,
  exponent: 0,
  mean: 1,
  squares: 2,
  saturated: 3,
  liveLow: 4,
  liveHigh: 5,
  kinds: 6,
  finite: 7,
} as const;

/** Kinds of non-finite numbers among these: 1 for an infinity, 2 for a NaN. */
export function kindsOf(values: Float64Array): number {
  return (values.some((value) => Math.abs(value) === Infinity) ? 1 : 0) | (values.some(Number.isNaN) ? 2 : 0);
}

/** No output gets here: comparing with an infinity is not to be relied on in a shader. */
export const BEYOND = 3.4e38;
