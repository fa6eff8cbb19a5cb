/** Reverse-mode differentiation: a graph in, a larger graph out. It knows no op by name; each op's rule builds its own gradient. */
import { FathomError } from "../core/errors.ts";
import { describe, sameShape } from "../core/shape.ts";
import { type Node, topologicalOrder, upcomingSerial } from "../graph/node.ts";
import type { Listed } from "../graph/op.ts";
import { add } from "../ops/binary.ts";
import { literal, pickOp } from "../ops/define.ts";
import { alias, broadcastTo } from "../ops/views.ts";
import { Recomputation, type Recompute } from "./recompute.ts";

/** Where a gradient starts: `gradient` is that of `node`; 1 where it is left out, and the node is then a scalar. */
export interface Root {
  readonly node: Node;
  readonly gradient?: Node;
}

/** Nodes of `order` through which a gradient can reach one of `wrt`. */
function reaching(order: readonly Node[], wrt: ReadonlySet<Node>, through: (node: Node) => boolean): Set<Node> {
  const reached = new Set<Node>();
  for (const node of order) if (wrt.has(node) || (through(node) && node.inputs.some((input) => reached.has(input)))) reached.add(node);
  return reached;
}

const differentiable = (node: Node): boolean => node.dtype === "f32" && (node.op === pickOp || node.op.vjp !== "nondifferentiable");

/**
 * The gradient of the roots' sum with respect to each of `wrt`, in their order; null where it is zero everywhere. With `recompute`, what gradient
 * rules read of a segment's values is computed a second time.
 */
export function backward(roots: readonly Root[], wrt: readonly Node[], recompute: Recompute = { segments: [] }): (Node | null)[] {
  const targets = new Set(wrt);
  const order = topologicalOrder(
    roots.map((root) => root.node),
    (node) => targets.has(node),
  );
  const wanted = reaching(order, targets, differentiable);
  const recomputation = new Recomputation(order, recompute);
  const gradients = new Map<Node, (Node | null)[]>();
  const read = new Set<Node>();
  const accumulate = (node: Node, output: number, gradient: Node): void => {
    const list = gradients.get(node) ?? new Array<Node | null>(node.outputs.length).fill(null);
    const before = list[output] ?? null;
    list[output] = before === null ? gradient : add(before, gradient);
    gradients.set(node, list);
  };
  for (const { node, gradient } of roots) accumulate(node, 0, gradient ?? ones(node));
  for (let index = order.length - 1; index >= 0; index--) {
    const node = order[index]!;
    const dys = gradients.get(node);
    if (dys === undefined || targets.has(node) || !wanted.has(node)) continue;
    if (node.op === pickOp) {
      accumulate(node.inputs[0]!, node.attributes.index, dys[0]!);
      continue;
    }
    const seen = recomputation.seen(node);
    const from = upcomingSerial();
    const made = new Set<Node>();
    const inputs = rule(node, { ...seen, yRead: read.has(seen.y) }, dys, (input) => wanted.has(node.inputs[input]!));
    inputs.forEach((gradient, position) => {
      const input = node.inputs[position];
      if (gradient === null || input === undefined || !wanted.has(input)) return;
      if (!sameShape(gradient.shape, input.shape))
        throw new FathomError(
          "internal",
          `${node.op.name}: gradient of input ${position} is ${describe(gradient)}, the input ${describe(input)}`,
        );
      accumulate(input, 0, gradient);
      made.add(gradient);
    });
    for (const one of made) {
      if (one.serial < from) read.add(one);
      if (one.serial >= from || one.op.form.kind === "view") for (const input of one.inputs) made.add(input);
    }
  }
  return wrt.map((node) => gradients.get(node)?.[0] ?? null);
}

function ones(node: Node): Node {
  return node.shape.length === 0 ? literal(1, node.dtype) : broadcastTo(literal(1, node.dtype), node.shape);
}

function rule(
  node: Node,
  { y, yRead, inputs }: { readonly y: Node; readonly yRead: boolean; readonly inputs: readonly Node[] },
  dys: readonly (Node | null)[],
  wanted: (input: number) => boolean,
): readonly (Node | null)[] {
  const { vjp } = node.op;
  if (vjp === "nondifferentiable") return [];
  if (vjp === "decompose") return throughDecomposition(node, inputs, dys);
  return vjp({ dy: dys[0] as Node, dys, y, yRead, inputs: inputs as unknown as Listed<Node>, attributes: node.attributes, wanted });
}

/** Differentiates the op's own decomposition, for an op that has no rule: the fused kernels of backward passes. */
function throughDecomposition(node: Node, inputs: readonly Node[], dys: readonly (Node | null)[]): readonly (Node | null)[] {
  const { decompose, name } = node.op;
  if (decompose === undefined) throw new FathomError("internal", `${name}: says "decompose" and has no decomposition`);
  // Each place gets a node of its own: a node that stands in two places would get the sum of both gradients in each.
  const places = inputs.map(alias);
  const built = decompose(places as unknown as Listed<Node>, node.attributes);
  const outputs = Array.isArray(built) ? (built as readonly Node[]) : [built as Node];
  const roots = outputs.flatMap((output, index): Root[] => {
    const gradient = dys[index];
    return gradient ? [{ node: output, gradient }] : [];
  });
  return backward(roots, places);
}

/** The op that keeps a gradient from reaching `target` from `root`, where there is one: what an error names. */
export function blockedBy(root: Node, target: Node): Node | null {
  const order = topologicalOrder([root], (node) => node === target);
  const any = reaching(order, new Set([target]), () => true);
  if (!any.has(root)) return null;
  return order.find((node) => any.has(node) && node !== target && !differentiable(node)) ?? null;
}
