/** How the GPU's records of insight are read. */
import { floatOf } from "../ops/arena/layout.ts";
import { ACTIVATION_PART, HISTOGRAM_BINS, INSIGHT_HEAD, PARAMETER_PART, parameterWords } from "../ops/insight/layout.ts";
import type { Segment } from "./arena.ts";
import type { ActivationInsight, Insight, InsightLayout, InsightWords, ObservedActivation, ParameterInsight } from "./insight.ts";

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
