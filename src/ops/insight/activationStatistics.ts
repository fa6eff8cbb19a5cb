/** Insight into activations: every layer's output, block by block, in one dispatch. */
import activationStatisticsText from "../../../shaders/activation_statistics.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import lanes from "../../../shaders/lib/lanes.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { bitsOf, floatOf } from "../arena/layout.ts";
import { defineOp } from "../define.ts";
import { workgroupSize } from "../lanes.ts";
import { ACTIVATION_PARTIAL, BEYOND, BLOCK, BLOCK_ROWS, BLOCK_UNITS, LAYER } from "./layout.ts";
import { exponentOf } from "./scaledSquares.ts";

export const activationStatisticsShader: Shader = { name: "activation_statistics", text: grid + lanes + scaled + activationStatisticsText };

/** When an output counts as saturated: at `low` or below it, at `high` or above it, or where it is 0. */
export type SaturationRule = { readonly low: number; readonly high: number } | "zero" | "never";

/** A layer's output in one of the two buffers that hold them: [rows, units], row by row from `offset` on, in elements. */
export interface ActivationPlace {
  readonly buffer: 0 | 1;
  readonly offset: number;
  readonly rows: number;
  readonly units: number;
  readonly rule: SaturationRule;
}

const NEVER = { low: -BEYOND, high: BEYOND } as const;

/** "activationBlocks" and "activationLayers": which blocks the workgroups take, and which of them are a layer's. */
export function activationTables(places: readonly ActivationPlace[]): { blocks: Uint32Array; layers: Uint32Array } {
  const blocks: number[] = [];
  const layers: number[] = [];
  for (const { buffer, offset, rows, units, rule } of places) {
    const rowBlocks = Math.ceil(rows / BLOCK_ROWS);
    const unitBlocks = Math.ceil(units / BLOCK_UNITS);
    layers.push(blocks.length / BLOCK.words, rowBlocks, unitBlocks, units);
    const { low, high } = typeof rule === "string" ? NEVER : rule;
    for (let unit = 0; unit < units; unit += BLOCK_UNITS)
      for (let row = 0; row < rows; row += BLOCK_ROWS) {
        const size = [Math.min(BLOCK_ROWS, rows - row), Math.min(BLOCK_UNITS, units - unit)] as const;
        blocks.push(buffer, offset + row * units + unit, units, ...size, bitsOf(low), bitsOf(high), rule === "zero" ? 1 : 0);
      }
  }
  return { blocks: Uint32Array.from(blocks), layers: Uint32Array.from(layers) };
}

/** Inputs: the two buffers, and the blocks. Output: ACTIVATION_PARTIAL words a block. */
export const activationStatisticsOp: Op<undefined> = defineOp<undefined>({
  name: "activationStatistics",
  infer: ([, , blocks]) => ({ shape: [(blocks.shape[0]! / BLOCK.words) * ACTIVATION_PARTIAL.words], dtype: "u32" }),
  vjp: "nondifferentiable",
  reference: ([even, odd, { data: blocks }]) => {
    const data = new Float64Array((blocks.length / BLOCK.words) * ACTIVATION_PARTIAL.words);
    for (let at = 0; at < blocks.length; at += BLOCK.words) {
      const word = (own: number): number => blocks[at + own]!;
      const [rows, units] = [word(BLOCK.rows), word(BLOCK.units)];
      const buffer = word(BLOCK.odd) === 1 ? odd : even;
      const [low, high] = [floatOf(word(BLOCK.low)), floatOf(word(BLOCK.high))];
      const live = [0, 0];
      const values = Float64Array.from({ length: rows * units }, (_, element) => {
        const unit = element % units;
        const value = buffer.data[word(BLOCK.offset) + Math.floor(element / units) * word(BLOCK.stride) + unit]!;
        if (value !== 0) live[unit >> 5]! |= 1 << (unit & 31);
        return value;
      });
      const finite = values.filter(Number.isFinite);
      const saturated = finite.filter((value) => (word(BLOCK.countsZeros) === 1 ? value === 0 : value <= low || value >= high)).length;
      const exponent = exponentOf(finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
      const scaled = finite.map((value) => value * 2 ** -exponent);
      const mean = scaled.reduce((sum, value) => sum + value, 0) / Math.max(1, finite.length);
      const squares = scaled.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const kinds = (values.includes(Infinity) ? 1 : 0) | (values.includes(-Infinity) ? 2 : 0) | (values.some(Number.isNaN) ? 4 : 0);
      data.set(
        [exponent >>> 0, bitsOf(mean), bitsOf(squares), saturated, live[0]! >>> 0, live[1]! >>> 0, kinds, finite.length],
        (at / BLOCK.words) * ACTIVATION_PARTIAL.words,
      );
    }
    return { shape: [data.length], data };
  },
  form: {
    kind: "kernel",
    kernel: ([, , blocks], _outputs, _attributes, target) => {
      const count = blocks.shape[0]! / BLOCK.words;
      return {
        calls: [
          {
            shader: activationStatisticsShader,
            defines: { SIZE: workgroupSize(target) },
            overrides: { BLOCKS: count },
            workgroups: count,
            bindings: [{ input: 0 }, { input: 1 }, { input: 2 }, { output: 0 }],
          },
        ],
      };
    },
  },
});

/** One dispatch for all layers. `odd` may be the same buffer where there is but one. */
export const activationStatistics = (nodes: { readonly even: Node; readonly odd: Node; readonly blocks: Node }): Node =>
  makeNode(activationStatisticsOp, [nodes.even, nodes.odd, nodes.blocks], undefined);

/** How many layers the table has. */
export const layersIn = (table: { readonly shape: readonly number[] }): number => table.shape[0]! / LAYER.words;
