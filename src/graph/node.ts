/** The graph's one record: an op, what it reads, and the types it yields. Nodes are immutable; inputs are always older than their readers. */
import type { DType } from "../core/dtype.ts";
import { describe, type Shape } from "../core/shape.ts";
import type { Op } from "./op.ts";

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Plain, JSON-like data: part of a plan's structure key. */
// biome-ignore lint/suspicious/noExplicitAny: each op narrows its own attributes
export type Attributes = any;

export interface Node extends TensorType {
  /** Order of creation: a topological order, and the order in which independent work is scheduled. */
  readonly serial: number;
  readonly op: Op;
  readonly inputs: readonly Node[];
  readonly attributes: Attributes;
  /** Types of every output; `shape` and `dtype` are those of the first. */
  readonly outputs: readonly TensorType[];
}

let nextSerial = 0;

/** The serial that the next node will have: what is made between two calls has serials from the first answer up to the second. */
export function upcomingSerial(): number {
  return nextSerial;
}

/** A new node; checks its inputs by the op's own shape rule. */
export function makeNode<A>(op: Op<A>, inputs: readonly Node[], attributes: A): Node {
  const inferred = op.infer(inputs as never, attributes);
  const outputs = Array.isArray(inferred) ? (inferred as readonly TensorType[]) : [inferred as TensorType];
  const { shape, dtype } = outputs[0]!;
  return { serial: nextSerial++, op: op as Op, inputs, attributes, outputs, shape, dtype };
}

/** All nodes that `roots` need, inputs first. Iterative: graphs are thousands of layers deep. `stop` ends the walk at a node (which is included). */
export function topologicalOrder(roots: readonly Node[], stop: (node: Node) => boolean = () => false): Node[] {
  const seen = new Set<Node>(roots);
  const stack = [...seen];
  const found: Node[] = [];
  while (stack.length > 0) {
    const node = stack.pop()!;
    found.push(node);
    if (stop(node)) continue;
    for (const input of node.inputs)
      if (!seen.has(input)) {
        seen.add(input);
        stack.push(input);
      }
  }
  return found.sort((a, b) => a.serial - b.serial);
}

/** The graph as text, one node a line: `%3 = add(%1, %2) f32[4,4]`. */
export function printGraph(roots: readonly Node[]): string {
  const order = topologicalOrder(roots);
  const names = new Map(order.map((node, index) => [node, `%${index}`]));
  return order
    .map((node) => {
      const inputs = node.inputs.map((input) => names.get(input)).join(", ");
      const text = node.attributes === undefined ? "" : JSON.stringify(node.attributes);
      const attributes = text === undefined || text === "{}" || text === "" ? "" : ` ${text}`;
      return `${names.get(node)} = ${node.op.name}(${inputs})${attributes} ${node.outputs.map(describe).join(" ")}`;
    })
    .join("\n");
}
