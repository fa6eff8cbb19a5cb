/** Numbers of runs as uPlot takes them: for each curve its steps and its values, few enough to be told apart. Pure. */
import { type Decades, decadesOf } from "./frame.ts";
import type { History } from "./history.ts";

/** More cannot be told apart on any screen. */
const MOST_POINTS = 1200;
/** As many layers as have a curve of their own. */
const MOST_LAYERS = 40;
const MOST_LAYER_POINTS = 240;
const LOSS_DECADES: Decades = { low: -1, high: 1 };

/** Null where there is nothing to draw: not measured, not finite, or not positive where the scale is one of powers. */
export type Curve = readonly [steps: readonly number[], values: readonly (number | null)[]];

function curveOf(count: number, most: number, step: (index: number) => number, value: (index: number) => number | null): Curve {
  const every = Math.max(1, Math.ceil(count / most));
  const steps: number[] = [];
  const values: (number | null)[] = [];
  const take = (index: number): void => {
    const one = value(index);
    steps.push(step(index));
    values.push(one !== null && Number.isFinite(one) ? one : null);
  };
  for (let index = 0; index < count; index += every) take(index);
  if (count > 0 && (count - 1) % every !== 0) take(count - 1);
  return [steps, values];
}

const reported = (history: History): Curve =>
  curveOf(
    history.count,
    MOST_POINTS,
    (row) => history.value(row, "step"),
    (row) => history.value(row, "loss"),
  );

const evaluated = ({ evaluations }: History, name: "testLoss" | "trainAccuracy" | "testAccuracy"): Curve =>
  curveOf(
    evaluations.length,
    MOST_POINTS,
    (index) => evaluations[index]!.step,
    (index) => evaluations[index]![name],
  );

/** Of each batch, and of the test samples. */
export const lossCurves = (history: History): readonly [Curve, Curve] => [reported(history), evaluated(history, "testLoss")];

/** What has a place on a scale of powers. */
export const positive = ([steps, values]: Curve): Curve => [steps, values.map((value) => (value !== null && value > 0 ? value : null))];

/** Powers of ten that hold these curves. */
export const lossDecades = (curves: readonly Curve[]): Decades =>
  curves.reduce(
    (decades, [, values]) =>
      decadesOf(
        values.map((value) => value ?? 1),
        decades,
      ),
    LOSS_DECADES,
  );

/** A test loss so many times the greatest of a batch is beyond a scale that goes from 0 upwards. */
const BEYOND = 3;

/**
 * Where a scale of losses from 0 upwards ends, at `least` or higher. It holds what the batches are and the tests that are near them: batch-norm's
 * statistics say nothing of the data yet at step 0, and a test loss of 10³¹ there would press all that is learnt to the floor.
 */
export function lossTop(pairs: readonly (readonly [batches: Curve, tests: Curve])[], least: number): number {
  let greatest = least;
  for (const [[, values]] of pairs) for (const value of values) greatest = Math.max(greatest, value ?? 0);
  let top = greatest;
  for (const [, [, values]] of pairs)
    for (const value of values) if (value !== null && value <= BEYOND * greatest) top = Math.max(top, value);
  return 1.05 * top;
}

/** On the training samples, and on those for testing. */
export const accuracyCurves = (history: History): readonly [Curve, Curve] => [
  evaluated(history, "trainAccuracy"),
  evaluated(history, "testAccuracy"),
];

/** The layers that have a curve: all, or evenly some, the first and the last among them. */
export function layersShown(count: number): number[] {
  if (count <= MOST_LAYERS) return Array.from({ length: count }, (_, layer) => layer);
  return Array.from({ length: MOST_LAYERS }, (_, index) => Math.round((index * (count - 1)) / (MOST_LAYERS - 1)));
}

/** Gradient norms of these layers; a norm of 0 has no place on a scale of powers. */
export const layerCurves = (history: History, layers: readonly number[]): Curve[] =>
  layers.map((layer) =>
    curveOf(
      history.count,
      MOST_LAYER_POINTS,
      (row) => history.value(row, "step"),
      (row) => {
        const norm = history.norms(row)[layer]!;
        return norm > 0 ? norm : null;
      },
    ),
  );
