/** Every batch-norm's running statistics take in the batch's, in place and in one dispatch: after the finite check, so that a skipped step leaves none behind. */
import commitRunningText from "../../../shaders/commit_running.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { defineOp } from "../define.ts";
import { bitsOf, floatOf, requireWords, SUMMARY } from "./layout.ts";

export const commitRunningShader: Shader = { name: "commit_running", text: grid + commitRunningText };

/** Words of a batch-norm's row in "runningTable". */
const ROW = 8;

export interface RunningRow {
  /** Offsets in "running". */
  readonly mean: number;
  readonly variance: number;
  /** Where batchNorm's statistics [2, features] begin among the packed ones: means, then biased variances. */
  readonly statistics: number;
  readonly features: number;
  /** Weight of the batch. */
  readonly momentum: number;
  /** Rows of the batch, at least 2. */
  readonly batch: number;
}

/** "runningTable" u32[8 · norms]. */
export function runningTable(rows: readonly RunningRow[]): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(ROW * rows.length);
  for (const [index, { mean, variance, statistics, features, momentum, batch }] of rows.entries())
    table.set([mean, variance, statistics, statistics + features, features, bitsOf(momentum), bitsOf(batch / (batch - 1)), 0], ROW * index);
  return table;
}

/** Inputs: packed statistics, table, summary, running. Output: running as it becomes. */
export const commitRunningOp: Op<undefined> = defineOp<undefined>({
  name: "commitRunning",
  infer: ([, , summary, running]) => {
    // More follows where segments have clip scales of their own.
    if (summary.shape[0]! < SUMMARY.words) requireWords("commitRunning", "summary", summary, SUMMARY.words);
    return { shape: running.shape, dtype: "f32" };
  },
  vjp: "nondifferentiable",
  reference: ([statistics, table, summary, { shape, data }]) => {
    const running = data.slice();
    for (let row = 0; summary.data[SUMMARY.skip] === 0 && row < table.data.length; row += ROW) {
      const [mean, variance, batchMean, batchVariance, features, momentumBits, correctionBits] = table.data.subarray(
        row,
      ) as unknown as Listed7;
      const momentum = floatOf(momentumBits);
      const into = (at: number, value: number): void => {
        running[at] = (1 - momentum) * running[at]! + momentum * value;
      };
      for (let feature = 0; feature < features; feature++) {
        into(mean + feature, statistics.data[batchMean + feature]!);
        into(variance + feature, statistics.data[batchVariance + feature]! * floatOf(correctionBits));
      }
    }
    return { shape, data: running };
  },
  form: {
    kind: "kernel",
    kernel: ([, table]) => ({
      calls: [
        {
          shader: commitRunningShader,
          overrides: { NORMS: table.shape[0]! / ROW },
          workgroups: table.shape[0]! / ROW,
          bindings: [{ input: 0 }, { input: 1 }, { input: 2 }, { output: 0 }],
        },
      ],
    }),
    inPlace: { 0: 3 },
  },
});

type Listed7 = [number, number, number, number, number, number, number];

export interface CommitInputs {
  readonly running: Node;
  /** A pack of every batch-norm's statistics. */
  readonly statistics: Node;
  /** See runningTable. */
  readonly table: Node;
  /** Of finishStatistics. */
  readonly summary: Node;
}

/** One dispatch. The result is to be assigned to "running". */
export function commitRunning({ running, statistics, table, summary }: CommitInputs): Node {
  return makeNode(commitRunningOp, [statistics, table, summary, running], undefined);
}
