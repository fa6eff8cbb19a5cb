/** Rows picked by index, as an embedding does, and its dual, which adds rows up by index without atomics on floats. */
import { FathomError } from "../core/errors.ts";
import { checkShape, describe, normalizeAxis, sizeOf } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { defineOp, requireDtype } from "./define.ts";
import { transpose } from "./layout.ts";
import { withOutput } from "./output.ts";
import { scatterKernel } from "./scatterKernel.ts";
import { viewText } from "./strides.ts";

const rowSize = (shape: readonly number[]): number => sizeOf(shape.slice(1));

interface GatherAttributes {
  /** What a row that is not there reads as; integers have no NaN. */
  readonly missing: "NaN" | "zero";
}

/** Inputs: a table [rows, …] and indices of any shape. Only float32 results can run through an epilogue, and have gradients. */
function gatherRecord(name: string, fusesEpilogue: boolean): Op<GatherAttributes> {
  return defineOp<GatherAttributes>({
    name,
    infer: ([table, index]) => ({ shape: [...index.shape, ...table.shape.slice(1)], dtype: table.dtype }),
    vjp: fusesEpilogue ? ({ dy, inputs: [table, index] }) => [scatterRows(dy, index, table.shape[0]!), null] : "nondifferentiable",
    reference: ([table, index], { missing }) => {
      const size = rowSize(table.shape);
      const data = new Float64Array(index.data.length * size);
      const absent = missing === "NaN" ? Number.NaN : 0;
      for (const [position, row] of index.data.entries())
        for (let column = 0; column < size; column++)
          data[position * size + column] = row >= 0 && row < table.shape[0]! ? table.data[row * size + column]! : absent;
      return { shape: [...index.shape, ...table.shape.slice(1)], data };
    },
    form: {
      kind: "kernel",
      accepts: () => true,
      kernel: ([table, index], [output], { missing }) => {
        const count = sizeOf(output.shape);
        if (count === 0) return { calls: [] };
        const call = {
          shader: "gather",
          defines: {
            VALUE: output.dtype,
            INDEX: index.dtype,
            TABLE_AT: viewText(table, "element"),
            INDEX_AT: viewText(index, "position"),
            MISSING_IS_NAN: missing === "NaN",
          },
          overrides: { COUNT: count, ROWS: table.shape[0]!, ROW_SIZE: rowSize(table.shape) },
          workgroups: Math.ceil(count / 64),
          bindings: [{ input: 0 }, { input: 1 }],
        };
        return { calls: [withOutput(call, output.dtype)] };
      },
      fusesEpilogue,
    },
  });
}

export const gatherOp = gatherRecord("gather", true);
export const integerGatherOp = gatherRecord("integerGather", false);

/**
 * Row r of the result is the sum of the rows of `dy` whose index is r, in the order in which they come; indices that are no row are left
 * out. Two rows of equal index are found by linked lists (scatterKernel.ts).
 */
export const scatterRowsOp = defineOp<{ readonly rows: number }>({
  name: "scatterRows",
  infer: ([dy, index], { rows }) => ({ shape: [rows, ...dy.shape.slice(index.shape.length)], dtype: "f32" }),
  // What was left out has no gradient.
  vjp: ({ dy, inputs: [, index] }) => [makeNode(gatherOp, [dy, index], { missing: "zero" }), null],
  reference: ([dy, index], { rows }) => {
    const tail = dy.shape.slice(index.shape.length);
    const size = sizeOf(tail);
    const data = new Float64Array(rows * size);
    for (const [position, row] of index.data.entries())
      if (row >= 0 && row < rows)
        for (let column = 0; column < size; column++) data[row * size + column]! += dy.data[position * size + column]!;
    return { shape: [rows, ...tail], data };
  },
  form: {
    kind: "kernel",
    accepts: () => true,
    kernel: ([dy, index], [output], { rows }, target) => scatterKernel(dy, index, sizeOf(output.shape), rows, target),
    fusesEpilogue: true,
  },
});

/** The gradient of `gather` by its table. */
function scatterRows(dy: Node, index: Node, rows: number): Node {
  return makeNode(scatterRowsOp, [dy, index], { rows });
}

/**
 * The slices of `x` along `axis` at `index`, whose axes take that axis's place. An index that is out of range cannot be an error, since
 * nothing is read back: its slice is NaN (0 of integers), which training reports.
 */
export function gather(x: Node, index: Node, axis = 0): Node {
  const what = "gather";
  requireDtype(`${what} (index)`, index, "i32", "u32");
  if (x.shape.length === 0) throw new FathomError("shape", `${what}: ${describe(x)} has no axis along which to pick`);
  const at = normalizeAxis(what, axis, x.shape.length);
  checkShape(what, [...index.shape, ...x.shape.slice(1)]);
  const order = [at, ...x.shape.keys()].filter((own, position) => position === 0 || own !== at);
  const [op, missing] = x.dtype === "f32" ? ([gatherOp, "NaN"] as const) : ([integerGatherOp, "zero"] as const);
  const rows = makeNode(op, [transpose(x, order), index], { missing });
  // [index…, before…, after…] → [before…, index…, after…]
  const lead = index.shape.length;
  const axes = [...rows.shape.keys()];
  return transpose(rows, [...axes.slice(lead, lead + at), ...axes.slice(0, lead), ...axes.slice(lead + at)]);
}

/** The rows of a table [count, size] at `index`, of any shape: [index…, size]. */
export function embedding(table: Node, index: Node): Node {
  requireDtype("embedding (index)", index, "i32", "u32");
  if (table.shape.length !== 2) throw new FathomError("shape", `embedding: the table is ${describe(table)}; it must be [count, size]`);
  return gather(table, index, 0);
}
