/** What a data set is: plain data that can be posted to a worker, with bytes kept as bytes until the GPU reads them. */
import { show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { checkShape, type Shape, sizeOf } from "../core/shape.ts";

export interface Split {
  /** Number of samples. */
  readonly count: number;
  /** Row-major, count × sampleShape; bytes stay packed. */
  readonly x: Uint8Array | Float32Array;
  /** What a stored value is multiplied by when it is used: 1/16 for the digits, 1/255 for MNIST, 1 for floats. */
  readonly xScale: number;
  /** Classes as whole numbers from 0, or float targets, count × yShape. */
  readonly y: Int32Array | Float32Array;
  /** [] for classes. */
  readonly yShape: Shape;
}

export interface Dataset {
  readonly name: string;
  readonly sampleShape: Shape;
  /** Number of classes; null where `y` holds float targets. */
  readonly classes: number | null;
  readonly train: Split;
  readonly test: Split | null;
}

/** The same samples seen in another shape of as many values: [64] as [1, 8, 8] for a convolutional net. Nothing is copied. */
export function reshapeSamples(dataset: Dataset, sampleShape: Shape): Dataset {
  checkShape("data.reshapeSamples", sampleShape);
  if (sizeOf(sampleShape) !== sizeOf(dataset.sampleShape))
    throw new FathomError(
      "shape",
      `data.reshapeSamples: samples of ${dataset.name} are [${dataset.sampleShape.join(",")}], ${sizeOf(dataset.sampleShape)} values; [${sampleShape.join(",")}] has ${sizeOf(sampleShape)}`,
    );
  return { ...dataset, sampleShape: [...sampleShape] };
}

/** Samples as vectors, for a net that begins with a linear layer. */
export function flattenSamples(dataset: Dataset): Dataset {
  return reshapeSamples(dataset, [sizeOf(dataset.sampleShape)]);
}

/** Refuses a data set, made by hand or by a loader, whose parts do not fit together. */
export function checkDataset(what: string, dataset: Dataset): void {
  checkRecord(what, "data set", dataset);
  const { name, sampleShape, classes, train, test } = dataset;
  checkRecord(what, `train of ${name}`, train);
  checkShape(`${what}: sampleShape of ${name}`, sampleShape);
  if (sizeOf(sampleShape) === 0)
    throw new FathomError("shape", `${what}: samples of ${name} have shape [${sampleShape.join(",")}], no values at all`);
  if (classes !== null && !(Number.isSafeInteger(classes) && classes > 0))
    throw new FathomError(
      "argument",
      `${what}: ${name} has classes ${show(classes)}; use a whole number from 1, or null for float targets`,
    );
  if (test && test.yShape.join() !== train.yShape.join())
    throw new FathomError(
      "shape",
      `${what}: targets of ${name} are [${train.yShape.join(",")}] in train and [${test.yShape.join(",")}] in test`,
    );
  checkSplit(`${what}: train of ${name}`, train, dataset);
  if (test) checkSplit(`${what}: test of ${name}`, test, dataset);
}

function checkRecord(what: string, name: string, value: unknown): void {
  if (value instanceof Promise) throw new FathomError("argument", `${what}: got a promise of a ${name}; await it first`);
  if (typeof value !== "object" || value === null) throw new FathomError("argument", `${what}: the ${name} is ${show(value)}`);
}

/** Refuses a split whose parts do not fit together; without a data set, its samples may have any shape and its classes any number. */
export function checkSplit(what: string, split: Split, dataset?: Pick<Dataset, "sampleShape" | "classes">): void {
  checkRecord(what, "split", split);
  const { count, x, xScale, y, yShape } = split;
  if (!Number.isSafeInteger(count) || count < 1)
    throw new FathomError("argument", `${what}: count is ${show(count)}; a split has at least one sample`);
  if (!(x instanceof Uint8Array || x instanceof Float32Array))
    throw new FathomError("argument", `${what}: x is ${show(x)}; use a Uint8Array or a Float32Array`);
  const sampleShape = dataset?.sampleShape ?? [x.length / count];
  const classes = dataset ? dataset.classes : y instanceof Int32Array ? Number.MAX_SAFE_INTEGER : null;
  checkShape(`${what}: shape of a sample`, sampleShape);
  checkLength(`${what}: x`, x.length, count, sampleShape);
  if (!Number.isFinite(xScale))
    throw new FathomError("argument", `${what}: xScale is ${show(xScale)}; use a finite number, 1 to leave x as it is`);
  checkShape(`${what}: yShape`, yShape);
  if (classes === null) {
    if (!(y instanceof Float32Array))
      throw new FathomError("argument", `${what}: y is ${show(y)}; float targets (classes: null) are a Float32Array`);
    checkLength(`${what}: y`, y.length, count, yShape);
    return;
  }
  if (!(y instanceof Int32Array)) throw new FathomError("argument", `${what}: y is ${show(y)}; classes are an Int32Array`);
  if (yShape.length > 0) throw new FathomError("shape", `${what}: yShape is [${yShape.join(",")}]; a class is one number, so yShape is []`);
  checkLength(`${what}: y`, y.length, count, yShape);
  const wrong = y.findIndex((label) => label < 0 || label >= classes);
  if (wrong >= 0)
    throw new FathomError("argument", `${what}: label ${y[wrong]} at index ${wrong}; with ${classes} classes use 0 to ${classes - 1}`);
}

function checkLength(what: string, length: number, count: number, shape: Shape): void {
  if (length !== count * sizeOf(shape))
    throw new FathomError(
      "shape",
      `${what} has ${length} values; ${count} samples of shape [${shape.join(",")}] are ${count * sizeOf(shape)}`,
    );
}
