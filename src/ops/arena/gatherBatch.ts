/** The batch of a step: rows of the data set, which lies on the GPU, through an epoch's permutation. */
import gatherBatchText from "../../../shaders/gather_batch.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import type { DType } from "../../core/dtype.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { defineOp, pick } from "../define.ts";
import { requireWords, STEP } from "./layout.ts";

export const gatherBatchShader: Shader = { name: "gather_batch", text: grid + gatherBatchText };

export interface GatherAttributes {
  /** Samples in the data set. */
  readonly count: number;
  /** Rows of the batch. */
  readonly batch: number;
  readonly sampleShape: Shape;
  readonly yShape: Shape;
  /** "u8": four bytes to a u32 word, the first in the lowest bits. */
  readonly xKind: "u8" | "f32";
  /** Multiplies each element of x. */
  readonly scale: number;
  readonly yDtype: DType;
  /** Row i is sample (batchStart + i) mod count; otherwise sample permutation[(batchStart + i) mod its length]. */
  readonly sequential: boolean;
}

/** Inputs: x data, y data, step, and the permutation unless `sequential`. */
export const gatherBatchOp: Op<GatherAttributes> = defineOp<GatherAttributes>({
  name: "gatherBatch",
  infer: (inputs, { count, batch, sampleShape, yShape, xKind, yDtype, sequential }) => {
    const [xData, yData, step] = inputs;
    const elements = count * sizeOf(sampleShape);
    requireWords("gatherBatch", "x data", xData, xKind === "u8" ? Math.ceil(elements / 4) : elements);
    requireWords("gatherBatch", "y data", yData, count * sizeOf(yShape));
    requireWords("gatherBatch", "step", step, STEP.words);
    if (!sequential && (inputs[3].shape.length !== 1 || inputs[3].shape[0]! < 2 * count || inputs[3].shape[0]! % count !== 0))
      requireWords("gatherBatch", "the permutation", inputs[3], 2 * count);
    return [
      { shape: [batch, ...sampleShape], dtype: "f32" },
      { shape: [batch, ...yShape], dtype: yDtype },
    ];
  },
  vjp: "nondifferentiable",
  reference: (inputs, { count, batch, sampleShape, yShape, xKind, scale, sequential }) => {
    const [xData, yData, step] = inputs;
    const positions = sequential ? count : inputs[3].data.length;
    const sizes = { x: sizeOf(sampleShape), y: sizeOf(yShape) };
    const x = new Float64Array(batch * sizes.x);
    const y = new Float64Array(batch * sizes.y);
    for (let row = 0; row < batch; row++) {
      const position = (step.data[STEP.batchStart]! + row) % positions;
      const sample = sequential ? position : inputs[3].data[position]!;
      for (let element = 0; element < sizes.x; element++) {
        const at = sample * sizes.x + element;
        const value = xKind === "u8" ? (xData.data[Math.floor(at / 4)]! >>> (8 * (at % 4))) & 0xff : xData.data[at]!;
        x[row * sizes.x + element] = value * scale;
      }
      y.set(yData.data.subarray(sample * sizes.y, (sample + 1) * sizes.y), row * sizes.y);
    }
    return [
      { shape: [batch, ...sampleShape], data: x },
      { shape: [batch, ...yShape], data: y },
    ];
  },
  form: {
    kind: "kernel",
    kernel: (inputs, _outputs, { count, batch, sampleShape, yShape, xKind, scale, sequential }) => {
      const sizes = { x: sizeOf(sampleShape), y: sizeOf(yShape) };
      return {
        calls: [
          {
            shader: gatherBatchShader,
            defines: { BYTES: xKind === "u8", SEQUENTIAL: sequential },
            overrides: {
              ROWS: batch,
              POSITIONS: sequential ? count : inputs[3].shape[0]!,
              SAMPLE_X: sizes.x,
              SAMPLE_Y: sizes.y,
              SCALE: scale,
            },
            workgroups: Math.ceil((batch * (sizes.x + sizes.y)) / 64),
            bindings: [{ input: 0 }, { input: 1 }, { input: 2 }, { output: 0 }, { output: 1 }, ...(sequential ? [] : [{ input: 3 }])],
          },
        ],
      };
    },
  },
});

export interface GatherInputs {
  readonly x: Node;
  readonly y: Node;
  readonly step: Node;
  /** u32[epochs · count]: two epochs' permutations, so that a batch can run on from one to the next; more where a batch touches more. Left out for `sequential`. */
  readonly permutation?: Node;
}

/** One dispatch. x: f32[batch, …sampleShape], y: yDtype[batch, …yShape]. */
export function gatherBatch(
  { x, y, step, permutation }: GatherInputs,
  attributes: Omit<GatherAttributes, "sequential">,
): { readonly x: Node; readonly y: Node } {
  const node = makeNode(gatherBatchOp, permutation ? [x, y, step, permutation] : [x, y, step], {
    ...attributes,
    sequential: permutation === undefined,
  });
  return { x: pick(node, 0), y: pick(node, 1) };
}
