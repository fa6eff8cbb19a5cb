/** The parts of a step that few nets have: each is loaded, with its shaders, when a trainer asks for it. */
import type { clipRows } from "../ops/arena/clipRows.ts";
import type { gradientNoise } from "../ops/arena/gradientNoise.ts";
import type { maxNorm } from "../ops/arena/maxNorm.ts";
import type { insightGraph } from "./insightGraph.ts";
import type { ResolvedOptions } from "./options.ts";
import type { TrainerStates } from "./trainerStates.ts";
import { loadUpdate, type OptimizerUpdate } from "./update.ts";

/** Null where the options do not ask for it. */
export interface Remedies {
  readonly update: OptimizerUpdate;
  readonly gradientNoise: typeof gradientNoise | null;
  readonly clipRows: typeof clipRows | null;
  readonly maxNorm: typeof maxNorm | null;
  readonly insightGraph: typeof insightGraph | null;
}

export async function loadRemedies(options: ResolvedOptions, states: TrainerStates, withInsight: boolean): Promise<Remedies> {
  const { optimizer, gradientNoise: noise, clip, constraint } = options;
  const [update, gradientNoise, clipRows, maxNorm, insightGraph] = await Promise.all([
    loadUpdate(optimizer, states.stacks),
    noise && import("../ops/arena/gradientNoise.ts").then((module) => module.gradientNoise),
    clip?.type === "adaptive" ? import("../ops/arena/clipRows.ts").then((module) => module.clipRows) : null,
    constraint && import("../ops/arena/maxNorm.ts").then((module) => module.maxNorm),
    withInsight ? import("./insightGraph.ts").then((module) => module.insightGraph) : null,
  ]);
  return { update, gradientNoise, clipRows, maxNorm, insightGraph };
}
