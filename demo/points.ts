/** The samples of data in the plane, as the page draws them. */
import type { Dataset } from "../src/index.ts";
import type { Points } from "./messages.ts";

export const isPlane = ({ sampleShape, classes }: Dataset): boolean => sampleShape.length === 1 && sampleShape[0] === 2 && classes === 2;

export function pointsOf(dataset: Dataset): Points | null {
  if (!isPlane(dataset)) return null;
  const { train, test } = dataset;
  return {
    x: Float32Array.from([...train.x, ...(test?.x ?? [])]),
    y: Int32Array.from([...train.y, ...(test?.y ?? [])]),
    trained: train.count,
  };
}
