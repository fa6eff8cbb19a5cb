/** From where remedies show what they buy: a net that learns slowly without them, and one that does not learn. */
import type { ExperimentJson } from "./plainNet.ts";
import type { Variant } from "./variants.ts";

interface Start {
  readonly title: string;
  /** The experiment of a remedy, begun from there. */
  readonly experiment: (experiment: ExperimentJson) => ExperimentJson;
}

const ROWS = {
  slow: { title: "from Glorot's weights", experiment: (experiment) => experiment },
  vanishing: { title: "from PyTorch's weights, where gradients vanish", experiment: withDefaultWeights },
} satisfies Record<string, Start>;

export type StartName = keyof typeof ROWS;
export const STARTS: Readonly<Record<StartName, Start>> = ROWS;
export const START_NAMES = Object.keys(ROWS) as readonly StartName[];

export const benefitId = (start: StartName, { id }: Pick<Variant, "id">): string => `${start}: ${id}`;

/** All linear layers draw as PyTorch's do, with a third of the variance that would keep the signal's. */
function withDefaultWeights(experiment: ExperimentJson): ExperimentJson {
  const changed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(changed);
    if (typeof value !== "object" || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, own]) => [key, changed(own)]));
    return copy["type"] === "linear" ? { ...copy, init: "pytorchLinear" } : copy;
  };
  return { ...experiment, model: changed(experiment["model"]) };
}
