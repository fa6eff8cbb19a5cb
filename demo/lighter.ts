/** Presets for a processor in the place of a GPU: the same nets on fewer samples and for fewer steps, so that every story runs fluently. Pure. */
import type { ChoiceName, Choices } from "./choices.ts";

/** What it may lower. */
export const SIZES = ["width", "batchSize", "steps"] as const satisfies readonly ChoiceName[];

const DEEP = 30;
const DEEPER = 50;
const VERY_DEEP = 100;

/** Depth, width and what else makes a net's gradients vanish or explode stay; only the two hundred layers are narrower. */
export function lighter(choices: Choices): Choices {
  const { depth, width, batchSize, steps } = choices;
  if (depth >= VERY_DEEP)
    return { ...choices, width: Math.min(width, 16), batchSize: Math.min(batchSize, 32), steps: Math.min(steps, 100) };
  if (depth >= DEEP) return { ...choices, batchSize: Math.min(batchSize, 64), steps: Math.min(steps, depth >= DEEPER ? 150 : 250) };
  return choices;
}
