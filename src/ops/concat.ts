/** Tensors joined along one axis, in one kernel that reads each from where it is. */
import { FathomError } from "../core/errors.ts";
import { checkShape, describe, normalizeAxis, sameShape, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op, Vjp } from "../graph/op.ts";
import { defineOp, referenceOf } from "./define.ts";
import { withOutput } from "./output.ts";
import { slice } from "./slice.ts";
import { viewText } from "./strides.ts";

/** Of the eight storage buffers one is the output, and one is left for what is fused. */
const MOST_INPUTS = 6;

interface ConcatAttributes {
  readonly axis: number;
}

/** What of dy belongs to each input. */
const parts: Vjp<ConcatAttributes> = ({ dy, inputs, attributes: { axis }, wanted }) => {
  let end = 0;
  return inputs.map((input, position) => {
    const start = end;
    end += input.shape[axis]!;
    return wanted(position) ? slice(dy, [...new Array<null>(axis).fill(null), { start, end }]) : null;
  });
};

/** Only float32 results can run through an epilogue, and have gradients. */
function concatRecord(name: string, fusesEpilogue: boolean): Op<ConcatAttributes> {
  return defineOp<ConcatAttributes>({
    name,
    infer: (inputs, { axis }) => {
      const [{ shape, dtype }] = inputs;
      return {
        shape: shape.map((size, own) => (own === axis ? inputs.reduce((total, input) => total + input.shape[axis]!, 0) : size)),
        dtype,
      };
    },
    vjp: fusesEpilogue ? parts : "nondifferentiable",
    reference: (inputs, { axis }) => {
      const [{ shape: first }] = inputs;
      const lengths = inputs.map(({ shape }) => shape[axis]!);
      const length = lengths.reduce((total, own) => total + own, 0);
      const shape = first.map((size, own) => (own === axis ? length : size));
      const inner = sizeOf(shape.slice(axis + 1));
      return referenceOf(shape, sizeOf(shape), (index) => {
        let along = Math.floor(index / inner) % length;
        let source = 0;
        while (along >= lengths[source]!) along -= lengths[source++]!;
        const outer = Math.floor(index / (inner * length));
        return inputs[source]!.data[(outer * lengths[source]! + along) * inner + (index % inner)]!;
      });
    },
    form: {
      kind: "kernel",
      accepts: () => true,
      kernel: (inputs, [output], { axis }) => {
        const count = sizeOf(output.shape);
        if (count === 0) return { calls: [] };
        let end = 0;
        const sources = inputs.flatMap((input, position) => {
          const length = input.shape[axis]!;
          const start = end;
          end += length;
          return length === 0 ? [] : [{ position, input, start, end, length }];
        });
        const declarations = sources.map(
          (_, index) => `@group(0) @binding(${index}) var<storage, read> x${index}: array<${output.dtype}>;`,
        );
        const choices = sources.map(({ input, start, end: until, length }, index) => {
          const local = `  let local${index} = (outer * ${length}u + along - ${start}u) * INNER + inner;`;
          const value = `return x${index}[${viewText(input, `local${index}`)}];`;
          if (index === sources.length - 1) return `${local}\n  ${value}`;
          return `  if (along < ${until}u) {\n  ${local}\n    ${value}\n  }`;
        });
        const call = {
          shader: "concat",
          defines: { INPUTS: declarations.join("\n"), CHOICES: choices.join("\n"), VALUE: output.dtype },
          overrides: { COUNT: count, LENGTH: output.shape[axis]!, INNER: sizeOf(output.shape.slice(axis + 1)) },
          workgroups: Math.ceil(count / 64),
          bindings: sources.map(({ position }) => ({ input: position })),
        };
        return { calls: [withOutput(call, output.dtype)] };
      },
      fusesEpilogue,
    },
  });
}

export const concatOp = concatRecord("concat", true);
export const integerConcatOp = concatRecord("integerConcat", false);

/** Joins tensors of one dtype along `axis`; their other axes must be equal. */
export function concat(inputs: readonly Node[], axis = 0): Node {
  const [first] = inputs;
  if (first === undefined) throw new FathomError("argument", "concat: was given no tensors; pass at least one");
  const at = normalizeAxis("concat", axis, first.shape.length);
  for (const other of inputs) {
    const fits = sameShape(
      other.shape.map((size, own) => (own === at ? -1 : size)),
      first.shape.map((size, own) => (own === at ? -1 : size)),
    );
    if (!fits)
      throw new FathomError(
        "shape",
        `concat: ${describe(first)} and ${describe(other)} differ beside axis ${at}, along which they are joined`,
      );
    if (other.dtype !== first.dtype)
      throw new FathomError("dtype", `concat: ${describe(first)} and ${describe(other)} differ in dtype. Convert one with .cast()`);
  }
  const op = first.dtype === "f32" ? concatOp : integerConcatOp;
  // More than a kernel can bind are joined in groups, and the groups in turn.
  let joined = inputs;
  while (joined.length > 1) {
    const groups: Node[] = [];
    for (let start = 0; start < joined.length; start += MOST_INPUTS) {
      const group = joined.slice(start, start + MOST_INPUTS);
      groups.push(group.length === 1 ? group[0]! : makeNode(op, group, { axis: at }));
    }
    joined = groups;
  }
  checkShape("concat", joined[0]!.shape);
  return joined[0]!;
}
