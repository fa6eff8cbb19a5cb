/** What is done to gradients that are too long. Formulas in docs/experiment.md. */
import { checkNumber, checkOptions } from "../core/check.ts";

export interface NormClip {
  readonly type: "globalNorm" | "parameterNorm" | "value";
  readonly max: number;
}

export interface Rescale {
  readonly type: "rescale";
  readonly threshold: number;
}

export interface Normalize {
  readonly type: "normalize";
}

export interface AdaptiveClip {
  readonly type: "adaptive";
  readonly ratio: number;
  readonly epsilon: number;
}

export interface AdaptiveClipOptions {
  /** λ: how long a row's gradient may be beside the row; default 0.01. */
  readonly ratio?: number;
  /** ε: rows shorter than that count as that long; default 1e-3. */
  readonly epsilon?: number;
}

export type Clip = NormClip | Rescale | Normalize | AdaptiveClip;

function withMax<T extends NormClip["type"]>(type: T, name: string, max: number): NormClip & { readonly type: T } {
  return { type, max: checkNumber(`optim.${name}`, "max", max, { above: 0 }) };
}

/** Multiplies every gradient by min(1, max / (‖g‖ + 1e-6)), ‖g‖ over all parameters together. Pascanu, Mikolov, Bengio, ICML 2013; PyTorch's 1e-6. */
export const clipGlobalNorm = (max: number): Clip => withMax("globalNorm", "clipGlobalNorm", max);

/** Multiplies each parameter tensor's gradient by min(1, max / (‖g‖ + 1e-6)), ‖g‖ its own norm. */
export const clipParameterNorm = (max: number): Clip => withMax("parameterNorm", "clipParameterNorm", max);

/** Clamps each element of the gradients to ±max, as torch.nn.utils.clip_grad_value_. */
export const clipValue = (max: number): Clip => withMax("value", "clipValue", max);

/** Multiplies every gradient by threshold / ‖g‖ where ‖g‖, over all parameters together, is above the threshold: no epsilon. */
export function rescale(threshold: number): Clip {
  return { type: "rescale", threshold: checkNumber("optim.rescale", "threshold", threshold, { above: 0 }) };
}

/** Divides every gradient by ‖g‖, over all parameters together, however small that is; a gradient of exactly 0 stays. */
export function normalize(): Clip {
  return { type: "normalize" };
}

/**
 * Adaptive gradient clipping, row by row of a matrix, a vector as one row: by ratio·max(‖w‖, epsilon)/‖g‖ where ‖g‖ is above
 * ratio·max(‖w‖, epsilon). Brock et al., ICML 2021.
 */
export function clipAdaptive(options: AdaptiveClipOptions = {}): Clip {
  const what = "optim.clipAdaptive";
  checkOptions(what, options, ["ratio", "epsilon"]);
  return {
    type: "adaptive",
    ratio: checkNumber(what, "ratio", options.ratio ?? 0.01, { above: 0 }),
    epsilon: checkNumber(what, "epsilon", options.epsilon ?? 1e-3, { above: 0 }),
  };
}

const TYPES = {
  globalNorm: true,
  parameterNorm: true,
  value: true,
  rescale: true,
  normalize: true,
  adaptive: true,
} as const satisfies Record<Clip["type"], true>;

export const isClip = (value: unknown): value is Clip => Object.hasOwn(TYPES, (value as Clip | null)?.type ?? "");

/** The number that the step hands to the kernels; 0 where they need none. */
export function clipLimit(clip: Clip | null): number {
  if (clip === null || clip.type === "normalize" || clip.type === "adaptive") return 0;
  return clip.type === "rescale" ? clip.threshold : clip.max;
}
