/** Reductions over any axes. (First slice: sum, mean and the sum that undoes a broadcast.) */
import { contiguousStrides, normalizeAxes, sameShape, sizeOf, type Shape } from "../core/shape.ts";
import { type Node, makeNode } from "../graph/node.ts";
import type { KernelCall, View } from "../graph/op.ts";
import { defineOp, literal } from "./define.ts";
import { div } from "./binary.ts";
import { offsetText } from "./offsets.ts";
import { broadcastTo, reshape } from "./views.ts";

/** Elements that one workgroup adds up at most. */
const CHUNK = 16384;
const LANES = 64;

function call(view: View, axes: readonly number[], chunk: number, bindings: KernelCall["bindings"]): KernelCall {
  const kept = view.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const sizes = (list: readonly number[]): number[] => list.map((axis) => view.shape[axis]!);
  const strides = (list: readonly number[]): number[] => list.map((axis) => view.strides[axis]!);
  const outputs = sizeOf(sizes(kept));
  const length = sizeOf(sizes(axes));
  const chunks = Math.max(1, Math.ceil(length / chunk));
  const serial = length <= LANES;
  return {
    shader: "reduce",
    defines: { KEPT: offsetText(sizes(kept), strides(kept), "index"), REDUCED: offsetText(sizes(axes), strides(axes), "index"), SERIAL: serial },
    overrides: { OUTPUTS: outputs, LENGTH: length, CHUNK: chunk, CHUNKS: chunks, OFFSET: view.offset },
    workgroups: serial ? Math.ceil(outputs / LANES) : outputs * chunks,
    bindings,
  };
}

export const sumOp = defineOp<{ axes: readonly number[] }>({
  name: "sum",
  infer: ([x], { axes }) => ({ shape: x.shape.filter((_, axis) => !axes.includes(axis)), dtype: x.dtype }),
  vjp: ({ dy, inputs: [x], attributes: { axes } }) => [broadcastTo(reshape(dy, x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))), x.shape)],
  reference: ([x], { axes }) => {
    const shape = x.shape.filter((_, axis) => !axes.includes(axis));
    const data = new Float64Array(sizeOf(shape));
    const from = contiguousStrides(x.shape);
    const to = contiguousStrides(shape);
    x.data.forEach((value, index) => {
      let at = 0;
      let position = 0;
      for (const [axis, size] of x.shape.entries()) if (!axes.includes(axis)) at += (Math.floor(index / from[axis]!) % size) * to[position++]!;
      data[at]! += value;
    });
    return { shape, data };
  },
  form: {
    kind: "kernel",
    accepts: () => true,
    kernel: ([view], [output], { axes }) => {
      const outputs = sizeOf(output.shape);
      if (outputs === 0) return { calls: [] };
      const length = axes.reduce((product, axis) => product * view.shape[axis]!, 1);
      const chunks = Math.ceil(length / CHUNK);
      if (chunks <= 1) return { calls: [call(view, axes, CHUNK, [{ input: 0 }, { output: 0 }])] };
      const partial: View = { shape: [outputs, chunks], strides: [chunks, 1], offset: 0 };
      return {
        calls: [call(view, axes, CHUNK, [{ input: 0 }, { temporary: 0 }]), call(partial, [1], chunks, [{ temporary: 0, access: "read" }, { output: 0 }])],
        temporaries: [outputs * chunks],
      };
    },
  },
});

export function sum(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  const list = normalizeAxes("sum", axes, x.shape.length);
  const result = list.length === 0 ? x : makeNode(sumOp, [x], { axes: list });
  return keepDims ? reshape(result, x.shape.map((size, axis) => (list.includes(axis) ? 1 : size))) : result;
}

export function mean(x: Node, axes?: number | readonly number[], keepDims = false): Node {
  const list = normalizeAxes("mean", axes, x.shape.length);
  return div(sum(x, list, keepDims), literal(list.reduce((product, axis) => product * x.shape[axis]!, 1)));
}

/** Undoes a broadcast: sums the axes along which `shape` was stretched. */
export function sumTo(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((size, axis) => (axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : []));
  return reshape(sum(x, axes), shape);
}
