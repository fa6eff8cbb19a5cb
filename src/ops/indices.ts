/** Numbers that count: the coordinate of each element along an axis, and what is made of it. */
import { FathomError } from "../core/errors.ts";
import { checkShape, describe, normalizeAxis, type Shape, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import { broadcastTo, constant } from "./broadcast.ts";
import { equal } from "./compare.ts";
import { defineOp, referenceOf, requireDtype, scalar } from "./define.ts";
import { unsqueeze } from "./layout.ts";
import { cast } from "./unary.ts";

/** An elementwise op of no inputs: nothing is read, and it runs inside its readers. */
export const axisIndexOp = defineOp<{ readonly shape: Shape; readonly axis: number }>({
  name: "axisIndex",
  infer: (_, { shape }) => ({ shape, dtype: "i32" }),
  vjp: "nondifferentiable",
  reference: (_, { shape, axis }) => {
    const inner = sizeOf(shape.slice(axis + 1));
    return referenceOf(shape, sizeOf(shape), (index) => Math.floor(index / inner) % shape[axis]!);
  },
  form: {
    kind: "elementwise",
    usesIndex: true,
    wgsl: (_, { shape, axis }, index) => {
      const inner = sizeOf(shape.slice(axis + 1));
      const quotient = inner === 1 ? index : `(${index} / U(${inner}u))`;
      return `I(${axis === 0 ? quotient : `(${quotient} % U(${shape[axis]}u))`})`;
    },
  },
});

/** i32 of that shape: how far along `axis` each element is. */
export function axisIndex(shape: Shape, axis: number): Node {
  return makeNode(axisIndexOp, [], { shape, axis: normalizeAxis("axisIndex", axis, shape.length) });
}

/** 0, 1, … `count` − 1 */
export function arange(count: number, dtype: "i32" | "u32" | "f32" = "i32"): Node {
  checkShape("arange", [count]);
  return cast(axisIndex([count], 0), dtype);
}

/** f32 with one more axis, last, `classes` long: 1 at the class, 0 elsewhere; all 0 for what is no class. */
export function oneHot(classes: Node, count: number): Node {
  requireDtype("oneHot", classes, "i32", "u32");
  const shape = [...classes.shape, count];
  checkShape("oneHot", shape);
  return equal(unsqueeze(cast(classes, "i32"), -1), axisIndex(shape, shape.length - 1));
}

/** A tensor of one number, in no memory: a view of a scalar, which is data. */
export function full(shape: Shape, value: number, dtype: "f32" | "i32" | "u32" = "f32"): Node {
  checkShape("full", shape);
  if (dtype !== "f32" && !Number.isInteger(value))
    throw new FathomError("argument", `full: ${value} is no value of ${describe({ shape, dtype })}; use a whole number, or f32`);
  return broadcastTo(scalar(value, dtype), shape);
}

export const zeros = (shape: Shape, dtype: "f32" | "i32" | "u32" = "f32"): Node => constant(0, { shape, dtype });
export const ones = (shape: Shape, dtype: "f32" | "i32" | "u32" = "f32"): Node => constant(1, { shape, dtype });
