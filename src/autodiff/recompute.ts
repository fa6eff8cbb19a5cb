/**
 * Activations that are not kept: parts of the forward pass that the backward pass computes a second time, each from the values at its border
 * (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016). With segments of √depth layers, what is alive at once grows with
 * √depth, for one more forward pass.
 */
import { makeNode, type Node } from "../graph/node.ts";
import { again } from "../ops/again.ts";

/** A part of the forward pass: the nodes with serials from `from` up to `to`. */
export interface Segment {
  readonly from: number;
  readonly to: number;
}

/** What is to be recomputed. */
export interface Recompute {
  /** In order, and apart. */
  readonly segments: readonly Segment[];
  /** Is told which node computes a value a second time. */
  readonly copied?: (original: Node, copy: Node) => void;
}

/** The nodes that a gradient rule reads: those of the forward pass, or, within a segment, their second computation. */
export class Recomputation {
  private readonly recompute: Recompute;
  private readonly segmentOf = new Map<Node, number>();
  private readonly members = new Map<number, Node[]>();
  /** Read outside of their segment, and so kept. */
  private readonly kept = new Set<Node>();
  /** By segment: what stands in a node's place there. */
  private readonly made = new Map<number, Map<Node, Node>>();

  /** `order`: the forward pass, inputs first. */
  constructor(order: readonly Node[], recompute: Recompute) {
    this.recompute = recompute;
    const { segments } = recompute;
    let at = 0;
    for (const node of order) {
      while (at < segments.length && node.serial >= segments[at]!.to) at++;
      if (at === segments.length) break;
      if (node.serial < segments[at]!.from || node.op.form.kind === "leaf") continue;
      this.segmentOf.set(node, at);
      this.members.set(at, [...(this.members.get(at) ?? []), node]);
    }
    for (const node of order)
      for (const input of node.inputs)
        if (this.segmentOf.has(input) && this.segmentOf.get(input) !== this.segmentOf.get(node)) this.kept.add(input);
  }

  /** The inputs of a node, and the node itself, as its gradient rule is to see them. */
  seen(node: Node): { readonly y: Node; readonly inputs: readonly Node[] } {
    const segment = this.segmentOf.get(node);
    if (segment === undefined) return { y: node, inputs: node.inputs };
    const made = this.segment(segment);
    return { y: this.kept.has(node) ? node : made.get(node)!, inputs: node.inputs.map((input) => this.within(segment, made, input)) };
  }

  /** All of a segment at once, so that its nodes come after those of the gradients of later segments: that is the order in which they run. */
  private segment(segment: number): Map<Node, Node> {
    let made = this.made.get(segment);
    if (!made) {
      made = new Map();
      this.made.set(segment, made);
      for (const node of this.members.get(segment)!) {
        const inputs = node.inputs.map((input) => this.within(segment, made!, input));
        const copy = makeNode(node.op, inputs, node.attributes);
        made.set(node, copy);
        this.recompute.copied?.(node, copy);
      }
    }
    return made;
  }

  private within(segment: number, made: Map<Node, Node>, node: Node): Node {
    if (node.op.form.kind === "leaf") return node;
    let seen = made.get(node);
    if (!seen) {
      seen = again(node, segment);
      made.set(node, seen);
    }
    return seen;
  }
}
