/** The round of a stack: the graph of one body on its own leaves, told apart from its neighbours only by where its parameters lie. */
import type { Shape } from "../../core/shape.ts";
import { type Node, topologicalOrder } from "../../graph/node.ts";
import { literalOp, scalarOp } from "../define.ts";

/** A parameter tensor of a round; elements from where the round's parameters begin. */
export interface RoundParameter {
  readonly node: Node;
  readonly offset: number;
}

/** What a round reads besides its input. */
export interface RoundLeaves {
  readonly parameters: readonly RoundParameter[];
  /** Words of the step, such as the seed: which they are. */
  readonly words: ReadonlyMap<Node, number>;
  /** Numbers of the uses of randomness, counted from the round's first. */
  readonly users: ReadonlyMap<Node, number>;
  /** Layers whose non-finite values are told apart, by the kernel that is tested, counted from the round's first. */
  readonly checked: ReadonlyMap<Node, number>;
  /** Numbers of randomness, and of checked layers, that a round takes. */
  readonly usersPerRound: number;
  readonly checkedPerRound: number;
}

/** The gradients of a round, as nodes that are made of `dy`, the gradient of y. */
export interface RoundGradient {
  readonly dy: Node;
  readonly dx: Node;
  /** Of each parameter, in their order; null where it is 0. */
  readonly parameters: readonly (Node | null)[];
}

/** The graph of one round from x to y, both [rows, width], and that of its gradients. */
export class Round {
  readonly x: Node;
  readonly y: Node;
  readonly leaves: RoundLeaves;
  readonly gradient: RoundGradient;
  /** What makes y of x and the leaves, in order; leaves are not among them. */
  readonly nodes: readonly Node[];
  /** What makes dx and the gradients of dy, the leaves, x and `nodes`, in order. */
  readonly gradientNodes: readonly Node[];
  private readonly text: string;

  constructor(x: Node, y: Node, leaves: RoundLeaves, gradient: RoundGradient) {
    this.x = x;
    this.y = y;
    this.leaves = leaves;
    this.gradient = gradient;
    const isLeaf = leafTest(x, leaves);
    this.nodes = topologicalOrder([y], isLeaf).filter((node) => !isLeaf(node));
    this.text = signature(x, y, leaves);
    const before = new Set(this.nodes);
    const known = (node: Node): boolean => node === gradient.dy || before.has(node) || isLeaf(node);
    const ends = [gradient.dx, ...gradient.parameters].filter((node) => node !== null);
    this.gradientNodes = topologicalOrder(ends, known).filter((node) => !known(node));
  }

  get rows(): number {
    return this.x.shape[0]!;
  }

  get width(): number {
    return this.x.shape[1]!;
  }

  /** A round is a part of a plan's key, by what it computes. */
  toJSON(): string {
    return this.text;
  }
}

function leafTest(x: Node, { parameters, words, users }: RoundLeaves): (node: Node) => boolean {
  const given = new Set<Node>([x, ...parameters.map(({ node }) => node), ...words.keys(), ...users.keys()]);
  return (node) => given.has(node) || node.op === literalOp || node.op === scalarOp;
}

/** What a round computes, as text: equal texts, equal rounds. */
export function signature(x: Node, y: Node, leaves: RoundLeaves): string {
  const isLeaf = leafTest(x, leaves);
  const order = topologicalOrder([y], isLeaf);
  const names = new Map<Node, string>();
  const shapeOf = (shape: Shape): string => `[${shape.join()}]`;
  const parameters = new Map(leaves.parameters.map(({ node, offset }) => [node, `p${offset}${shapeOf(node.shape)}`]));
  const inner: Node[] = [];
  for (const node of order) {
    const word = leaves.words.get(node);
    const user = leaves.users.get(node);
    if (node === x) names.set(node, `x${shapeOf(x.shape)}`);
    else if (word !== undefined) names.set(node, `w${word}`);
    else if (user !== undefined) names.set(node, `u${user}`);
    else if (parameters.has(node)) names.set(node, parameters.get(node)!);
    else if (isLeaf(node)) names.set(node, `${node.op.name} ${node.attributes.value} ${node.dtype}`);
    else {
      names.set(node, `%${inner.length}`);
      inner.push(node);
    }
  }
  const line = (node: Node): string => {
    const checked = leaves.checked.get(node);
    const inputs = node.inputs.map((one) => names.get(one)).join(" ");
    return `${node.op.name} ${JSON.stringify(node.attributes) ?? ""} ${shapeOf(node.shape)} ${inputs}${checked === undefined ? "" : ` !${checked}`}`;
  };
  return inner.map(line).join("; ");
}
