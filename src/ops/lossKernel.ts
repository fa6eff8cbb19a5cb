/** What losses share: they are means over the batch, each one kernel that gives value and gradient together. */
import { FathomError } from "../core/errors.ts";
import { describe } from "../core/shape.ts";
import type { Node, TensorType } from "../graph/node.ts";
import type { KernelCall, KernelPlan, Reference, Target } from "../graph/op.ts";
import { add, mul } from "./binary.ts";
import { isLiteral, requireDtype } from "./define.ts";
import { lanesFor, requireRounds, workgroupSize } from "./lanes.ts";

/** Elements that one workgroup takes; up to here a loss is one dispatch. */
export const MOST_SINGLE = 16384;
/** Partial sums that the finishing workgroup should have to add up. */
export const MOST_PARTIALS = 1024;

/** The loss's own call, told where its sums go and how they are scaled, and one more where there are several partial sums. */
export function lossKernel(
  groups: number,
  scale: number,
  target: Target,
  call: (loss: KernelCall["bindings"][number], scale: number) => KernelCall,
): KernelPlan {
  if (groups === 1) return { calls: [call({ output: 0 }, scale)] };
  const finish: KernelCall = {
    shader: "finish_loss",
    defines: { SIZE: workgroupSize(target) },
    overrides: { COUNT: groups, LOSS_SCALE: scale },
    workgroups: 1,
    bindings: [{ temporary: 0, access: "read" }, { output: 0 }],
  };
  return { calls: [call({ temporary: 0 }, 1), finish], temporaries: [groups] };
}

/** A kernel of losses of classes: lanes of invocations share a row, and each workgroup takes several rows at a time, several times. */
export function rowLossKernel(
  logits: TensorType,
  target: Target,
  lossScale: number,
  call: { readonly shader: string; readonly defines: KernelCall["defines"]; readonly overrides: KernelCall["overrides"] },
): KernelPlan {
  const [rows, classes] = logits.shape as [number, number];
  const size = workgroupSize(target, classes);
  const lanes = lanesFor(classes, rows, size);
  const turns = Math.ceil(rows / (size / lanes));
  const passes = Math.ceil(turns / (rows * classes <= MOST_SINGLE ? 1 : MOST_PARTIALS));
  requireRounds(call.shader, (3 * passes * classes) / lanes, target, `Use smaller batches than ${rows} rows of ${classes} classes`);
  const groups = Math.ceil(turns / passes);
  return lossKernel(groups, lossScale, target, (loss, scale) => ({
    shader: call.shader,
    defines: { SIZE: size, ...call.defines },
    overrides: { ROWS: rows, CLASSES: classes, LANES: lanes, PASSES: passes, LOSS_SCALE: scale, ...call.overrides },
    workgroups: groups,
    bindings: [{ input: 0 }, { input: 1 }, loss, { output: 1 }],
  }));
}

/** The outputs: a scalar, and its gradient by the prediction. */
export const lossTypes = (prediction: TensorType): readonly TensorType[] => [
  { shape: [], dtype: "f32" },
  { shape: prediction.shape, dtype: "f32" },
];

/** The reference of a loss of classes: `row` gives the loss of a row of logits, which it replaces by its gradient. NaN for a label that is no class. */
export function rowLossReference(
  logits: Reference,
  labels: Reference,
  row: (z: Float64Array, label: number) => { readonly loss: number; readonly gradient: ArrayLike<number> },
): Reference[] {
  const [rows, classes] = logits.shape as [number, number];
  const gradient = new Float64Array(rows * classes).fill(Number.NaN);
  let loss = 0;
  for (let index = 0; index < rows; index++) {
    const label = labels.data[index]!;
    const start = index * classes;
    if (label >= 0 && label < classes) {
      const own = row(logits.data.subarray(start, start + classes), label);
      loss += own.loss / rows;
      for (let c = 0; c < classes; c++) gradient[start + c] = own.gradient[c]! / rows;
    } else loss = Number.NaN;
  }
  return [
    { shape: [], data: Float64Array.of(loss) },
    { shape: logits.shape, data: gradient },
  ];
}

/** dy · gradient; nothing to multiply by where the loss is what is differentiated. */
export const scaled = (dy: Node, gradient: Node): Node => (isLiteral(dy, 1) ? gradient : mul(gradient, dy));

/** The sum of those that are there. */
export const total = (terms: readonly (Node | null)[]): Node | null =>
  terms.reduce((left, right) => (left && right ? add(left, right) : (left ?? right)), null);

/** Refuses what is not f32[rows, classes] and i32[rows]. */
export function requireClasses(what: string, logits: Node, labels: Node): void {
  requireDtype(what, logits, "f32");
  requireDtype(what, labels, "i32");
  const [rows, classes] = logits.shape;
  if (logits.shape.length !== 2 || labels.shape.length !== 1 || labels.shape[0] !== rows)
    throw new FathomError(
      "shape",
      `${what}: logits ${describe(logits)} and labels ${describe(labels)}; they must be f32[rows, classes] and i32[rows]`,
    );
  if (rows === 0 || classes === 0)
    throw new FathomError("shape", `${what}: logits ${describe(logits)} are empty; a mean needs at least one row and one class`);
}
