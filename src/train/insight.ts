/** Insight: what reports tell of parameters and activations where it is asked for, and how the GPU's records of it are read. */
import { checkFlag, checkInteger, checkOptions } from "../core/check.ts";
import type { Role } from "../nn/module.ts";
import { floatOf } from "../ops/arena/layout.ts";
import { ACTIVATION_PART, HISTOGRAM_BINS, INSIGHT_HEAD, PARAMETER_PART, parameterWords } from "../ops/insight/layout.ts";
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

/** Record `index` of what was read, if it is that of the step. `norms`: the gradient norms of the same step. */
export function decodeInsight(
  { parameters, activations }: InsightWords,
  index: number,
  step: number,
  layout: InsightLayout,
  norms: readonly number[],
): Insight | null {
  const { segments, asked } = layout;
  const width = parameterWords(asked.histograms);
  const base = index * (INSIGHT_HEAD + segments.length * width);
  const head = index * (INSIGHT_HEAD + layout.activations.length * ACTIVATION_PART.words);
  // A ring keeps what an older step has left there.
  if ((parameters && parameters[base] !== step) || (activations && activations[head] !== step)) return null;
  const part = (segment: number): Uint32Array => parameters!.subarray(base + INSIGHT_HEAD + segment * width);
  return {
    parameters: asked.parameters ? segments.map((segment, at) => parameterInsight(segment, part(at), norms[at]!)) : [],
    activations: activations
      ? layout.activations.map((layer, at) =>
          activationInsight(layer, activations.subarray(head + INSIGHT_HEAD + at * ACTIVATION_PART.words), layout.batchSize),
        )
      : [],
    ...(asked.histograms
      ? {
          histograms: segments.map(({ name }, at) => ({
            name,
            counts: [...part(at).subarray(PARAMETER_PART.words, PARAMETER_PART.words + HISTOGRAM_BINS)],
          })),
        }
      : {}),
  };
}

function parameterInsight({ name, role, size }: Segment, words: Uint32Array, gradientNorm: number): ParameterInsight {
  return {
    name,
    role,
    gradientNorm,
    gradientMax: floatOf(words[PARAMETER_PART.gradientMax]!),
    gradientZeros: size === 0 ? 0 : words[PARAMETER_PART.zeros]! / size,
    weightNorm: floatOf(words[PARAMETER_PART.weightNorm]!),
    updateRatio: floatOf(words[PARAMETER_PART.updateRatio]!),
  };
}

function activationInsight({ name, type, units }: ObservedActivation, words: Uint32Array, rows: number): ActivationInsight {
  return {
    name,
    type,
    mean: floatOf(words[ACTIVATION_PART.mean]!),
    standardDeviation: floatOf(words[ACTIVATION_PART.standardDeviation]!),
    saturated: words[ACTIVATION_PART.saturated]! / (rows * units),
    dead: words[ACTIVATION_PART.dead]! / units,
  };
}
