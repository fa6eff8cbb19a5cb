/**
 * What a step with insight computes besides: three dispatches for parameters and two for activations, whatever the depth.
 *
 * Activations are computed straight into two buffers of their own, and so keep their memory to the end of the step.
 */
import { FathomError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import { activationStatistics, activationTables } from "../ops/insight/activationStatistics.ts";
import { finishActivations } from "../ops/insight/finishActivations.ts";
import { finishInsight } from "../ops/insight/finishInsight.ts";
import { insightGradients } from "../ops/insight/insightGradients.ts";
import { insightUpdate } from "../ops/insight/insightUpdate.ts";
import { pack } from "../ops/pack.ts";
import { type ActivationLayer, activationsOf, placeActivations } from "./activationLayers.ts";
import { mostChunks } from "./arena.ts";
import type { ResolvedOptions } from "./options.ts";
import type { ProgramRequest, Runtime, StateBuffer } from "./runtime.ts";
import type { TrainerStates } from "./trainerStates.ts";

type Assignment = ProgramRequest["assignments"][number];

/** Nodes of the step that insight looks at. */
export interface Observed {
  readonly gradients: Node;
  /** Before the update. */
  readonly parameters: Node;
  /** After it. */
  readonly updated: Node;
  readonly chunks: Node;
  readonly step: Node;
  readonly activations: readonly ActivationLayer[];
}

/** What the rings become, and the tables that were made for it, which the program reads and its owner frees. */
export interface InsightGraph {
  readonly assignments: readonly Assignment[];
  readonly tables: readonly StateBuffer[];
}

export function insightGraph(
  runtime: Runtime,
  options: ResolvedOptions,
  states: TrainerStates,
  observed: Observed,
  regularizer: boolean,
): InsightGraph {
  const { parameters: ring, activations: activationRing } = states.insight!;
  const assignments: Assignment[] = [];
  const tables: StateBuffer[] = [];
  if (ring) assignments.push({ state: ring, node: parameterRecord(options, states, ring, observed, regularizer) });
  if (activationRing) {
    const { batchSize, model } = options;
    const layers = observed.activations;
    if (layers.length !== activationsOf(model).length)
      throw new FathomError("internal", `the model ran ${layers.length} activations and holds ${activationsOf(model).length}`);
    states.activations = layers.map(({ name, type, units }) => ({ name, type, units }));
    const { places, sizes } = placeActivations(layers, batchSize);
    const made = activationTables(places);
    const table = (name: string, words: Uint32Array): Node => {
      const state = runtime.state(name, "u32", words.length, words);
      tables.push(state);
      return state.node();
    };
    const buffer = (which: 0 | 1): Node =>
      pack(
        layers.flatMap(({ node }, index) => (places[index]!.buffer === which ? [{ node, offset: places[index]!.offset }] : [])),
        sizes[which],
      );
    const even = buffer(0);
    const partials = activationStatistics({ even, odd: sizes[1] > 0 ? buffer(1) : even, blocks: table("activationBlocks", made.blocks) });
    const node = finishActivations(
      { partials, layers: table("activationLayers", made.layers), step: observed.step, ring: activationRing.node() },
      { slots: states.slots },
    );
    assignments.push({ state: activationRing, node });
  }
  return { assignments, tables };
}

function parameterRecord(
  { insight }: ResolvedOptions,
  states: TrainerStates,
  ring: StateBuffer,
  observed: Observed,
  regularizer: boolean,
): Node {
  const { chunks, step, updated } = observed;
  const before = insightGradients(observed, { regularizer, histograms: insight!.histograms });
  const updates = insightUpdate({ before: before.copies, after: updated, chunks });
  return finishInsight(
    {
      gradients: before.partials,
      updates,
      segments: states.segments.node(),
      step,
      ring: ring.node(),
      histograms: before.histograms,
    },
    { segments: states.arena.segments.length, slots: states.slots, chunks: mostChunks(states.arena) },
  );
}
