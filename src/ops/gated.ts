/** Activations that gate one half of the features by the other: glu and swiglu. */
import { FathomError } from "../core/errors.ts";
import { describe } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { silu } from "./activations.ts";
import { mul } from "./binary.ts";
import { equal, where } from "./compare.ts";
import { defineOp, literal, referenceOf, requireDtype } from "./define.ts";
import { axisIndex } from "./indices.ts";
import { reshape } from "./layout.ts";
import { sigmoid } from "./unary.ts";

/**
 * The first (0) or second (1) half of the last axis: a view. Its gradient is elementwise over [..., 2, half], so that those of both halves
 * become one dispatch.
 */
export const halfOp = defineOp<{ readonly index: 0 | 1 }>({
  name: "half",
  infer: ([x]) => ({ shape: [...x.shape.slice(0, -1), x.shape.at(-1)! / 2], dtype: x.dtype }),
  vjp: ({ dy, inputs: [x], attributes: { index } }) => {
    const outer = x.shape.slice(0, -1);
    const half = x.shape.at(-1)! / 2;
    const own = equal(axisIndex([...outer, 2, half], -2), literal(index, "i32"));
    return [reshape(where(own, reshape(dy, [...outer, 1, half]), literal(0)), x.shape)];
  },
  reference: ({ 0: { shape, data } }, { index }) => {
    const half = shape.at(-1)! / 2;
    return referenceOf([...shape.slice(0, -1), half], data.length / 2, (at) => data[at + (Math.floor(at / half) + index) * half]!);
  },
  form: {
    kind: "view",
    view: ({ strides, offset }, { index }, { shape }) => ({ shape, strides, offset: offset + index * shape.at(-1)! * strides.at(-1)! }),
  },
});

function halves(what: string, x: Node): readonly [Node, Node] {
  requireDtype(what, x, "f32");
  const features = x.shape.at(-1);
  if (features === undefined || features % 2 !== 0)
    throw new FathomError("shape", `${what}: x is ${describe(x)}; its last axis is halved, so it must be an even number of features`);
  return [makeNode(halfOp, [x], { index: 0 }), makeNode(halfOp, [x], { index: 1 })];
}

/** a · σ(b), a and b the halves of the last axis (Dauphin et al., 2017). */
export function glu(x: Node): Node {
  const [a, b] = halves("glu", x);
  return mul(a, sigmoid(b));
}

/** a · silu(b), a and b the halves of the last axis (Shazeer, 2020). */
export function swiglu(x: Node): Node {
  const [a, b] = halves("swiglu", x);
  return mul(a, silu(b));
}
