/** What every stage of the lab's stories is held to: PyTorch's numbers, between which bounds, and a kind of verdict. */

import type { Choices } from "../../demo/choices.ts";
import { experimentOf } from "../../demo/experimentOf.ts";
import { lighter } from "../../demo/lighter.ts";
import { STORIES } from "../../demo/stories.ts";
import type { DiagnosisKind } from "../../src/index.ts";

/** What a stage must come to: a cure is bounded below, a failure above; a stage to compare with others both ways. */
interface Outcome {
  readonly accuracy: "learns" | "fails" | "between";
  /** What the verdict at the end may be, as the story's text has it. */
  readonly kinds: readonly DiagnosisKind[];
  /** Instead of the stage's own number of steps: its two hundred layers are too many for a processor. */
  readonly steps?: number;
}

const LEARNS: Outcome = { accuracy: "learns", kinds: ["healthy"] };
const LIVES: Outcome = { accuracy: "between", kinds: ["healthy"] };

/** Stage by stage of every story. */
const PROVEN: Readonly<Record<string, readonly Outcome[]>> = {
  vanishing: [{ accuracy: "fails", kinds: ["vanishing"] }, LEARNS, LEARNS, LEARNS],
  exploding: [
    // The first steps make its first weights so long that the ratio falls again, to whichever side.
    { accuracy: "fails", kinds: ["exploding", "vanishing", "stalled", "healthy"] },
    { accuracy: "fails", kinds: ["exploding"] },
    LEARNS,
    LEARNS,
  ],
  dead: [{ accuracy: "fails", kinds: ["dead"] }, LEARNS, LEARNS],
  "over-fitting": [LIVES, LEARNS, LEARNS],
  noise: [LIVES, LEARNS, LEARNS],
  schedule: [LIVES, LEARNS],
  "two-hundred": [
    { accuracy: "between", kinds: ["vanishing", "stalled", "healthy"], steps: 5 },
    { accuracy: "between", kinds: ["healthy", "stalled"], steps: 30 },
  ],
};

export interface ProvenStage extends Outcome {
  readonly key: string;
  readonly choices: Choices;
}

/** As the lab trains them on a processor, each to its own end. */
export const provenStages = (): ProvenStage[] =>
  STORIES.flatMap(({ id, stages }) =>
    stages.map(({ label, choices }, index) => {
      const outcome = PROVEN[id]![index]!;
      const light = lighter(choices);
      return { ...outcome, key: `${id}: ${label}`, choices: { ...light, steps: outcome.steps ?? light.steps } };
    }),
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

/** The side of the bounds of an accuracy that says something of such a stage. */
export function sided([low, high]: Bounds, { accuracy }: Outcome): Bounds {
  return [accuracy === "fails" ? 0 : low, accuracy === "learns" ? 1 : high];
}

/** An accuracy, by their distance, by 0.1 and by three standard errors of a share of that many samples at least. */
export function shareBounds(values: readonly number[], samples: number): Bounds {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const room = Math.max(0.1, high - low, 3 * Math.sqrt((mean * (1 - mean)) / samples));
  return [Math.max(0, low - room), Math.min(1, high + room)];
}
