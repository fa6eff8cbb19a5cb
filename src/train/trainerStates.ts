/** Everything a trainer keeps on the GPU: the arena contract's states, made and filled. */
import type { Collected } from "../nn/collect.ts";
import { COUNTERS, recordWords, STEP } from "../ops/arena/layout.ts";
import { type GroupFactors, groupFactors, type ParameterGroup } from "../optim/groups.ts";
import { factorTable, initialMoment, momentCount, type Optimizer } from "../optim/optimizers.ts";
import { type Arena, groupedChunks, layOutArena } from "./arena.ts";
import { checkModel } from "./checkModel.ts";
import { initialParameters } from "./initialWeights.ts";
import type { ObservedActivation } from "./insight.ts";
import { createInsightRings, type InsightRings, insightWords } from "./insightRings.ts";
import { layOutStacks, type MuonStacks, stackedChunks } from "./muonStacks.ts";
import type { ResolvedOptions } from "./options.ts";
import { ringSlots } from "./report.ts";
import { rowTable } from "./rows.ts";
import type { Runtime, StateBuffer } from "./runtime.ts";
import { initialRunning, layOutRunning, type RunningLayout } from "./statistics.ts";

/** A flag stands alone in 256 bytes: what a binding is aligned to. */
export const FLAG_WORDS = 64;

export interface TrainerStates {
  readonly collected: Collected;
  readonly arena: Arena;
  /** Whose norms are in a step's record: all, or none without statistics. */
  readonly reported: Arena["segments"];
  readonly runningLayout: RunningLayout;
  readonly slots: number;
  readonly recordWords: number;
  readonly parameters: StateBuffer;
  /** What the optimizer keeps: its first number for every parameter, then its second, and so on; null where it keeps nothing. */
  readonly moments: StateBuffer | null;
  readonly step: StateBuffer;
  readonly counters: StateBuffer;
  readonly ring: StateBuffer;
  /** Null where there is no insight. */
  readonly insight: InsightRings | null;
  readonly chunks: StateBuffer;
  readonly segments: StateBuffer;
  /** See rows.ts; null where nothing goes row by row. */
  rows: StateBuffer | null;
  /** The optimizer's factors by its count of updates; null where it has none. */
  readonly factorTable: StateBuffer | null;
  readonly running: StateBuffer;
  /** Of each parameter, from its group; they are in `chunks` too. A rate of 0 means frozen. */
  factors: readonly GroupFactors[];
  /** Muon's; null for other optimizers. */
  stacks: MuonStacks | null;
  /** One for each checked layer; made when the model is first traced. */
  flags: StateBuffer | null;
  /** Names of the checked layers, for messages. */
  layerNames: readonly string[];
  /** Into how many stacks each repeat was made, by its path, 0 for none; null before the model is traced. A checkpoint records it. */
  depthChoice: Readonly<Record<string, number>> | null;
  /** What insight tells of, once the model has been traced for it. */
  activations: readonly ObservedActivation[];
  /** Makes the row table, where there is none yet. */
  addRows(): void;
  dispose(): void;
}

export function createStates(runtime: Runtime, options: ResolvedOptions): TrainerStates {
  const { model, optimizer, seed } = options;
  const { collected, factors } = checkModel(options);
  const arena = layOutArena(collected.parameters);
  const stacks = stacksFor(optimizer, arena, factors);
  const runningLayout = layOutRunning(collected.statistics);
  const count = momentCount(optimizer);
  const insight = insightWords(options, arena.segments.length);
  const heads = collected.auxiliaries.length;
  const slots = ringSlots(arena.segments.length, heads + insight.parameters + insight.activations);
  const reported = options.statistics ? arena.segments : [];
  const words = recordWords(reported.length, heads);
  const made: StateBuffer[] = [];
  const state: Runtime["state"] = (...of) => {
    const one = runtime.state(...of);
    made.push(one);
    return one;
  };
  try {
    const table = factorTable(optimizer);
    const makeRows = (): StateBuffer => {
      const rows = rowTable(arena);
      return state("rows", "u32", rows.length, rows);
    };
    const states: TrainerStates = {
      collected,
      arena,
      reported,
      runningLayout,
      slots,
      recordWords: words,
      parameters: state("parameters", "f32", arena.size, initialParameters(model, collected, arena, seed, options.initialization)),
      moments: count > 0 ? state("moments", "f32", count * arena.size, initialMoments(arena, count, initialMoment(optimizer))) : null,
      step: state("step", "u32", STEP.words),
      counters: state("counters", "u32", COUNTERS.words),
      ring: state("ring", "u32", slots * words),
      insight: options.insight && createInsightRings(state, slots, insight),
      chunks: state("chunks", "u32", arena.chunks.length, chunkTable(arena, factors, stacks)),
      rows: options.clip?.type === "adaptive" || options.constraint ? makeRows() : null,
      segments: state("segments", "u32", arena.segmentTable.length, arena.segmentTable),
      factorTable: table ? state("factorTable", "f32", table.length, table) : null,
      running: state("running", "f32", runningLayout.size, initialRunning(runningLayout)),
      factors,
      stacks,
      flags: null,
      layerNames: [],
      depthChoice: null,
      activations: [],
      addRows: () => {
        states.rows ??= makeRows();
      },
      dispose: () => {
        for (const one of made) one.dispose();
        states.flags?.dispose();
      },
    };
    return states;
  } catch (error) {
    for (const one of made) one.dispose();
    throw error;
  }
}

const stacksFor = (optimizer: Optimizer, { segments }: Arena, factors: readonly GroupFactors[]): MuonStacks | null =>
  optimizer.type === "muon" ? layOutStacks(optimizer, segments, factors) : null;

function chunkTable(arena: Arena, factors: readonly GroupFactors[], stacks: MuonStacks | null): Uint32Array {
  const grouped = groupedChunks(arena, factors);
  return stacks ? stackedChunks(grouped, arena.segments, stacks) : grouped;
}

/** Gives the parameters the factors of other groups. Whether any is frozen now that was not, or the other way round. */
export function regroup(what: string, states: TrainerStates, optimizer: Optimizer, groups: readonly ParameterGroup[]): boolean {
  const { arena, collected, chunks, factors: before } = states;
  const factors = groupFactors(what, groups, collected.parameters);
  const stacks = stacksFor(optimizer, arena, factors);
  chunks.write(chunkTable(arena, factors, stacks));
  states.factors = factors;
  states.stacks = stacks;
  return factors.some(({ rate }, index) => (rate === 0) !== (before[index]!.rate === 0));
}

/** Nothing where they begin as zeros; the padding is 0 in any case. */
export function initialMoments(arena: Arena, count: number, value: number): Float32Array | undefined {
  if (value === 0) return undefined;
  const values = new Float32Array(count * arena.size);
  for (let own = 0; own < count; own++)
    for (const { offset, size } of arena.segments) values.fill(value, own * arena.size + offset, own * arena.size + offset + size);
  return values;
}
