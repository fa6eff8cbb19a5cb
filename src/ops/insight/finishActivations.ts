/** The end of insight into activations: the blocks of each layer joined, and the step's record written. */
import finishActivationsText from "../../../shaders/finish_activations.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { bitsOf, floatOf, requireWords, STEP } from "../arena/layout.ts";
import { defineOp } from "../define.ts";
import { workgroupSize } from "../lanes.ts";
import { layersIn } from "./activationStatistics.ts";
import { ACTIVATION_PART, ACTIVATION_PARTIAL, activationRecordWords, INSIGHT_HEAD, LAYER } from "./layout.ts";

export const finishActivationsShader: Shader = { name: "finish_activations", text: grid + scaled + finishActivationsText };

export interface FinishActivationsAttributes {
  /** Records that the ring holds. */
  readonly slots: number;
}

/** Inputs: partials, layers, step, ring. Output: the ring as it becomes. */
export const finishActivationsOp: Op<FinishActivationsAttributes> = defineOp<FinishActivationsAttributes>({
  name: "finishActivations",
  infer: ([, layers, step, ring], { slots }) => {
    requireWords("finishActivations", "step", step, STEP.words);
    requireWords("finishActivations", "ring", ring, slots * activationRecordWords(layersIn(layers)));
    return { shape: ring.shape, dtype: "u32" };
  },
  vjp: "nondifferentiable",
  reference: ([partials, layers, step, before], { slots }) => {
    const ring = before.data.slice();
    const count = layersIn(layers);
    const record = (step.data[STEP.attemptedStep]! % slots) * activationRecordWords(count);
    ring.set([step.data[STEP.attemptedStep]!, 0, 0, 0], record);
    for (let layer = 0; layer < count; layer++) {
      const [first, rowBlocks, unitBlocks, units] = layers.data.subarray(layer * LAYER.words) as unknown as [
        number,
        number,
        number,
        number,
      ];
      const blocks = Array.from({ length: rowBlocks * unitBlocks }, (_, block) => {
        const word = (own: number): number => partials.data[(first + block) * ACTIVATION_PARTIAL.words + own]!;
        const exponent = word(ACTIVATION_PARTIAL.exponent) | 0;
        return {
          column: Math.floor(block / rowBlocks),
          finite: word(ACTIVATION_PARTIAL.finite),
          mean: floatOf(word(ACTIVATION_PARTIAL.mean)) * 2 ** exponent,
          squares: floatOf(word(ACTIVATION_PARTIAL.squares)) * 4 ** exponent,
          saturated: word(ACTIVATION_PARTIAL.saturated),
          live: [word(ACTIVATION_PARTIAL.liveLow), word(ACTIVATION_PARTIAL.liveHigh)],
          kinds: word(ACTIVATION_PARTIAL.kinds),
        };
      });
      const finite = Math.max(
        1,
        blocks.reduce((sum, block) => sum + block.finite, 0),
      );
      const mean = blocks.reduce((sum, block) => sum + block.mean * block.finite, 0) / finite;
      const squares = blocks.reduce((sum, block) => sum + block.squares + block.finite * (block.mean - mean) ** 2, 0);
      const live = Array.from({ length: unitBlocks }, (_, column) =>
        [0, 1].map((half) => blocks.reduce((bits, block) => (block.column === column ? bits | block.live[half]! : bits), 0)),
      );
      const kinds = blocks.reduce((all, block) => all | block.kinds, 0);
      const words = [
        bitsOf(kinds === 0 ? mean : kinds === 1 ? Infinity : kinds === 2 ? -Infinity : Number.NaN),
        bitsOf(kinds === 0 ? Math.sqrt(squares / finite) : Number.NaN),
        blocks.reduce((sum, block) => sum + block.saturated, 0),
        units - live.flat().reduce((sum, bits) => sum + bitCount(bits), 0),
      ];
      ring.set(words, record + INSIGHT_HEAD + layer * ACTIVATION_PART.words);
    }
    return { shape: [ring.length], data: ring };
  },
  form: {
    kind: "kernel",
    kernel: ([, layers], _outputs, { slots }, target) => ({
      calls: [
        {
          shader: finishActivationsShader,
          defines: { SIZE: workgroupSize(target) },
          overrides: { LAYERS: layersIn(layers), SLOTS: slots },
          workgroups: layersIn(layers),
          bindings: [{ input: 0 }, { input: 1 }, { input: 2 }, { output: 0 }],
        },
      ],
    }),
    inPlace: { 0: 3 },
  },
});

function bitCount(word: number): number {
  let count = 0;
  for (let left = word >>> 0; left > 0; left = Math.floor(left / 2)) count += left % 2;
  return count;
}

export interface FinishActivationsInputs {
  /** Of activationStatistics. */
  readonly partials: Node;
  /** See activationTables. */
  readonly layers: Node;
  readonly step: Node;
  readonly ring: Node;
}

/** One dispatch. The result is to be assigned to the ring. */
export const finishActivations = (
  { partials, layers, step, ring }: FinishActivationsInputs,
  attributes: FinishActivationsAttributes,
): Node => makeNode(finishActivationsOp, [partials, layers, step, ring], attributes);
