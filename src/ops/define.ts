/** Helpers with which op records are written: leaves, constants, picks, and the sum that undoes a broadcast. */
import type { DType } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import { describe, type Shape, sameShape } from "../core/shape.ts";
import { makeNode, type Node, type TensorType } from "../graph/node.ts";
import type { Op, Reference } from "../graph/op.ts";

/** Types an op record; forgetting a field, the gradient rule above all, fails to compile. */
export function defineOp<A>(op: Op<A>): Op<A> {
  return op;
}

const given = (what: string) => (): never => {
  throw new FathomError("internal", `${what} has no value of its own: it is given from outside`);
};

/** A tensor that is given when the plan runs: a realised tensor or an argument. Each node is its own slot. */
export const inputOp = defineOp<TensorType>({
  name: "input",
  infer: (_, type) => type,
  vjp: () => [],
  reference: given("an input"),
  form: { kind: "leaf" },
});

export function input(shape: Shape, dtype: DType): Node {
  return makeNode(inputOp, [], { shape, dtype });
}

/** Part of a state: a named buffer that outlives the plan, such as the parameter arena. Offset in elements. */
export interface StateAttributes extends TensorType {
  readonly state: string;
  readonly offset: number;
  /** Elements in the whole state. */
  readonly size: number;
}

export const stateOp = defineOp<StateAttributes>({
  name: "state",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  vjp: () => [],
  reference: given("a state"),
  form: { kind: "leaf" },
});

export function state(attributes: StateAttributes): Node {
  return makeNode(stateOp, [], attributes);
}

/** A number of the user's: data, not structure, so that a new value needs no new plan or shader. Rank 0. */
export const scalarOp = defineOp<{ value: number; dtype: DType }>({
  name: "scalar",
  infer: (_, { dtype }) => ({ shape: [], dtype }),
  vjp: () => [],
  reference: (_, { value }) => ({ shape: [], data: Float64Array.of(value) }),
  form: { kind: "leaf" },
});

export function scalar(value: number, dtype: DType = "f32"): Node {
  return makeNode(scalarOp, [], { value, dtype });
}

/** A number that belongs to a formula, such as the 1 in 1 − y²: written into the shader. Rank 0; finite. */
export const literalOp = defineOp<{ value: number; dtype: DType }>({
  name: "literal",
  infer: (_, { dtype }) => ({ shape: [], dtype }),
  vjp: () => [],
  reference: (_, { value }) => ({ shape: [], data: Float64Array.of(value) }),
  form: { kind: "leaf" },
});

export function literal(value: number, dtype: DType = "f32"): Node {
  return makeNode(literalOp, [], { value, dtype });
}

export function isLiteral(node: Node, value?: number): boolean {
  return node.op === literalOp && (value === undefined || node.attributes.value === value);
}

/** One output of an op of several. */
export const pickOp = defineOp<{ index: number; types: readonly TensorType[] }>({
  name: "pick",
  infer: (_, { index, types }) => types[index]!,
  vjp: "nondifferentiable", // backward routes the gradient of a pick to its producer itself
  reference: given("a pick"),
  form: { kind: "pick" },
});

/** Output `index` of a node; the node itself where it has but one. */
export function pick(node: Node, index: number): Node {
  if (node.outputs.length === 1) return node;
  return makeNode(pickOp, [node], { index, types: node.outputs });
}

/** A reference of a given shape, filled by index. */
export function referenceOf(shape: Shape, size: number, value: (index: number) => number): Reference {
  const data = new Float64Array(size);
  for (let index = 0; index < size; index++) data[index] = value(index);
  return { shape, data };
}

export function requireDtype(what: string, type: TensorType, ...allowed: readonly DType[]): void {
  if (!allowed.includes(type.dtype))
    throw new FathomError("dtype", `${what}: takes ${allowed.join(" or ")}, got ${describe(type)}. Convert with .cast("${allowed[0]}")`);
}

export function requireSameShape(what: string, a: TensorType, b: TensorType): void {
  if (!sameShape(a.shape, b.shape)) throw new FathomError("shape", `${what}: shapes must be equal: ${describe(a)} and ${describe(b)}`);
}
