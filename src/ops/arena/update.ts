/** What every update of the parameter arena shares: how its kernel is called, and, in float64, the gradient that the optimizer sees. */
import type { TensorType } from "../../graph/node.ts";
import type { Binding, Define, KernelPlan, Listed, Reference, Shader, Target } from "../../graph/op.ts";
import { workgroupSize } from "../lanes.ts";
import { regularized } from "./gradientStatistics.ts";
import { CHUNK, floatOf, requireWords, STEP, SUMMARY } from "./layout.ts";

/** How an update clips: by the summary's one scale, by a scale for each parameter tensor behind the summary, or element by element. */
export type ClipForm = "scale" | "segments" | "value";

export interface UpdateAttributes {
  /** Whether weights have a penalty whose gradient is still to be added: λ's are in the step. */
  readonly regularizer: boolean;
  readonly clip: ClipForm;
}

/** Every update's first inputs, in this order: gradients, chunks, summary, step. */
export function requireUpdateInputs(what: string, [gradients, , summary, step]: Listed<TensorType>, parameters: TensorType): void {
  requireWords(what, "gradients", gradients, parameters.shape[0]!);
  if (summary.shape[0]! < SUMMARY.words) requireWords(what, "summary", summary, SUMMARY.words);
  requireWords(what, "step", step, STEP.words);
}

/** One dispatch, a workgroup a chunk. `bindings` come after the four that lib/update.wgsl declares. */
export function updateKernel(
  shader: string | Shader,
  chunks: TensorType,
  { regularizer, clip }: UpdateAttributes,
  target: Target,
  own: {
    readonly defines?: Readonly<Record<string, Define>>;
    readonly overrides?: Readonly<Record<string, number>>;
    readonly bindings: readonly Binding[];
  },
): KernelPlan {
  const count = chunks.shape[0]! / CHUNK.words;
  return {
    calls: [
      {
        shader,
        defines: {
          SIZE: workgroupSize(target),
          REGULARIZER: regularizer,
          CLIP_SEGMENTS: clip === "segments",
          CLIP_VALUE: clip === "value",
          ...own.defines,
        },
        overrides: { CHUNKS: count, ...own.overrides },
        workgroups: count,
        bindings: [...[0, 1, 2, 3].map((input) => ({ input })), ...own.bindings],
      },
    ],
  };
}

/** An element's numbers. */
export interface OwnedElement {
  readonly index: number;
  readonly w: number;
  /** After penalty and clip. */
  readonly g: number;
  /** The learning rate and the weight decay, times the group's factors. */
  readonly rate: number;
  readonly decay: number;
  readonly segment: number;
  readonly chunk: number;
}

/** Visits every element that is to be updated; none where the step is left out or a parameter is frozen. */
export function eachOwned(
  [gradients, chunks, summary, step]: Listed<Reference>,
  parameters: Float64Array,
  { regularizer, clip }: UpdateAttributes,
  visit: (element: OwnedElement) => void,
): void {
  if (summary.data[SUMMARY.skip] !== 0) return;
  const at = (word: number): number => floatOf(step.data[word]!);
  const [l2, l1] = regularizer ? [at(STEP.l2), at(STEP.l1)] : [0, 0];
  for (let chunk = 0; chunk < chunks.data.length; chunk += CHUNK.words) {
    const record = chunks.data.subarray(chunk, chunk + CHUNK.words);
    const word = (of: number): number => record[of]!;
    const rateFactor = floatOf(word(CHUNK.rateFactor));
    if (rateFactor === 0) continue;
    const segment = word(CHUNK.segment);
    const rate = floatOf(summary.data[SUMMARY.learningRate]!) * rateFactor;
    const decay = at(STEP.weightDecay) * floatOf(word(CHUNK.decayFactor));
    const own = SUMMARY.words + 2 * segment;
    const [factor, exponent] = clip === "segments" ? [own, own + 1] : [SUMMARY.clipScale, SUMMARY.clipExponent];
    const scale = floatOf(summary.data[factor]!) * 2 ** (summary.data[exponent]! | 0);
    const limit = at(STEP.clipMax);
    const begin = word(CHUNK.offset);
    for (let index = begin; index < begin + word(CHUNK.length); index++) {
      const w = parameters[index]!;
      const whole = regularized(gradients.data[index]!, w, word(CHUNK.role), l2, l1);
      const g = clip === "value" ? Math.min(Math.max(whole, -limit), limit) : scale * whole;
      visit({ index, w, g, rate, decay, segment, chunk: chunk / CHUNK.words });
    }
  }
}
