/** The constraint of weights to rows of a largest norm, in place, after the update. */
import arenaRows from "../../../shaders/lib/arena_rows.wgsl?raw";
import clip from "../../../shaders/lib/clip.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import maxNormText from "../../../shaders/max_norm.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { defineOp } from "../define.ts";
import { ROLE_WEIGHT, SUMMARY } from "./layout.ts";
import { eachRow, ROW_TILE, rowNorm, rowsSize } from "./rows.ts";

export const maxNormShader: Shader = { name: "max_norm", text: grid + scaled + clip + arenaRows + maxNormText };

export interface MaxNormAttributes {
  readonly max: number;
  /** Elements of the longest row of weights. */
  readonly longest: number;
}

/** Over a row: its largest, its squares in blocks of 16, and what is written. */
const PASSES = 3 + 1 / 16;

/** torch.renorm's. */
const NORM_EPSILON = 1e-7;

/** Inputs: rows, chunks, summary, parameters. Output: the parameters as they become. */
export const maxNormOp: Op<MaxNormAttributes> = defineOp<MaxNormAttributes>({
  name: "maxNorm",
  infer: ([, , , parameters]) => ({ shape: parameters.shape, dtype: "f32" }),
  vjp: "nondifferentiable",
  reference: ([rows, chunks, summary, { shape, data: before }], { max }) => {
    const data = before.slice();
    if (summary.data[SUMMARY.skip] === 0)
      eachRow(rows.data, chunks.data, ({ begin, end, role, rateFactor }) => {
        if (role !== ROLE_WEIGHT || rateFactor === 0) return;
        const norm = rowNorm(before.subarray(begin, end));
        if (!(norm > max && norm < Infinity)) return;
        for (let index = begin; index < end; index++) data[index] = before[index]! * (max / (norm + NORM_EPSILON));
      });
    return { shape, data };
  },
  form: {
    kind: "kernel",
    kernel: ([rows], _outputs, { max, longest }, target) => {
      const tiles = rows.shape[0]! / ROW_TILE.words;
      return {
        calls: [
          {
            shader: maxNormShader,
            defines: { SIZE: rowsSize("optim.maxNorm", longest, PASSES, target, "Use weight decay, or fewer inputs") },
            overrides: { TILES: tiles, MAX: max },
            workgroups: tiles,
            bindings: [...[0, 1, 2].map((input) => ({ input })), { output: 0 }],
          },
        ],
      };
    },
    inPlace: { 0: 3 },
  },
});

export interface MaxNormInputs {
  /** See train/rows.ts. */
  readonly rows: Node;
  readonly chunks: Node;
  /** Of finishStatistics. */
  readonly summary: Node;
  /** As the update leaves them. */
  readonly parameters: Node;
}

/** One dispatch. The result is to be assigned to the parameters, in place of the update's. */
export function maxNorm({ rows, chunks, summary, parameters }: MaxNormInputs, attributes: MaxNormAttributes): Node {
  return makeNode(maxNormOp, [rows, chunks, summary, parameters], attributes);
}
