/** Where along an axis the largest or the smallest element is. */
import type { DType } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import { describe, normalizeAxis, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { KernelCall, Target, View } from "../graph/op.ts";
import { defineOp } from "./define.ts";
import { requireRounds, workgroupSize } from "./lanes.ts";
import { reshape } from "./layout.ts";
import { axesOf, offsetText } from "./strides.ts";

/** Elements up to which an invocation takes a line alone: a software adapter pays for every barrier. */
const MOST_SERIAL = { software: 1024, hardware: 64 } as const satisfies Record<Target["adapterClass"], number>;
/** Invocations of a workgroup that needs no barrier. */
const SERIAL_SIZE = 64;

/** An unsigned number that orders as the values do; NaN comes above all, so that it is found. */
const KEYS = { f32: "float_key(v)", i32: "bitcast<u32>(v) ^ 0x80000000u", u32: "v" } as const;

type Name = "argmax" | "argmin";

/** The search of input 0 along `axis`, of which `outputs` results go to output 0. */
export function argCall(name: Name, x: View & { readonly dtype: DType }, outputs: number, axis: number, target: Target): KernelCall {
  const axes = axesOf(x);
  const length = x.shape[axis]!;
  const serial = length <= MOST_SERIAL[target.adapterClass];
  const size = serial ? SERIAL_SIZE : workgroupSize(target, length);
  requireRounds(name, length / (serial ? 1 : size), target, "Reduce it in parts, along an axis of a reshaped tensor");
  return {
    shader: "arg_reduce",
    defines: {
      SERIAL: serial,
      SIZE: size,
      INPUT: x.dtype,
      FLOAT: x.dtype === "f32",
      SMALLEST: name === "argmin",
      KEY: KEYS[x.dtype],
      KEPT: offsetText(
        axes.filter((_, own) => own !== axis),
        "index",
      ),
    },
    overrides: { OUTPUTS: outputs, LENGTH: length, STRIDE: x.strides[axis]!, OFFSET: x.offset },
    workgroups: serial ? Math.ceil(outputs / size) : outputs,
    bindings: [{ input: 0 }, { output: 0 }],
  };
}

function argRecord(name: Name) {
  return defineOp<{ readonly axis: number }>({
    name,
    infer: ([x], { axis }) => ({ shape: x.shape.filter((_, own) => own !== axis), dtype: "i32" }),
    vjp: "nondifferentiable",
    reference: ([x], { axis }) => {
      const length = x.shape[axis]!;
      const inner = sizeOf(x.shape.slice(axis + 1));
      const shape = x.shape.filter((_, own) => own !== axis);
      const sign = name === "argmax" ? 1 : -1;
      const better = (a: number, b: number): boolean => !Number.isNaN(b) && (Number.isNaN(a) || sign * a > sign * b);
      const data = new Float64Array(sizeOf(shape));
      for (let output = 0; output < data.length; output++) {
        const start = Math.floor(output / inner) * inner * length + (output % inner);
        let best = 0;
        for (let k = 1; k < length; k++) if (better(x.data[start + k * inner]!, x.data[start + best * inner]!)) best = k;
        data[output] = best;
      }
      return { shape, data };
    },
    form: {
      kind: "kernel",
      accepts: () => true,
      kernel: ([x], [output], { axis }, target) => {
        const outputs = sizeOf(output.shape);
        return { calls: outputs === 0 ? [] : [argCall(name, x, outputs, axis, target)] };
      },
    },
  });
}

export const argmaxOp = argRecord("argmax");
export const argminOp = argRecord("argmin");

function positions(op: typeof argmaxOp, x: Node, axis: number | undefined, keepDims: boolean): Node {
  const line = axis === undefined ? reshape(x, [sizeOf(x.shape)]) : x;
  const along = axis === undefined ? 0 : normalizeAxis(op.name, axis, x.shape.length);
  const shape = line.shape.filter((_, own) => own !== along);
  if (line.shape[along] === 0 && sizeOf(shape) > 0)
    throw new FathomError("shape", `${op.name}: axis ${along} of ${describe(x)} is empty, and no place in it is the ${op.name}`);
  const node = makeNode(op, [line], { axis: along });
  if (!keepDims) return node;
  return reshape(node, axis === undefined ? x.shape.map(() => 1) : line.shape.map((size, own) => (own === along ? 1 : size)));
}

/** i32: where along `axis` the largest is, the first of equal ones; without an axis, in row-major order of all. NaN counts as the largest. */
export const argmax = (x: Node, axis?: number, keepDims = false): Node => positions(argmaxOp, x, axis, keepDims);

/** i32: where along `axis` the smallest is, the first of equal ones; without an axis, in row-major order of all. NaN counts as the smallest. */
export const argmin = (x: Node, axis?: number, keepDims = false): Node => positions(argminOp, x, axis, keepDims);
