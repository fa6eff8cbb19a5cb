/** Gradients with normal noise and their penalty's part, in an arena of their own: what comes after takes them as they are. */
import gradientNoiseText from "../../../shaders/gradient_noise.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import { inverseNormal } from "../../core/normal.ts";
import { philox4x32, STREAMS } from "../../core/philox.ts";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { defineOp } from "../define.ts";
import { workgroupSize } from "../lanes.ts";
import { withLibrary } from "../shaders.ts";
import { regularized } from "./gradientStatistics.ts";
import { CHUNK, floatOf, requireWords, STEP } from "./layout.ts";

export const gradientNoiseShader: Shader = { name: "gradient_noise", text: grid + withLibrary(gradientNoiseText) };

export interface NoiseAttributes {
  /** Whether weights have a penalty, whose gradient joins theirs: λ's are in the step. */
  readonly regularizer: boolean;
}

/** The standard normal number of element `element` of parameter tensor `parameter`. */
export function noiseAt(seed: number, step: number, parameter: number, element: number): number {
  const words = philox4x32([Math.floor(element / 4), step, parameter, 0], [seed, STREAMS.noise]);
  return inverseNormal((words[element % 4]! + 0.5) / 2 ** 32);
}

/** Inputs: gradients, chunks, segments, step, parameters. Output: the gradients that the statistics and the update see. */
export const gradientNoiseOp: Op<NoiseAttributes> = defineOp<NoiseAttributes>({
  name: "gradientNoise",
  infer: ([gradients, , , step, parameters]) => {
    requireWords("gradientNoise", "gradients", gradients, parameters.shape[0]!);
    requireWords("gradientNoise", "step", step, STEP.words);
    return { shape: gradients.shape, dtype: "f32" };
  },
  vjp: "nondifferentiable",
  reference: ([gradients, chunks, segments, step, parameters], { regularizer }) => {
    const data = new Float64Array(gradients.data.length);
    const at = (word: number): number => floatOf(step.data[word]!);
    const [l2, l1] = regularizer ? [at(STEP.l2), at(STEP.l1)] : [0, 0];
    for (let chunk = 0; chunk < chunks.data.length; chunk += CHUNK.words) {
      const word = (of: number): number => chunks.data[chunk + of]!;
      const segment = word(CHUNK.segment);
      const origin = chunks.data[CHUNK.words * segments.data[2 * segment]! + CHUNK.offset]!;
      const isFrozen = word(CHUNK.rateFactor) === 0;
      const deviation = isFrozen ? 0 : at(STEP.noiseDeviation);
      for (let index = word(CHUNK.offset); index < word(CHUNK.offset) + word(CHUNK.length); index++) {
        const own = gradients.data[index]!;
        const g = isFrozen ? own : regularized(own, parameters.data[index]!, word(CHUNK.role), l2, l1);
        const z = noiseAt(step.data[STEP.seed]!, step.data[STEP.attemptedStep]!, segment, index - origin);
        data[index] = g + deviation * z;
      }
    }
    return { shape: gradients.shape, data };
  },
  form: {
    kind: "kernel",
    kernel: ([, chunks], _outputs, { regularizer }, target) => {
      const count = chunks.shape[0]! / CHUNK.words;
      return {
        calls: [
          {
            shader: gradientNoiseShader,
            defines: { SIZE: workgroupSize(target), REGULARIZER: regularizer },
            overrides: { CHUNKS: count },
            workgroups: count,
            bindings: [...[0, 1, 2, 3].map((input) => ({ input })), { output: 0 }, ...(regularizer ? [{ input: 4 }] : [])],
          },
        ],
      };
    },
  },
});

export interface NoiseInputs {
  readonly gradients: Node;
  readonly chunks: Node;
  readonly segments: Node;
  readonly step: Node;
  readonly parameters: Node;
}

/** One dispatch: f32, as many as gradients. The penalty's gradient is in it, and is not to be added again. */
export function gradientNoise({ gradients, chunks, segments, step, parameters }: NoiseInputs, attributes: NoiseAttributes): Node {
  return makeNode(gradientNoiseOp, [gradients, chunks, segments, step, parameters], attributes);
}
