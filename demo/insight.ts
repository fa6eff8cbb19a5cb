/** Asks for insight in an experiment that does not say itself what it wants of it. Pure. */
import type { ExperimentJson } from "./experimentOf.ts";
import type { Given } from "./messages.ts";

/** As many looks as a heat map has columns; a run of fewer steps looks at each. */
const MOST_LOOKS = 500;

export function withInsight(given: Given): Given {
  const experiment = typeof given === "string" ? readObject(given) : given;
  if (experiment === null || "insight" in experiment) return given;
  const steps = Number(experiment["steps"]);
  const every = Number.isFinite(steps) ? Math.max(1, Math.ceil(steps / MOST_LOOKS)) : 1;
  return { ...experiment, insight: { parameters: true, activations: true, histograms: true, every } };
}

/** Null for what is none: the schema says so where it is trained. */
function readObject(text: string): ExperimentJson | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as ExperimentJson) : null;
  } catch {
    return null;
  }
}
