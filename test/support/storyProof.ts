/** After how many steps the stages of the lab's stories are held to PyTorch's numbers, and between which bounds. */

import type { Choices } from "../../demo/choices.ts";
import { experimentOf } from "../../demo/experimentOf.ts";
import { lighter } from "../../demo/lighter.ts";
import { STORIES } from "../../demo/stories.ts";

/** Of each stage in turn: enough to see its outcome, and few enough for a processor. */
const STEPS: Readonly<Record<string, readonly number[]>> = {
  vanishing: [8, 40, 30, 30],
  exploding: [8, 30, 30],
  dead: [25, 25, 25],
  "over-fitting": [60, 60, 60],
  noise: [30, 20, 20],
  schedule: [40, 40],
  "two-hundred": [5, 30],
};

export interface ProvenStage {
  readonly key: string;
  readonly choices: Choices;
}

export const provenStages = (): ProvenStage[] =>
  STORIES.flatMap(({ id, stages }) =>
    stages.map(({ label, choices }, index) => ({ key: `${id}: ${label}`, choices: { ...lighter(choices), steps: STEPS[id]![index]! } })),
  );

export const experimentToProve = ({ choices }: ProvenStage) => experimentOf({ ...choices, seed: 0 });

type Bounds = readonly [low: number, high: number];

/** What test/oracle/stories.json holds of a stage. */
export interface StoryBounds {
  readonly experiment: unknown;
  /** First hidden layer's weight gradient over the last's at the first step. */
  readonly ratio: Bounds;
  readonly accuracy: Bounds;
  /** Over the training samples at the end. */
  readonly loss: Bounds;
  /** Test loss at the end over train loss at the end. */
  readonly lossRatio: Bounds;
}

/** A ratio may be as far again from the oracle's draws as those are from one another, and by a factor of 2 at least. */
export function ratioBounds(values: readonly number[]): Bounds {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(2, high / low);
  return [low / room, high * room];
}

/** An accuracy, by their distance, by 0.1 and by three standard errors of a share of that many samples at least. */
export function shareBounds(values: readonly number[], samples: number): Bounds {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const room = Math.max(0.1, high - low, 3 * Math.sqrt((mean * (1 - mean)) / samples));
  return [Math.max(0, low - room), Math.min(1, high + room)];
}
