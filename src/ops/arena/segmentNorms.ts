/** Two norms of every parameter tensor, from the sums of squares that an optimizer's first pass took of each chunk. */
import grid from "../../../shaders/lib/grid.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import squares from "../../../shaders/lib/squares.wgsl?raw";
import segmentNormsText from "../../../shaders/segment_norms.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { defineOp } from "../define.ts";
import { workgroupSize } from "../lanes.ts";
import { bitsOf, exponentOf, floatOf } from "./layout.ts";

export const segmentNormsShader: Shader = { name: "segment_norms", text: grid + scaled + squares + segmentNormsText };

/** Words of a pair, of a chunk's sums as of a tensor's norms: exponent (i32) and value (f32), twice. A sum is value · 4^exponent, a norm value · 2^exponent. */
export const PAIR_WORDS = 4;

/** The words of Σ x² over numbers of any magnitude. */
export function squaresOf(values: ArrayLike<number>): [exponent: number, sum: number] {
  let highest = 0;
  for (let index = 0; index < values.length; index++) highest = Math.max(highest, Math.abs(values[index]!));
  const exponent = exponentOf(bitsOf(highest));
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += (values[index]! * 2 ** -exponent) ** 2;
  return [exponent >>> 0, bitsOf(sum)];
}

/** The norm that a tensor's two words say. */
export const normOf = (exponent: number, root: number): number => floatOf(root) * 2 ** (exponent | 0);

/** Inputs: partials u32[4 · chunks], segments. Output: u32[4 · segments]. */
export const segmentNormsOp: Op<undefined> = defineOp<undefined>({
  name: "segmentNorms",
  infer: ([, segments]) => ({ shape: [(segments.shape[0]! / 2) * PAIR_WORDS], dtype: "u32" }),
  vjp: "nondifferentiable",
  reference: ([partials, segments]) => {
    const count = segments.data.length / 2;
    const data = new Float64Array(count * PAIR_WORDS);
    for (let segment = 0; segment < count; segment++)
      for (const which of [0, 2]) {
        const first = segments.data[2 * segment]!;
        const parts = Array.from({ length: segments.data[2 * segment + 1]! }, (_, chunk) => {
          const at = (first + chunk) * PAIR_WORDS + which;
          return { exponent: partials.data[at]! | 0, sum: floatOf(partials.data[at + 1]!) };
        });
        const exponent = Math.max(-126, ...parts.map((part) => part.exponent));
        const sum = parts.reduce((all, part) => all + part.sum * 4 ** (part.exponent - exponent), 0);
        data.set([exponent >>> 0, bitsOf(Math.sqrt(sum))], segment * PAIR_WORDS + which);
      }
    return { shape: [data.length], data };
  },
  form: {
    kind: "kernel",
    kernel: ([, segments], _outputs, _attributes, target) => {
      const count = segments.shape[0]! / 2;
      return {
        calls: [
          {
            shader: segmentNormsShader,
            defines: { SIZE: workgroupSize(target) },
            overrides: { SEGMENTS: count },
            workgroups: count,
            bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
          },
        ],
      };
    },
  },
});

/** One dispatch. */
export function segmentNorms(partials: Node, segments: Node): Node {
  return makeNode(segmentNormsOp, [partials, segments], undefined);
}
