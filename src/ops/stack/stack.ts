/** A stack: equal rounds of row-wise layers, one after another, whose parameters lie at a constant stride. Its dispatches do not depend on depth. */
import { type Shape, sizeOf } from "../../core/shape.ts";
import { makeNode, type Node, type TensorType } from "../../graph/node.ts";
import type { Listed, Op, Reference } from "../../graph/op.ts";
import { defineOp, literalOp, pick, pickOp, scalar, scalarOp } from "../define.ts";
import { reshape, slice } from "../views.ts";
import { forwardPlan, gradientPlan, keptSize, type StackAttributes } from "./plan.ts";
import type { Round } from "./round.ts";

export type { StackAttributes } from "./plan.ts";

/**
 * Inputs x [rows, width], the parameters of all rounds [layers · stride], and the step's words where a round reads them; outputs y [rows, width],
 * and with `keeps` what the gradient needs, in an order of the kernel's own.
 */
export const stackOp: Op<StackAttributes> = defineOp<StackAttributes>({
  name: "stack",
  infer: ([x], attributes) => {
    const y: TensorType = { shape: x.shape, dtype: "f32" };
    return attributes.keeps ? [y, { shape: [keptSize(attributes)], dtype: "f32" }] : y;
  },
  vjp: ({ dy, y, inputs: [, parameters, words], attributes, wanted }) => {
    const found = { ...attributes, parameters: wanted(1) };
    const node = makeNode(stackGradientOp, [dy, parameters, pick(y, 1), ...(words ? [words] : [])], found);
    return [pick(node, 0), wanted(1) ? pick(node, 1) : null];
  },
  decompose: ([x, parameters, words], attributes) =>
    layersOf(attributes).reduce((y, layer) => unrolled(attributes, layer, y, parameters, words as Node | undefined), x as Node),
  reference: (inputs, attributes) => {
    const xs = forwardReference(inputs[0], inputs[1], inputs[2], attributes);
    const y = xs.at(-1)!;
    return attributes.keeps ? [y, { shape: [keptSize(attributes)], data: keptReference(xs, attributes) }] : y;
  },
  form: {
    kind: "kernel",
    kernel: (_inputs, _outputs, attributes, target) => forwardPlan(attributes, target),
    checked: true,
  },
});

/** Inputs dy, the parameters, what the forward pass has kept, and the step's words; outputs dx, and with `parameters` their gradients. */
export const stackGradientOp: Op<StackAttributes & { readonly parameters: boolean }> = defineOp<
  StackAttributes & { readonly parameters: boolean }
>({
  name: "stackGradient",
  infer: ([dy, parameters], attributes) => {
    const dx: TensorType = { shape: dy.shape, dtype: "f32" };
    return attributes.parameters ? [dx, { shape: parameters.shape, dtype: "f32" }] : dx;
  },
  // Only a training step has stacks, and it differentiates once.
  vjp: "nondifferentiable",
  reference: ([dy, parameters, kept, words], attributes) => {
    const { round, layers, stride } = attributes;
    const x = { shape: round.x.shape, data: unpadded(kept.data, round) };
    const xs = forwardReference(x, parameters, words, attributes);
    const all = new Float64Array(parameters.data.length);
    let gradient: Reference = dy;
    for (let layer = layers - 1; layer >= 0; layer--) {
      const values = leafValues(attributes, layer, xs[layer]!, parameters, words);
      values.set(round.gradient.dy, [gradient]);
      evaluate([...round.nodes, ...round.gradientNodes], values);
      round.gradient.parameters.forEach((node, index) => {
        if (node) all.set(values.get(node)![0]!.data, layer * stride + round.leaves.parameters[index]!.offset);
      });
      gradient = values.get(round.gradient.dx)![0]!;
    }
    return attributes.parameters ? [gradient, { shape: parameters.shape, data: all }] : gradient;
  },
  form: {
    kind: "kernel",
    kernel: (_inputs, _outputs, attributes, target) => gradientPlan(attributes, attributes.parameters, target),
  },
});

/** `layers` rounds from x on. */
export function stack(x: Node, parameters: Node, words: Node | null, attributes: StackAttributes): Node {
  return pick(makeNode(stackOp, [x, parameters, ...(words ? [words] : [])], attributes), 0);
}

