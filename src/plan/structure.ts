/** The structure of a pending graph as a key: equal keys may share a plan. Numbers that are data are not part of it. */
import type { Node } from "../graph/node.ts";
import { scalarOp } from "../ops/define.ts";

export function structureKey(order: readonly Node[], roots: readonly Node[], given: (node: Node) => boolean): string {
  const at = new Map(order.map((node, index) => [node, index]));
  const lines = order.map((node) => {
    const type = `${node.dtype}[${node.shape.join()}]`;
    if (given(node)) return `given ${type}`;
    const attributes = node.op === scalarOp ? node.dtype : (JSON.stringify(node.attributes) ?? "");
    return `${node.op.name} ${type} ${node.inputs.map((input) => at.get(input)).join()} ${attributes}`;
  });
  return `${lines.join("\n")}\n→ ${roots.map((root) => at.get(root)).join()}`;
}
