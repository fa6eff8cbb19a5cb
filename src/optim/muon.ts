/** Muon: steps along the nearest orthogonal matrix to the momentum. */
import { checkChoice, checkFlag, checkInteger, checkOptions } from "../core/check.ts";
import type { Shape } from "../core/shape.ts";
import type { Role } from "../nn/module.ts";
import { type AdamOptions, BETA_KEYS, type Betas, checkBetas } from "./adam.ts";
import { COMMON_KEYS, type Common, checkCommon, checkMomentum } from "./common.ts";

/** How long a step is for its matrix: √max(1, rows/columns), or 0.2·√max(rows, columns), which is about as long as AdamW's. */
export type MuonAdjust = "original" | "matchRmsAdamW";

/** β₁, β₂ and ε are those of AdamW, by which all but matrices are updated. */
export interface MuonOptions extends AdamOptions {
  /** Default 0.95. */
  readonly momentum?: number;
  /** Default true. */
  readonly nesterov?: boolean;
  /** Of Newton and Schulz's; default 5. */
  readonly iterations?: number;
  /** Default "original". */
  readonly adjust?: MuonAdjust;
}

export interface Muon extends Common, Betas {
  readonly type: "muon";
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly iterations: number;
  readonly adjust: MuonAdjust;
}

/**
 * For matrices of role weight: b ← μb + (1 − μ)g; u = (1 − μ)g + μb, or b without Nesterov; X = u/max(‖u‖, 1e-7), then `iterations` times
 * X ← 3.4445X + (−4.7750A + 2.0315A²)X with A = XXᵀ, which drives the singular values towards 1; w ← w − αλw − αs·X, s by `adjust`. All
 * others by AdamW's update with the same α and λ. λ is 0.1 by default. Jordan et al., 2024, as torch.optim.Muon, in float32.
 */
export function muon(options: MuonOptions): Muon {
  const what = "optim.muon";
  checkOptions(what, options, [...COMMON_KEYS, ...BETA_KEYS, "momentum", "nesterov", "iterations", "adjust"]);
  return {
    type: "muon",
    ...checkCommon(what, options, 0.1),
    ...checkBetas(what, options),
    momentum: checkMomentum(what, options.momentum ?? 0.95),
    nesterov: checkFlag(what, "nesterov", options.nesterov ?? true),
    iterations: checkInteger(what, "iterations", options.iterations ?? 5, 1, 20),
    adjust: checkChoice(what, "adjust", options.adjust ?? "original", ["original", "matchRmsAdamW"]),
  };
}

interface Tensor {
  readonly role: Role;
  readonly shape: Shape;
}

/** What is orthogonalised; a weight of more axes counts as a matrix of its first axis by the others. */
export const isMatrix = ({ role, shape }: Tensor): boolean => role === "weight" && shape.length >= 2 && shape.every((size) => size > 0);

/** s of a matrix. */
export function stepScale(adjust: MuonAdjust, rows: number, columns: number): number {
  return adjust === "original" ? Math.sqrt(Math.max(1, rows / columns)) : 0.2 * Math.sqrt(Math.max(rows, columns));
}
