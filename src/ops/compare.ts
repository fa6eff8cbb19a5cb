/** Comparisons and choices. A mask is f32: 0 for false and 1 for true; anything but 0 counts as true. */
import { FathomError } from "../core/errors.ts";
import { describe } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { constant, constantOf, sumTo } from "./broadcast.ts";
import { literal } from "./define.ts";
import { elementwiseOp, inferElementwise } from "./elementwise.ts";

type ComparisonName = "equal" | "notEqual" | "less" | "lessEqual" | "greater" | "greaterEqual";

const COMPARISONS = {
  equal: { operator: "==", js: (a, b) => a === b },
  notEqual: { operator: "!=", js: (a, b) => a !== b },
  less: { operator: "<", js: (a, b) => a < b },
  lessEqual: { operator: "<=", js: (a, b) => a <= b },
  greater: { operator: ">", js: (a, b) => a > b },
  greaterEqual: { operator: ">=", js: (a, b) => a >= b },
} satisfies Record<ComparisonName, { readonly operator: string; readonly js: (a: number, b: number) => boolean }>;

function comparison(name: ComparisonName): Op<undefined> {
  const { operator, js } = COMPARISONS[name];
  return elementwiseOp(
    name,
    {
      wgsl: ([a, b]) => `select(F(0.0), F(1.0), ${a} ${operator} ${b})`,
      js: ([a, b]) => Number(js(a, b)),
      vjp: "nondifferentiable",
    },
    { infer: (inputs) => ({ ...inferElementwise(name, inputs), dtype: "f32" }) },
  );
}

export const equalOp = comparison("equal");
export const notEqualOp = comparison("notEqual");
export const lessOp = comparison("less");
export const lessEqualOp = comparison("lessEqual");
export const greaterOp = comparison("greater");
export const greaterEqualOp = comparison("greaterEqual");

/** 1 where a = b, 0 elsewhere. */
export const equal = (a: Node, b: Node): Node => makeNode(equalOp, [a, b], undefined);
export const notEqual = (a: Node, b: Node): Node => makeNode(notEqualOp, [a, b], undefined);
export const less = (a: Node, b: Node): Node => makeNode(lessOp, [a, b], undefined);
export const lessEqual = (a: Node, b: Node): Node => makeNode(lessEqualOp, [a, b], undefined);
export const greater = (a: Node, b: Node): Node => makeNode(greaterOp, [a, b], undefined);
export const greaterEqual = (a: Node, b: Node): Node => makeNode(greaterEqualOp, [a, b], undefined);

/** The alias of a WGSL type in fused text. */
const ZERO = { f32: "F(0.0)", i32: "I(0)", u32: "U(0u)" } as const;

/** The condition's dtype is an attribute, because it decides the zero that it is held against. */
export const whereOp = elementwiseOp<{ readonly condition: keyof typeof ZERO }>(
  "where",
  {
    wgsl: ([condition, a, b], attributes) => `select(${b}, ${a}, ${condition} != ${ZERO[attributes.condition]})`,
    js: ([condition, a, b]) => (condition !== 0 ? a : b),
    // What is not chosen gets a 0 and not 0 times something, which could be infinite.
    vjp: ({ dy, inputs: [condition, a, b], wanted }) => [
      null,
      wanted(1) ? sumTo(where(condition, dy, literal(0)), a.shape) : null,
      wanted(2) ? sumTo(where(condition, literal(0), dy), b.shape) : null,
    ],
  },
  {
    infer: (inputs) => {
      const [condition, a, b] = inputs;
      if (a.dtype !== b.dtype)
        throw new FathomError("dtype", `where: the two choices are ${describe(a)} and ${describe(b)}. Convert one with .cast()`);
      return {
        ...inferElementwise("where", [condition, { ...a, dtype: condition.dtype }, { ...b, dtype: condition.dtype }] as never),
        dtype: a.dtype,
      };
    },
  },
);

/** `a` where the condition is not 0, `b` where it is. */
export function where(condition: Node, a: Node, b: Node): Node {
  const zero = constantOf(a) === 0 && constantOf(b) === 0;
  const node = makeNode(whereOp, [condition, a, b], { condition: condition.dtype });
  return zero ? constant(0, node) : node;
}

/** 1 where both are not 0. */
export const logicalAnd = (a: Node, b: Node): Node => where(a, isTrue(b), literal(0));
/** 1 where at least one is not 0. */
export const logicalOr = (a: Node, b: Node): Node => where(a, literal(1), isTrue(b));
/** 1 where it is 0. */
export const logicalNot = (x: Node): Node => equal(x, literal(0, x.dtype));
/** 0 stays, all else becomes 1. */
export const isTrue = (x: Node): Node => notEqual(x, literal(0, x.dtype));
