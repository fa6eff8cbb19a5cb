/** Insight after an update: how far it moved the weights of each chunk. Differences are float32's: where a weight is too large for a step, it has not moved. */
import insightUpdateText from "../../../shaders/insight_update.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import lanes from "../../../shaders/lib/lanes.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { arenaWorkgroupSize } from "../arena/gradientStatistics.ts";
import { bitsOf, CHUNK, requireWords } from "../arena/layout.ts";
import { defineOp } from "../define.ts";
import { kindsOf, UPDATE_PARTIAL } from "./layout.ts";
import { scaledSquares } from "./scaledSquares.ts";

export const insightUpdateShader: Shader = { name: "insight_update", text: grid + lanes + scaled + insightUpdateText };

/** Inputs: parameters before, and after, and chunks. Output: UPDATE_PARTIAL words a chunk. */
export const insightUpdateOp: Op<undefined> = defineOp<undefined>({
  name: "insightUpdate",
  infer: ([before, after, chunks]) => {
    requireWords("insightUpdate", "parameters before", before, after.shape[0]!);
    return { shape: [(chunks.shape[0]! / CHUNK.words) * UPDATE_PARTIAL.words], dtype: "u32" };
  },
  vjp: "nondifferentiable",
  reference: ([before, after, chunks]) => {
    const count = chunks.data.length / CHUNK.words;
    const data = new Float64Array(count * UPDATE_PARTIAL.words);
    for (let chunk = 0; chunk < count; chunk++) {
      const [offset, length] = chunks.data.subarray(chunk * CHUNK.words) as unknown as [number, number];
      const differences = after.data
        .subarray(offset, offset + length)
        .map((value, index) => Math.fround(value - before.data[offset + index]!));
      const { exponent, squares } = scaledSquares(differences);
      data.set([exponent >>> 0, bitsOf(squares), kindsOf(differences), 0], chunk * UPDATE_PARTIAL.words);
    }
    return { shape: [data.length], data };
  },
  form: {
    kind: "kernel",
    kernel: ([, , chunks], _outputs, _attributes, target) => {
      const count = chunks.shape[0]! / CHUNK.words;
      return {
        calls: [
          {
            shader: insightUpdateShader,
            defines: { SIZE: arenaWorkgroupSize(target) },
            overrides: { CHUNKS: count },
            workgroups: count,
            bindings: [{ input: 0 }, { input: 1 }, { input: 2 }, { output: 0 }],
          },
        ],
      };
    },
  },
});

/** One dispatch. `after`: what the update's result is. */
export const insightUpdate = (nodes: { readonly before: Node; readonly after: Node; readonly chunks: Node }): Node =>
  makeNode(insightUpdateOp, [nodes.before, nodes.after, nodes.chunks], undefined);
