/** The gradients on their way from the backward pass to the update, in the documented order: penalty, noise, norms, clip. */
import type { Node } from "../graph/node.ts";
import { CLIP_FORMS } from "../ops/arena/clip.ts";
import type { FinishAttributes } from "../ops/arena/finishStatistics.ts";
import { gradientStatistics } from "../ops/arena/gradientStatistics.ts";
import type { UpdateAttributes } from "../ops/arena/update.ts";
import { pack } from "../ops/pack.ts";
import { isActive } from "../optim/regularizers.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Remedies } from "./remedies.ts";
import { longestRow } from "./rows.ts";
import type { TrainerStates } from "./trainerStates.ts";

export interface GradientNodes {
  readonly parameters: Node;
  readonly gradients: Node;
  readonly chunks: Node;
  readonly segments: Node;
  readonly step: Node;
}

export interface PreparedGradients {
  /** Before the clip: what statistics are made of. */
  readonly gradients: Node;
  /** Whether the penalty's gradient is still to be added to those. */
  readonly penalty: boolean;
  /** For finishStatistics. */
  readonly partials: Node;
  readonly finish: Pick<FinishAttributes, "clip" | "rowScales">;
  /** What the update takes, and what it still does to them. */
  readonly updated: Node;
  readonly update: UpdateAttributes;
}

/** A pack's parts begin at multiples of 64 elements; its end is rounded too, because the kernel reads it by fours. */
const aligned = (size: number): number => Math.ceil(size / 64) * 64;

export function prepareGradients(
  { clip, regularizer, gradientNoise: noise, statistics }: ResolvedOptions,
  states: TrainerStates,
  { gradientNoise, clipRows }: Remedies,
  nodes: GradientNodes,
): PreparedGradients {
  const active = isActive(regularizer);
  // Noise brings the penalty's gradient along.
  const joined = noise !== null && noise.eta > 0;
  const gradients = joined ? gradientNoise!(nodes, { regularizer: active }) : nodes.gradients;
  // Without statistics there are no segments that they could be of, and nobody reads what stands in for them.
  const partials = !statistics ? nodes.step : gradientStatistics({ ...nodes, gradients }, { regularizer: active, joined });
  const kind = clip?.type ?? "none";
  const penalty = active && !joined;
  if (clip?.type !== "adaptive")
    return {
      gradients,
      penalty,
      partials,
      finish: { clip: kind },
      updated: gradients,
      update: { regularizer: penalty, clip: CLIP_FORMS[kind] },
    };
  const { ratio, epsilon } = clip;
  const longest = longestRow(states.arena, "all");
  const clipped = clipRows!({ ...nodes, gradients, rows: states.rows!.node() }, { ratio, epsilon, regularizer: penalty, longest });
  const count = clipped.least.shape[0]!;
  const offset = aligned(partials.shape[0]!);
  const parts = [
    { node: partials, offset: 0 },
    { node: clipped.least, offset },
  ];
  return {
    gradients,
    penalty,
    partials: pack(parts, offset + aligned(count)),
    finish: { clip: kind, rowScales: { offset, count } },
    updated: clipped.gradients,
    update: { regularizer: false, clip: CLIP_FORMS[kind] },
  };
}
