/** Kinds of clip: how each is carried out, and, in float64, what it multiplies by. */
import { bitsOf, exponentOf } from "./layout.ts";
import type { ClipForm } from "./update.ts";

export type ClipKind = "none" | "globalNorm" | "parameterNorm" | "value" | "rescale" | "normalize" | "adaptive";

/** As finish_statistics.wgsl knows them. */
export const CLIP_CODES = {
  none: 0,
  globalNorm: 1,
  parameterNorm: 2,
  value: 3,
  rescale: 4,
  normalize: 5,
  adaptive: 6,
} as const satisfies Record<ClipKind, number>;

/** What an update does of each; an adaptive clip is done before it, by clipRows. */
export const CLIP_FORMS = {
  none: "scale",
  globalNorm: "scale",
  parameterNorm: "segments",
  value: "value",
  rescale: "scale",
  normalize: "scale",
  adaptive: "scale",
} as const satisfies Record<ClipKind, ClipForm>;

/** PyTorch's, of clip_grad_norm_. */
const NORM_EPSILON = 1e-6;

/** Multiplies by 2^`exponent` first, then by `factor`. */
export interface ClipScale {
  readonly factor: number;
  readonly exponent: number;
}

const WHOLE: ClipScale = { factor: 1, exponent: 0 };

/** limit / norm; what lies beyond 2^±100 is left to the exponent, because the quotient may be no normal float32. */
function quotient(limit: number, norm: number, exponent: number): ClipScale {
  const shift = exponentOf(bitsOf(limit)) - exponent;
  const left = shift - Math.min(Math.max(shift, -100), 100);
  return { factor: (limit / norm) * 2 ** -left, exponent: left };
}

/** `scale`, but NaN for a norm of NaN, and 0 for an infinite one. */
export const scaleUnlessBad = (scale: number, norm: number): number => (Number.isNaN(norm) ? Number.NaN : norm === Infinity ? 0 : scale);

/**
 * What gradients of that norm and that largest magnitude are multiplied by; for a clip by value, the least that one of them is. NaN for a
 * norm of NaN, 0 for an infinite one.
 */
export function clipScale(kind: ClipKind, limit: number, norm: number, highest: number): ClipScale {
  if (kind === "none" || kind === "adaptive") return WHOLE;
  if (!Number.isFinite(norm)) return { factor: scaleUnlessBad(1, norm), exponent: 0 };
  const exponent = exponentOf(bitsOf(highest));
  switch (kind) {
    case "globalNorm":
    case "parameterNorm":
      // Beside 2²⁰ the epsilon is nothing.
      if (exponent <= 20) return { factor: Math.min(1, limit / (norm + NORM_EPSILON)), exponent: 0 };
      return norm > limit ? quotient(limit, norm, exponent) : WHOLE;
    case "value":
      return highest > limit ? { factor: limit / highest, exponent: 0 } : WHOLE;
    case "rescale":
      return norm > limit ? quotient(limit, norm, exponent) : WHOLE;
    case "normalize":
      return norm > 0 ? quotient(1, norm, exponent) : WHOLE;
  }
}
