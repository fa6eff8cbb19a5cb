/** Insight: what reports tell of parameters and activations where it is asked for. */
import { checkFlag, checkInteger, checkOptions } from "../core/check.ts";
import type { Role } from "../nn/module.ts";
import type { Segment } from "./arena.ts";

export interface InsightOptions {
  /** Norms and update ratios of every parameter tensor; default true. */
  readonly parameters?: boolean;
  /** Mean, spread, saturated and dead fractions of every activation; default true. */
  readonly activations?: boolean;
  /** Of every parameter tensor's gradient; default false. */
  readonly histograms?: boolean;
  /** The reports of steps that this divides have insight; left out, every report has. */
  readonly every?: number;
}

export interface ResolvedInsight {
  readonly parameters: boolean;
  readonly activations: boolean;
  readonly histograms: boolean;
  readonly every: number;
}

export interface ParameterInsight {
  /** PyTorch's name. */
  readonly name: string;
  readonly role: Role;
  /** Gradients are those before the clip, the penalty's included. */
  readonly gradientNorm: number;
  /** The largest |g|. */
  readonly gradientMax: number;
  /** Fraction of elements whose gradient is exactly 0. */
  readonly gradientZeros: number;
  /** ‖w‖ before the update. */
  readonly weightNorm: number;
  /** ‖Δw‖/‖w‖ of this step's update; where ‖w‖ is 0, Infinity, or 0 if nothing moved. */
  readonly updateRatio: number;
}

export interface ActivationInsight {
  /** Path of the module, such as "1.0.1". */
  readonly name: string;
  /** "tanh" … */
  readonly type: string;
  /** Over all elements of the layer's output for this step's batch. */
  readonly mean: number;
  /** Biased: of the elements, not an estimate for others. */
  readonly standardDeviation: number;
  /** Fraction of elements in the activation's flat ends: docs/experiment.md says what these are for each. */
  readonly saturated: number;
  /** Fraction of units whose output is exactly 0 for every row of the batch. */
  readonly dead: number;
}

export interface HistogramInsight {
  readonly name: string;
  /** 64 counts of ⌊log₂|g|⌋: bin 0 for g = 0, bin k for −46 + k. What is not finite is in none. */
  readonly counts: readonly number[];
}

export interface Insight {
  /** Every parameter tensor, in depth order; empty where it was not asked for. */
  readonly parameters: readonly ParameterInsight[];
  /** Every activation, in the order in which they run; empty where it was not asked for. */
  readonly activations: readonly ActivationInsight[];
  readonly histograms?: readonly HistogramInsight[];
}

export function resolveInsight(options: InsightOptions | undefined): ResolvedInsight | null {
  if (options === undefined) return null;
  const what = "train: insight";
  checkOptions(what, options, ["parameters", "activations", "histograms", "every"]);
  const flag = (name: "parameters" | "activations" | "histograms", standard: boolean): boolean =>
    checkFlag(what, name, options[name] ?? standard);
  return {
    parameters: flag("parameters", true),
    activations: flag("activations", true),
    histograms: flag("histograms", false),
    every: checkInteger(what, "every", options.every ?? 1, 1),
  };
}

/** A record of either ring; null where there is none. */
export interface InsightWords {
  readonly parameters: Uint32Array | null;
  readonly activations: Uint32Array | null;
}

/** An activation layer, and how many elements of its output are in a row. */
export interface ObservedActivation {
  readonly name: string;
  readonly type: string;
  readonly units: number;
}

export interface InsightLayout {
  readonly segments: readonly Segment[];
  readonly activations: readonly ObservedActivation[];
  readonly asked: ResolvedInsight;
  /** Rows of the batch. */
  readonly batchSize: number;
}
