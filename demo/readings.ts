/** What a net makes of a test set: which class it took for which, and samples that it read wrongly. In the worker. */
import type { Dataset, Trainer } from "../src/index.ts";
import type { Readings } from "./messages.ts";

const MOST_SAMPLES = 2000;
const MOST_CLASSES = 30;
const MOST_WRONG = 24;
/** A picture has at least so many pixels a side. */
const LEAST_SIDE = 4;

/** The side of square pictures; null for anything else. */
function sideOf({ sampleShape, train }: Dataset): number | null {
  const size = sampleShape.reduce((product, axis) => product * axis, 1);
  const side = Math.round(Math.sqrt(size));
  // Pictures come as bytes.
  return train.x instanceof Uint8Array && side >= LEAST_SIDE && side * side === size ? side : null;
}

/** Exponentials over their sum. */
export function softmax(outputs: ArrayLike<number>): number[] {
  const most = Math.max(...Array.from(outputs));
  const raised = Array.from(outputs, (output) => Math.exp(output - most));
  const sum = raised.reduce((total, one) => total + one, 0);
  return raised.map((one) => one / sum);
}

/** Null where there are no classes, or too many of them to show. */
export async function readingsOf(trainer: Trainer, dataset: Dataset): Promise<Readings | null> {
  const { classes, test, train, sampleShape } = dataset;
  if (classes === null || classes > MOST_CLASSES) return null;
  const split = test ?? train;
  const count = Math.min(MOST_SAMPLES, split.count);
  const size = split.x.length / split.count;
  const x = Float32Array.from({ length: count * size }, (_, index) => split.x[index]! * split.xScale);
  const outputs = await trainer.predict(x, { sampleShape });
  const width = outputs.length / count;
  if (width !== classes) return null;
  const side = sideOf(dataset);
  const matrix = new Uint32Array(classes * classes);
  const wrong: Readings["wrong"][number][] = [];
  for (let sample = 0; sample < count; sample++) {
    const probabilities = softmax(outputs.subarray(sample * width, (sample + 1) * width));
    const read = probabilities.indexOf(Math.max(...probabilities));
    if (read < 0) return null;
    const truth = split.y[sample]!;
    matrix[truth * classes + read]! += 1;
    if (read === truth || wrong.length === MOST_WRONG) continue;
    wrong.push({
      sample,
      read,
      truth,
      sure: probabilities[read]!,
      pixels: side === null ? null : x.slice(sample * size, (sample + 1) * size),
    });
  }
  return { of: test ? "test" : "training", count, classes, names: namesOf(dataset), matrix, wrong, side };
}

/** Of a table's classes; others are called by their numbers. */
export function namesOf(dataset: Dataset): readonly string[] {
  const { classNames } = dataset as Dataset & { readonly classNames?: readonly string[] | null };
  return classNames ?? Array.from({ length: dataset.classes ?? 0 }, (_, index) => String(index));
}
