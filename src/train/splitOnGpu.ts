/** A split of a data set on the GPU: samples and targets as states, bytes still packed. */
import { FathomError } from "../core/errors.ts";
import { describe, type Shape, sizeOf } from "../core/shape.ts";
import type { Split } from "../data/dataset.ts";
import type { Loss } from "../nn/losses.ts";
import type { CompiledEvaluation } from "./evaluation.ts";
import type { Runtime, StateBuffer } from "./runtime.ts";

export class SplitOnGpu {
  readonly split: Split;
  readonly sampleShape: Shape;
  readonly x: StateBuffer;
  readonly y: StateBuffer;
  /** What was compiled for this split; it ends with it. */
  evaluation: CompiledEvaluation | null = null;

  constructor(runtime: Runtime, split: Split, sampleShape: Shape) {
    this.split = split;
    this.sampleShape = sampleShape;
    const { x, y } = split;
    this.x =
      x instanceof Uint8Array ? runtime.state("x", "u32", Math.ceil(x.length / 4), packed(x)) : runtime.state("x", "f32", x.length, x);
    this.y = runtime.state("y", y instanceof Int32Array ? "i32" : "f32", y.length, y);
  }

  get bytes(): boolean {
    return this.split.x instanceof Uint8Array;
  }

  dispose(): void {
    this.evaluation?.dispose();
    this.x.dispose();
    this.y.dispose();
  }
}

/** Four bytes to a word, the first lowest; the last word filled up with zeros. */
function packed(bytes: Uint8Array): Uint32Array {
  if (bytes.byteOffset % 4 === 0 && bytes.length % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return new Uint32Array(padded.buffer);
}

/** Refuses targets that the loss cannot take. */
export function checkTargets({ name, targets }: Loss, split: Split): void {
  const classes = split.y instanceof Int32Array;
  if (classes !== (targets === "classes"))
    throw new FathomError(
      "dtype",
      `train: the loss ${name} takes ${targets === "classes" ? "classes (whole numbers)" : "float targets"}, and the data set has ${classes ? "classes; use softmaxCrossEntropy or multiMargin" : "float targets; use meanSquaredError, meanAbsoluteError, huber or binaryCrossEntropyWithLogits"}`,
    );
}

/** The output for one batch, of the model or of a head in it, must fit the targets. */
export function checkOutput(
  { name, targets }: Loss,
  output: { shape: Shape; dtype: "f32" | "i32" | "u32" },
  split: Split,
  what = "the model",
): void {
  if (targets === "classes") {
    if (output.shape.length !== 2)
      throw new FathomError("shape", `train: ${name} takes logits f32[rows, classes], and ${what} gives ${describe(output)}`);
    const labels = split.y as Int32Array;
    const most = labels.reduce((all, label) => Math.max(all, label), 0);
    if (most >= output.shape[1]!)
      throw new FathomError(
        "shape",
        `train: the data set has the class ${most}, and ${what} gives ${output.shape[1]} outputs; its last layer needs at least ${most + 1}`,
      );
    return;
  }
  const [rows, ...features] = output.shape;
  if (sizeOf(features) !== sizeOf(split.yShape) || output.shape.length !== split.yShape.length + 1)
    throw new FathomError(
      "shape",
      `train: ${name} takes targets shaped like the output, and ${what} gives ${describe(output)} where the targets are [${[rows, ...split.yShape].join(",")}]`,
    );
}
