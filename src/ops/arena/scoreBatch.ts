/** Evaluation's last kernel: a batch's summed loss and count of right answers, put into the batch's own place of a table. */
import scoreBatchText from "../../../shaders/score_batch.wgsl?raw";
import { FathomError } from "../../core/errors.ts";
import { describe } from "../../core/shape.ts";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Binding, KernelCall, Shader } from "../../graph/op.ts";
import { argCall } from "../argReduce.ts";
import { defineOp } from "../define.ts";
import { MOST_ROUNDS } from "../lanes.ts";
import { EVALUATION_STEP } from "./layout.ts";

export const scoreBatchShader: Shader = { name: "score_batch", text: scoreBatchText };

/** Inputs: results f32[2 · batches], losses f32[rows], step u32[16] and, for classes, outputs f32[rows, classes] and labels i32[rows]. */
export const scoreBatchOp = defineOp<undefined>({
  name: "scoreBatch",
  infer: ([results]) => results,
  vjp: "nondifferentiable",
  reference: (inputs) => {
    const [results, losses, step, outputs, labels] = inputs;
    const data = Float64Array.from(results.data);
    const columns = inputs.length > 3 ? outputs.shape[1]! : 0;
    let loss = 0;
    let hits = 0;
    for (let row = 0; row < Math.min(step.data[EVALUATION_STEP.validRows]!, losses.data.length); row++) {
      loss += losses.data[row]!;
      if (inputs.length <= 3 || !Number.isFinite(losses.data[row]!)) continue;
      const values = outputs.data.subarray(row * columns, (row + 1) * columns);
      const highest = values.reduce((most, value) => Math.max(most, value), -Infinity);
      if (values.indexOf(highest) === labels.data[row]) hits++;
    }
    const at = 2 * step.data[EVALUATION_STEP.batchIndex]!;
    if (at < data.length) data.set([loss, hits], at);
    return { shape: results.shape, data };
  },
  form: {
    kind: "kernel",
    inPlace: { 0: 0 },
    kernel: (inputs, _outputs, _attributes, target) => {
      const [results, losses, , outputs] = inputs;
      const classes = inputs.length > 3;
      const [rows, columns] = [losses.shape[0]!, classes ? outputs.shape[1]! : 0];
      const searched = Math.ceil(rows / 64) * (columns + 2) > MOST_ROUNDS;
      const source: Binding = searched ? { temporary: 0, access: "read" } : { input: 3 };
      const score: KernelCall = {
        shader: scoreBatchShader,
        defines: { CLASSES: classes, SEARCHED: searched },
        overrides: { ROWS: rows, COLUMNS: columns, BATCHES: results.shape[0]! / 2 },
        workgroups: 1,
        bindings: [{ input: 1 }, { input: 2 }, { output: 0 }, ...(classes ? [source, { input: 4 }] : [])],
      };
      if (!searched) return { calls: [score] };
      const search = argCall("argmax", outputs, rows, 1, target);
      return { calls: [{ ...search, bindings: [{ input: 3 }, { temporary: 0 }] }, score], temporaries: [rows] };
    },
  },
});

/** What "results" becomes. */
export function scoreBatch(
  results: Node,
  losses: Node,
  step: Node,
  classes: { readonly outputs: Node; readonly labels: Node } | null,
): Node {
  if (classes && classes.outputs.shape.length !== 2)
    throw new FathomError("shape", `evaluate: accuracy needs outputs f32[rows, classes], and the model gives ${describe(classes.outputs)}`);
  return makeNode(scoreBatchOp, classes ? [results, losses, step, classes.outputs, classes.labels] : [results, losses, step], undefined);
}
