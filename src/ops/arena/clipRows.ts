/** Adaptive gradient clipping: every row of the gradients against the row of parameters that it belongs to. */
import clipRowsText from "../../../shaders/clip_rows.wgsl?raw";
import arenaRows from "../../../shaders/lib/arena_rows.wgsl?raw";
import clip from "../../../shaders/lib/clip.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { defineOp, pick } from "../define.ts";
import { regularized } from "./gradientStatistics.ts";
import { bitsOf, floatOf, requireWords, STEP } from "./layout.ts";
import { eachRow, ROW_TILE, rowNorm, rowsSize } from "./rows.ts";

export const clipRowsShader: Shader = { name: "clip_rows", text: grid + scaled + clip + arenaRows + clipRowsText };

export interface ClipRowsAttributes {
  readonly ratio: number;
  readonly epsilon: number;
  /** Whether weights have a penalty whose gradient is still to be added: λ's are in the step. */
  readonly regularizer: boolean;
  /** Elements of the longest row. */
  readonly longest: number;
}

/** Over a row: the largest and, in blocks of 16, the squares of its weights and of its gradients, and what is written. */
const PASSES = 5 + 2 / 16;

/** Inputs: gradients, parameters, rows, chunks, step. Outputs: the clipped gradients, and each record's smallest factor (f32 bits). */
export const clipRowsOp: Op<ClipRowsAttributes> = defineOp<ClipRowsAttributes>({
  name: "clipRows",
  infer: ([gradients, parameters, rows, , step]) => {
    requireWords("clipRows", "gradients", gradients, parameters.shape[0]!);
    requireWords("clipRows", "step", step, STEP.words);
    return [
      { shape: gradients.shape, dtype: "f32" },
      { shape: [rows.shape[0]! / ROW_TILE.words], dtype: "u32" },
    ];
  },
  vjp: "nondifferentiable",
  reference: ([gradients, parameters, rows, chunks, step], { ratio, epsilon, regularizer }) => {
    const clipped = new Float64Array(gradients.data.length);
    const least = new Float64Array(rows.data.length / ROW_TILE.words).fill(1);
    const [l2, l1] = regularizer ? [floatOf(step.data[STEP.l2]!), floatOf(step.data[STEP.l1]!)] : [0, 0];
    eachRow(rows.data, chunks.data, ({ tile, begin, end, role, rateFactor }) => {
      const w = parameters.data.subarray(begin, end);
      const g = gradients.data
        .subarray(begin, end)
        .map((value, index) => (rateFactor === 0 ? value : regularized(value, w[index]!, role, l2, l1)));
      const limit = ratio * Math.max(rowNorm(w), epsilon);
      const norm = rowNorm(g);
      const scale = norm <= limit ? 1 : limit / norm;
      for (const [index, value] of g.entries()) clipped[begin + index] = scale * value;
      if (scale < least[tile]!) least[tile] = scale;
    });
    return [
      { shape: gradients.shape, data: clipped },
      { shape: [least.length], data: least.map(bitsOf) },
    ];
  },
  form: {
    kind: "kernel",
    kernel: ([, , rows], _outputs, { ratio, epsilon, regularizer, longest }, target) => {
      const tiles = rows.shape[0]! / ROW_TILE.words;
      return {
        calls: [
          {
            shader: clipRowsShader,
            defines: {
              SIZE: rowsSize("optim.clipAdaptive", longest, PASSES, target, "Clip each parameter's norm instead, or use fewer inputs"),
              REGULARIZER: regularizer,
            },
            overrides: { TILES: tiles, RATIO: ratio, EPSILON: epsilon },
            workgroups: tiles,
            bindings: [
              ...[0, 1, 2].map((input) => ({ input })),
              { output: 0 },
              { output: 1 },
              ...(regularizer ? [{ input: 3 }, { input: 4 }] : []),
            ],
          },
        ],
      };
    },
  },
});

export interface ClipRowsInputs {
  readonly gradients: Node;
  readonly parameters: Node;
  /** See train/rows.ts. */
  readonly rows: Node;
  readonly chunks: Node;
  readonly step: Node;
}

/** One dispatch. The penalty's gradient is in the clipped ones; `least` is for finishStatistics. */
export function clipRows(
  { gradients, parameters, rows, chunks, step }: ClipRowsInputs,
  attributes: ClipRowsAttributes,
): { readonly gradients: Node; readonly least: Node } {
  const node = makeNode(clipRowsOp, [gradients, parameters, rows, chunks, step], attributes);
  return { gradients: pick(node, 0), least: pick(node, 1) };
}
