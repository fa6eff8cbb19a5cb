/**
 * One training step as a program: gather → forward → loss → backward → gradients packed into their arena → statistics → update → running
 * statistics. Whatever the depth, what comes after the backward pass is three dispatches, and one more each for batch-norm, noise, a clip row by
 * row and a constraint; lamb and muon, which go tensor by tensor, have updates of several.
 */
import { backward } from "../autodiff/backward.ts";
import { FathomError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import { commitRunning, type RunningRow, runningTable } from "../ops/arena/commitRunning.ts";
import { finishStatistics } from "../ops/arena/finishStatistics.ts";
import { gatherBatch } from "../ops/arena/gatherBatch.ts";
import { LOSS_STRIDE } from "../ops/arena/layout.ts";
import { scalar } from "../ops/define.ts";
import { pack } from "../ops/pack.ts";
import { loadFusion } from "./depthRequest.ts";
import { prepareGradients } from "./gradients.ts";
import { ModelTrace } from "./modelTrace.ts";
import type { ResolvedOptions } from "./options.ts";
import { loadRemedies, type Remedies } from "./remedies.ts";
import { longestRow } from "./rows.ts";
import type { Program, ProgramRequest, Runtime, StateBuffer } from "./runtime.ts";
import { checkOutput, type SplitOnGpu } from "./splitOnGpu.ts";
import { FLAG_WORDS, type TrainerStates } from "./trainerStates.ts";

type Assignment = ProgramRequest["assignments"][number];

/** A step for one data set. */
export interface CompiledStep {
  readonly program: Program;
  /** What became of each repeat under depth fusion. */
  readonly notes: readonly string[];
  dispose(): void;
}

/** What the graph of a step is built from. */
interface Parts {
  readonly runtime: Runtime;
  readonly options: ResolvedOptions;
  readonly states: TrainerStates;
  readonly split: SplitOnGpu;
  /** Null where the order is that of the data set. */
  readonly permutation: StateBuffer | null;
  /** Where the batch-norms' statistics lie, and where they go; null where there is no batch-norm. */
  readonly table: RunningTable | null;
  readonly remedies: Remedies;
}

/** What each state becomes, and states that were made for it. */
interface Built {
  readonly assignments: readonly Assignment[];
  readonly made: readonly StateBuffer[];
}

export async function compileStep(
  runtime: Runtime,
  options: ResolvedOptions,
  states: TrainerStates,
  split: SplitOnGpu,
  permutation: StateBuffer | null,
  withInsight = false,
): Promise<CompiledStep> {
  const { arena, collected, runningLayout, parameters, running, step, chunks, segments } = states;
  const remedies = await loadRemedies(options, states, withInsight);
  const fuse = await loadFusion(runtime, options, states);
  const trace = new ModelTrace(runtime, true, options.model, collected, arena, runningLayout, { parameters, running, step }, { fuse });
  const table = makeRunningTable(runtime, options, states);
  const own: StateBuffer[] = table ? [table.state] : [];
  try {
    const { assignments, made } = runtime.trace(() => build({ runtime, options, states, split, permutation, table, remedies }, trace));
    own.push(...made);
    states.depthChoice = trace.depthChoice;
    const read = [split.x, split.y, step, chunks, segments, parameters, permutation, states.factorTable, states.rows, ...own];
    const program = await runtime.compileProgram({
      label: withInsight ? "training step with insight" : "training step",
      assignments,
      states: read.filter((state) => state !== null),
      ...(options.statistics ? { check: { flags: states.flags!, layers: trace.layers } } : {}),
    });
    const dispose = (): void => {
      program.dispose();
      for (const state of own) state.dispose();
    };
    return { program, notes: trace.fusionNotes, dispose };
  } catch (error) {
    for (const state of own) state.dispose();
    throw error;
  } finally {
    trace.dispose();
  }
}

function build(parts: Parts, trace: ModelTrace): Built {
  const { runtime, options, states, split, permutation, remedies } = parts;
  const { arena, parameters, chunks, segments, counters, ring } = states;
  const step = states.step.node();
  const batch = gather(options.batchSize, split, step, permutation);
  const output = trace.forward(batch.x);
  checkOutput(options.loss, output, split.split);
  const heads = states.collected.auxiliaries.map(({ name, weight }, index) => {
    const own = trace.auxiliaryOutputs[index]!;
    checkOutput(options.loss, own, split.split, `the auxiliary head "${name}"`);
    return { node: options.loss.mean(trace.wrap(own), trace.wrap(batch.y)).node, gradient: scalar(weight) };
  });
  const loss = options.loss.mean(trace.wrap(output), trace.wrap(batch.y)).node;
  const flags = flagsFor(runtime, states, trace);

  // Of what is frozen no gradient is asked for, and its place stays 0.
  const trained = trace.trained((index) => states.factors[index]!.rate === 0);
  const found = backward(
    [{ node: loss }, ...heads],
    trained.map(({ node }) => node),
    // The same kernel as the first time, and so the same numbers.
    { segments: trace.segments, copied: (original, copy) => copyLayer(trace.layers, original, copy) },
  );
  const gradients = trained.flatMap(({ offset }, index) => {
    const node = found[index];
    return node ? [{ node, offset }] : [];
  });
  const nodes = {
    parameters: parameters.node(),
    gradients: pack(gradients, arena.size),
    chunks: chunks.node(),
    segments: segments.node(),
    step,
  };
  const prepared = prepareGradients(options, states, remedies, nodes);
  const finished = finishStatistics(
    {
      partials: prepared.partials,
      segments: nodes.segments,
      step,
      loss: lossesOf(loss, heads),
      counters: counters.node(),
      flags: flags.node(),
      ring: ring.node(),
    },
    {
      segments: states.reported.length,
      auxiliary: heads.length,
      layers: options.statistics ? trace.layerNames.length : 0,
      slots: states.slots,
      ...prepared.finish,
      policy: options.nonFinite,
      plateau: options.optimizer.learningRate.plateau,
    },
  );
  const updated = remedies.update(
    {
      ...nodes,
      gradients: prepared.updated,
      summary: finished.summary,
      moments: states.moments?.node() ?? null,
      table: states.factorTable?.node() ?? null,
    },
    prepared.update,
  );
  const { constraint } = options;
  const constrained = constraint
    ? remedies.maxNorm!(
        { rows: states.rows!.node(), chunks: nodes.chunks, summary: finished.summary, parameters: updated.parameters },
        { max: constraint.max, longest: longestRow(states.arena, "weights") },
      )
    : updated.parameters;
  const insight = remedies.insightGraph
    ? remedies.insightGraph(
        runtime,
        options,
        states,
        { ...nodes, gradients: prepared.gradients, updated: constrained, activations: trace.activations },
        prepared.penalty,
      )
    : { assignments: [], tables: [] };
  const assignments = [
    { state: counters, node: finished.counters },
    { state: flags, node: finished.flags },
    { state: ring, node: finished.ring },
    { state: parameters, node: constrained },
    ...(updated.moments ? [{ state: states.moments!, node: updated.moments }] : []),
    ...commit(parts, trace, finished.summary),
    ...insight.assignments,
  ];
  return { assignments, made: insight.tables };
}

/** The layer's flag is raised by either. */
function copyLayer(layers: Map<Node, number>, original: Node, copy: Node): void {
  const layer = layers.get(original);
  if (layer !== undefined) layers.set(copy, layer);
}

/** The main loss, and behind it those of the auxiliary heads. */
function lossesOf(loss: Node, heads: readonly { readonly node: Node }[]): Node {
  if (heads.length === 0) return loss;
  const parts = [{ node: loss }, ...heads].map(({ node }, index) => ({ node, offset: LOSS_STRIDE * index }));
  return pack(parts, LOSS_STRIDE * parts.length);
}

/** The rows of the split from `batchStart` on, through the permutation where there is one. */
export function gather(
  rows: number,
  { split, sampleShape, x, y, bytes }: SplitOnGpu,
  step: Node,
  permutation: StateBuffer | null,
): { x: Node; y: Node } {
  const attributes = {
    count: split.count,
    batch: rows,
    sampleShape,
    yShape: split.yShape,
    xKind: bytes ? ("u8" as const) : ("f32" as const),
    scale: split.xScale,
    yDtype: y.dtype,
  };
  return gatherBatch({ x: x.node(), y: y.node(), step, ...(permutation ? { permutation: permutation.node() } : {}) }, attributes);
}

/** The layers are known once the model has been traced; they are the same at every tracing. */
function flagsFor(runtime: Runtime, states: TrainerStates, { layerNames }: ModelTrace): StateBuffer {
  states.layerNames = layerNames;
  states.flags ??= runtime.state("flags", "u32", FLAG_WORDS * Math.max(1, layerNames.length));
  return states.flags;
}

interface RunningTable {
  readonly rows: readonly RunningRow[];
  /** Elements of the packed statistics. */
  readonly size: number;
  readonly state: StateBuffer;
}

function makeRunningTable(runtime: Runtime, { batchSize }: ResolvedOptions, { runningLayout }: TrainerStates): RunningTable | null {
  if (runningLayout.segments.length === 0) return null;
  if (batchSize < 2)
    throw new FathomError(
      "argument",
      `train: batchSize is ${batchSize}, and the model has a batch-norm, which needs at least 2 rows to have a variance`,
    );
  let size = 0;
  const rows = runningLayout.segments.map(({ mean, variance, features, momentum }): RunningRow => {
    const statistics = size;
    size += Math.ceil((2 * features) / 64) * 64;
    return { mean, variance, statistics, features, momentum, batch: batchSize };
  });
  const words = runningTable(rows);
  return { rows, size, state: runtime.state("runningTable", "u32", words.length, words) };
}

/** All batch-norms' running estimates take in the batch's statistics, in one dispatch. */
function commit({ states, table }: Parts, trace: ModelTrace, summary: Node): Assignment[] {
  if (!table) return [];
  const kept = table.rows.map(({ statistics }, index) => {
    const node = trace.batchStatistics[index];
    if (!node) throw new FathomError("internal", `the batch-norm ${states.runningLayout.segments[index]!.path} kept no statistics`);
    return { node, offset: statistics };
  });
  const { running } = states;
  return [
    {
      state: running,
      node: commitRunning({ running: running.node(), statistics: pack(kept, table.size), table: table.state.node(), summary }),
    },
  ];
}
