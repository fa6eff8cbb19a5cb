/** The samples as the page draws them: those of data in the plane where they are, and patterns of four bits each in a square of its own. */
import type { Dataset } from "../src/index.ts";
import { PLANE_REACH, type Points } from "./messages.ts";

export type Drawn = "plane" | "patterns" | null;

/** How samples of that many numbers are drawn; `type` is that of the experiment's data set. */
export function drawnAs({ sampleShape, classes }: Dataset, type: string): Drawn {
  if (sampleShape.length !== 1 || classes !== 2) return null;
  if (sampleShape[0] === 2) return "plane";
  return sampleShape[0] === 4 && type === "parity" ? "patterns" : null;
}

/** Two bits in Gray's order: squares side by side differ in one bit, and so in their parity. */
const PAIRS = [
  [-1, -1],
  [-1, 1],
  [1, 1],
  [1, -1],
] as const;
export const SQUARES = PAIRS.length;
const SQUARE = (2 * PLANE_REACH) / SQUARES;

/** The four bits of the square so far from the left and from below. */
export const patternAt = (column: number, row: number): readonly number[] => [...PAIRS[column]!, ...PAIRS[row]!];

/** Where two numbers near bits lie along an axis: noise moves them within their square. */
function along(first: number, second: number): number {
  const at = PAIRS.findIndex(([one, other]) => one > 0 === first > 0 && other > 0 === second > 0);
  const noise = first - PAIRS[at]![0] + second - PAIRS[at]![1];
  return SQUARE * (at + 0.5 + Math.min(0.4, Math.max(-0.4, noise / 2))) - PLANE_REACH;
}

/** No sample in the plane is cut at its edge, wherever one's own data lie. */
export function reachOf({ train, test }: Dataset, drawn: Drawn): number {
  let reach = PLANE_REACH;
  if (drawn === "plane")
    for (const { x } of test ? [train, test] : [train]) for (const at of x) reach = Math.max(reach, 1.06 * Math.abs(at));
  return reach;
}

export function pointsOf(dataset: Dataset, drawn: Drawn): Points | null {
  if (drawn === null) return null;
  const { train, test } = dataset;
  const x = Float32Array.from([...train.x, ...(test?.x ?? [])]);
  return {
    x: drawn === "plane" ? x : Float32Array.from({ length: x.length / 2 }, (_, pair) => along(x[2 * pair]!, x[2 * pair + 1]!)),
    y: Int32Array.from([...train.y, ...(test?.y ?? [])]),
    trained: train.count,
    patterns: drawn === "patterns",
    reach: reachOf(dataset, drawn),
  };
}