const layersOf = ({ layers }: StackAttributes): number[] => Array.from({ length: layers }, (_, layer) => layer);

/** One round in ops of its own. */
function unrolled(attributes: StackAttributes, layer: number, x: Node, parameters: Node, words: Node | undefined): Node {
  const { round, stride } = attributes;
  const { leaves } = round;
  const made = new Map<Node, Node>([[round.x, x]]);
  for (const { node, offset } of leaves.parameters) {
    const start = layer * stride + offset;
    made.set(node, reshape(slice(parameters, [{ start, end: start + sizeOf(node.shape) }]), node.shape));
  }
  for (const [node, word] of leaves.words) made.set(node, reshape(slice(words!, [{ start: word, end: word + 1 }]), []));
  for (const [node, user] of leaves.users) made.set(node, scalar(userOf(attributes, layer, user), "u32"));
  for (const node of round.nodes) {
    const inputs = node.inputs.map((input) => made.get(input) ?? input);
    made.set(node, makeNode(node.op, inputs, node.attributes));
  }
  return made.get(round.y)!;
}

const userOf = ({ round, firstUser }: StackAttributes, layer: number, user: number): number =>
  firstUser + layer * round.leaves.usersPerRound + user;

type Values = Map<Node, readonly Reference[]>;

function leafValues(attributes: StackAttributes, layer: number, x: Reference, parameters: Reference, words: Reference | undefined): Values {
  const { round, stride } = attributes;
  const values: Values = new Map([[round.x, [x]]]);
  const single = (value: number): Reference[] => [{ shape: [], data: Float64Array.of(value) }];
  for (const { node, offset } of round.leaves.parameters) {
    const start = layer * stride + offset;
    values.set(node, [{ shape: node.shape, data: parameters.data.slice(start, start + sizeOf(node.shape)) }]);
  }
  for (const [node, word] of round.leaves.words) values.set(node, single(words!.data[word]!));
  for (const [node, user] of round.leaves.users) values.set(node, single(userOf(attributes, layer, user)));
  for (const node of [...round.nodes, ...round.gradientNodes].flatMap(({ inputs }) => inputs))
    if (!values.has(node) && (node.op === literalOp || node.op === scalarOp)) values.set(node, single(node.attributes.value));
  return values;
}

/** Adds the values of `nodes`, in order, in float64. */
function evaluate(nodes: readonly Node[], values: Values): void {
  for (const node of nodes) {
    const inputs = node.inputs.map((input) => values.get(input)!);
    if (node.op === pickOp) {
      values.set(node, [inputs[0]![node.attributes.index]!]);
      continue;
    }
    const made = node.op.reference(inputs.map(([first]) => first!) as unknown as Listed<Reference>, node.attributes);
    values.set(node, Array.isArray(made) ? (made as readonly Reference[]) : [made as Reference]);
  }
}

/** The input of every round, and the last one's output. */
function forwardReference(x: Reference, parameters: Reference, words: Reference | undefined, attributes: StackAttributes): Reference[] {
  const xs = [x];
  for (const layer of layersOf(attributes)) {
    const values = leafValues(attributes, layer, xs[layer]!, parameters, words);
    evaluate(attributes.round.nodes, values);
    xs.push(values.get(attributes.round.y)![0]!);
  }
  return xs;
}

const paddedWidth = (round: Round): number => 4 * Math.ceil(round.width / 4);

/** Of what the kernel keeps the reference makes the input alone: everything follows from it. */
function keptReference(xs: readonly Reference[], attributes: StackAttributes): Float64Array {
  const { round } = attributes;
  const data = new Float64Array(keptSize(attributes));
  xs[0]!.data.forEach((value, index) => {
    data[Math.floor(index / round.width) * paddedWidth(round) + (index % round.width)] = value;
  });
  return data;
}

function unpadded(kept: Float64Array, round: Round): Float64Array {
  const size = (shape: Shape): number => sizeOf(shape);
  return Float64Array.from(
    { length: size(round.x.shape) },
    (_, index) => kept[Math.floor(index / round.width) * paddedWidth(round) + (index % round.width)]!,
  );
}
