/** The experiment file's schema, from which its types are inferred; docs/experiment.md explains the keys. */
import * as v from "valibot";
import { choice, flag, integer, list, object, text } from "./checks.ts";
import { dataset } from "./datasets.ts";
import { initialization } from "./initialisers.ts";
import { SEED } from "./kinds.ts";
import { filledLayers } from "./layers.ts";
import { loss } from "./losses.ts";
import { clip, constraint, gradientNoise, group, optimizer, regularizer } from "./remedies.ts";
import { schedule } from "./schedules.ts";

export type { DatasetSpec } from "./datasets.ts";
export type { GainName, InitializationSpec, InitSpec } from "./initialisers.ts";
export type { LayerSpec, ResidualScaleSpec, StochasticDepthSpec } from "./layers.ts";
export type { LossSpec } from "./losses.ts";
export type { ClipSpec, ConstraintSpec, GradientNoiseSpec, GroupSpec, OptimizerSpec, RegularizerSpec } from "./remedies.ts";
export type { NestedScheduleSpec, ScheduleSpec } from "./schedules.ts";

const insight = object({
  parameters: v.optional(flag(), true),
  activations: v.optional(flag(), true),
  histograms: v.optional(flag(), false),
  every: v.optional(integer(1)),
});
export type InsightSpec = v.InferOutput<typeof insight>;

export const experimentSchema = object({
  format: v.literal("fathom-experiment/1", 'is not "fathom-experiment/1", the format that this version reads'),
  name: v.optional(text()),
  seed: SEED,
  dataset,
  batchSize: integer(1),
  steps: integer(1),
  model: filledLayers,
  initialization: v.optional(initialization),
  loss,
  optimizer,
  schedule,
  groups: v.optional(list(group, 'groups such as { "parameters": "0.*", "learningRateFactor": 0 }')),
  regularizer: v.optional(regularizer),
  gradientNoise: v.optional(gradientNoise),
  clip: v.optional(clip),
  constraint: v.optional(constraint),
  monitor: v.optional(object({ every: integer(1) }), { every: 1 }),
  insight: v.optional(insight),
  statistics: v.optional(flag(), true),
  nonFinite: v.optional(choice(["stop", "skip", "ignore"]), "stop"),
  depthFusion: v.optional(choice(["auto", "always", "never"])),
});

/** A checked experiment, defaults filled in. */
export type Experiment = v.InferOutput<typeof experimentSchema>;
