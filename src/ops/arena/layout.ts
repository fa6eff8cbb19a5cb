/** The words of the buffers that training's own kernels share: what the CPU writes for a step, what the GPU counts, and what it reports. */
import { FathomError } from "../../core/errors.ts";
import type { TensorType } from "../../graph/node.ts";

/** "step" u32[16], written by the CPU before each step; numbers marked f32 are its bits. */
export const STEP = {
  words: 16,
  attemptedStep: 0,
  /** Position in the permutation of the batch's first sample. */
  batchStart: 1,
  seed: 2,
  /** f32 */
  learningRate: 3,
  /** f32: λ of λ/2 · Σ w². */
  l2: 4,
  /** f32: λ of λ · Σ|w|. */
  l1: 5,
  /** f32: the clip's max or threshold. */
  clipMax: 6,
  /** f32 */
  weightDecay: 7,
  /** f32: σₜ of the noise on the gradients. */
  noiseDeviation: 8,
  /** Bit 0: the loss counts for the plateau; bit 1: the step ends an interval. */
  plateau: 15,
} as const;

/** "counters" u32[16]: lives on the GPU, which alone knows of skipped updates and of losses in time. Begins as zeros; the rest stays 0. */
export const COUNTERS = {
  words: 16,
  appliedStep: 0,
  /** 1 once a step was found non-finite under policy "stop"; every later update is skipped. */
  stopped: 1,
  skippedUpdates: 2,
  /** The first step with a non-finite number and where; of no meaning while `badSteps` is 0. */
  firstBadStep: 3,
  firstBadLayer: 4,
  firstBadSegment: 5,
  /** Steps with a non-finite number. */
  badSteps: 6,
  /** A plateau's state. f32: what the step's rate is multiplied by; the bits 0 stand for 1. */
  plateauFactor: 7,
  /** f32: the best mean loss; of no meaning while `plateauBetter` is 0. */
  plateauBest: 8,
  /** Intervals that were better than all before. */
  plateauBetter: 9,
  /** Intervals since that were not. */
  plateauBad: 10,
  plateauCooldown: 11,
  /** Of the interval that is under way: f32 sum of its losses, f32 what rounding took from that, and its steps. */
  plateauSum: 12,
  plateauLost: 13,
  plateauSteps: 14,
} as const;

/** The summary that finishStatistics hands to the updates: u32[16], the rest 0; behind it, where segments have clip scales of their own, each one's scale (f32) and exponent (i32). */
export const SUMMARY = {
  words: 16,
  /** 1 where nothing may be updated. */
  skip: 0,
  /** f32: what gradients are multiplied by, after 2^`clipExponent`. */
  clipScale: 1,
  /** Updates made before this one: 0 at the first. */
  appliedStep: 2,
  /** 1 where a flag, the loss or a gradient was not finite. */
  nonFinite: 3,
  /** f32, before clipping. */
  globalNorm: 4,
  /** f32 */
  penalty: 5,
  /** f32: what updates use. */
  learningRate: 6,
  /** i32: 0 unless norms are so long or short that the whole scale may be no normal float32. */
  clipExponent: 7,
} as const;

/** "ring": `16 + segments + auxiliary` words a record, at slot attemptedStep % slots. */
export const RECORD = {
  attemptedStep: 0,
  /** Bit 0: non-finite number found; bit 1: update skipped; bit 2: stopped. */
  status: 1,
  badLayer: 2,
  badSegment: 3,
  /** f32, without the penalty. */
  loss: 4,
  /** f32 */
  penalty: 5,
  /** f32, before clipping. */
  globalNorm: 6,
  /** f32: the smallest that any element was multiplied by. */
  clipScale: 7,
  /** f32 */
  learningRate: 8,
  /** Updates made, this one included. */
  appliedStep: 9,
  /** f32[segments]: each parameter's gradient norm. */
  norms: 16,
  // and behind them f32[auxiliary], the losses of auxiliary heads, without their weights
} as const;

export const recordWords = (segments: number, auxiliary = 0): number => RECORD.norms + segments + auxiliary;

/** Elements from one loss to the next, where finishStatistics is given those of auxiliary heads behind the main one. */
export const LOSS_STRIDE = 64;

/** A chunk's record in "chunks" u32[8 · chunks]; the last two are f32: factors of its parameter group, a rate factor of 0 freezes. */
export const CHUNK = {
  words: 8,
  offset: 0,
  length: 1,
  segment: 2,
  role: 3,
  rowLength: 4,
  /** Where the chunk's first element lies in the stacks of an optimizer that has any (Muon); NONE where it is in none. */
  stack: 5,
  rateFactor: 6,
  decayFactor: 7,
} as const;

/** The role that a regulariser covers. */
export const ROLE_WEIGHT = 0;

/** What gradientStatistics says of a chunk: the largest finite magnitude (f32), whose exponent is e, Σ (g · 2⁻ᵉ)² (f32), penalty (f32), and bits 1 for an infinity, 2 for a NaN. */
export const PARTIAL = { words: 4, highest: 0, squares: 1, penalty: 2, nonFinite: 3 } as const;

/** The exponent e by which numbers are divided whose largest magnitude has these bits; within ±126, so that 2⁻ᵉ is a normal number. */
export const exponentOf = (highestBits: number): number => Math.min(Math.max((highestBits >>> 23) - 127, -126), 126);

/** No layer, no segment. */
export const NONE = 0xffffffff;

/** Refuses what the trainer should not have handed over. */
export function requireWords(what: string, name: string, type: TensorType, words: number): void {
  if (type.shape.length !== 1 || type.shape[0] !== words)
    throw new FathomError("internal", `${what}: ${name} is ${type.dtype}[${type.shape.join(",")}] and must have ${words} elements`);
}

const words = new DataView(new ArrayBuffer(4));

/** The float32 whose bits are `word`. */
export function floatOf(word: number): number {
  words.setUint32(0, word);
  return words.getFloat32(0);
}

/** The bits of the float32 nearest to `value`. */
export function bitsOf(value: number): number {
  words.setFloat32(0, value);
  return words.getUint32(0);
}

/** Words of evaluation's "step", which begins as training's does. */
export const EVALUATION_STEP = { batchIndex: 0, batchStart: 1, validRows: 8 } as const;
