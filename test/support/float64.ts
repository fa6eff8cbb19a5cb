/** The truth: a graph computed by its ops' float64 references, and gradient rules held against central differences of them. */
import { backward } from "../../src/autodiff/backward.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { type Node, topologicalOrder } from "../../src/graph/node.ts";
import type { Listed, Reference } from "../../src/graph/op.ts";
import { mul } from "../../src/ops/binary.ts";
import { input, inputOp, literal, pickOp } from "../../src/ops/define.ts";
import { sum } from "../../src/ops/reduce.ts";

export type Values = ReadonlyMap<Node, ArrayLike<number>>;

/** The values of `roots`, where `values` gives those of the graph's inputs. */
export function computeFloat64(roots: readonly Node[], values: Values): Float64Array[] {
  const found = new Map<Node, readonly Reference[]>();
  for (const node of topologicalOrder(roots, (one) => values.has(one))) {
    const given = values.get(node);
    if (given) {
      if (given.length !== sizeOf(node.shape)) throw new Error(`${given.length} values for ${node.shape.join("×")}`);
      found.set(node, [{ shape: node.shape, data: Float64Array.from(given) }]);
    } else if (node.op === pickOp) found.set(node, [found.get(node.inputs[0]!)![node.attributes.index]!]);
    else if (node.op === inputOp) throw new Error("an input has no value");
    else {
      const inputs = node.inputs.map((input) => found.get(input)![0]!) as unknown as Listed<Reference>;
      const made = node.op.reference(inputs, node.attributes);
      const outputs = Array.isArray(made) ? (made as readonly Reference[]) : [made as Reference];
      outputs.forEach(({ shape, data }, index) => {
        const type = node.outputs[index]!;
        if (shape.join() !== type.shape.join() || data.length !== sizeOf(shape))
          throw new Error(
            `${node.op.name}: its reference gives [${shape.join()}] and its shape rule [${type.shape.join()}] for output ${index}`,
          );
      });
      found.set(node, outputs);
    }
  }
  return roots.map((root) => found.get(root)![0]!.data);
}

export interface GradientCheck {
  /** Relative to the largest entry of the gradient. */
  readonly worst: number;
  readonly gradient: Float64Array;
  readonly differences: Float64Array;
}

/**
 * Gradients of Σ weights · root by each of `wrt`: by the ops' own rules, evaluated in float64, and by central differences of the references.
 * The weights are all different, so that no error can cancel in the sum.
 */
export function checkGradients(root: Node, wrt: readonly Node[], values: Values, step = 1e-3): GradientCheck[] {
  const weights = Float64Array.from({ length: sizeOf(root.shape) }, (_, index) => 1 + 0.37 * ((index * 7) % 11) - 0.9 * (index % 3));
  const weightNode = root.shape.length === 0 ? literal(1) : input(root.shape, "f32");
  const all = new Map<Node, ArrayLike<number>>(values);
  if (root.shape.length > 0) all.set(weightNode, weights);
  const objective = sum(mul(root, weightNode));
  const gradients = backward([{ node: objective }], wrt);
  return wrt.map((variable, position) => {
    const node = gradients[position];
    const start = Float64Array.from(values.get(variable)!);
    const gradient = node ? computeFloat64([node], all)[0]! : new Float64Array(start.length);
    const differences = start.map((value, index) => {
      const h = step * Math.max(1, Math.abs(value));
      const at = (shifted: number): number => computeFloat64([objective], new Map(all).set(variable, start.with(index, shifted)))[0]![0]!;
      // Five points: off by h⁴·f⁽⁵⁾/30, so that h may be large and rounding (2⁻⁵²/h) stays small.
      return (8 * (at(value + h) - at(value - h)) - (at(value + 2 * h) - at(value - 2 * h))) / (12 * h);
    });
    const scale = differences.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    const worst = gradient.reduce((most, value, index) => Math.max(most, Math.abs(value - differences[index]!) / scale), 0);
    return { worst, gradient, differences };
  });
}

/** Deterministic values in (−1, 1), all different. */
export function spread(count: number, seed = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) + 0.5) / 2 ** 23 - 1;
  });
}
