/** What a step reports, and how the GPU's record of it is read. */
import { FathomError } from "../core/errors.ts";
import type { Role } from "../nn/module.ts";
import { COUNTERS, NONE, RECORD, recordWords } from "../ops/arena/layout.ts";
import type { Segment } from "./arena.ts";
import type { Insight } from "./insight.ts";

export interface LayerReport {
  /** PyTorch's name of the parameter. */
  readonly name: string;
  readonly role: Role;
  /** Before the clip, the penalty's gradient included. */
  readonly gradientNorm: number;
}

/** The loss of an auxiliary head, without its weight. */
export interface AuxiliaryReport {
  readonly name: string;
  readonly loss: number;
}

export interface Report {
  /** From 0. */
  readonly step: number;
  /** Of the main output, before this step's update, without the penalty. */
  readonly loss: number;
  /** NaN without statistics, as is the norm. */
  readonly regularization: number;
  /** Of this step's update: the schedule's, times what a plateau has made of it. */
  readonly learningRate: number;
  /** Over all parameters, before the clip. */
  readonly gradientNorm: number;
  readonly clipScale: number;
  /** Every parameter tensor, in depth order. */
  readonly layers: readonly LayerReport[];
  /** The auxiliary heads' own losses; only where there are any. */
  readonly auxiliary?: readonly AuxiliaryReport[];
  /** Updates made until now, this one included. */
  readonly appliedStep: number;
  /** Whether this step's update was left out, because something was not finite. */
  readonly skipped: boolean;
  /** Only where the trainer was asked for it, and for this step. */
  readonly insight?: Insight;
}

/** Words of the whole ring that is worth spending on fewer reads. */
const MOST_RING_WORDS = 1 << 18;
const MOST_SLOTS = 64;

/** Records that the ring holds, with `otherWords` beside the norms, those of insight and of auxiliary heads: step k's lies at slot k mod slots. */
export function ringSlots(segments: number, otherWords = 0): number {
  return Math.max(2, Math.min(MOST_SLOTS, Math.floor(MOST_RING_WORDS / (recordWords(segments) + otherWords))));
}

/** What stopped, or would have stopped, a run. */
export interface NonFinite {
  readonly step: number;
  /** Lowest layer whose output was not finite, counted among those that are checked. */
  readonly layer: number | null;
  /** The parameter, by its index, whose gradient is the first in backward order that is not finite. */
  readonly segment: number | null;
}

export interface StepRecord {
  readonly report: Report;
  readonly nonFinite: NonFinite | null;
  readonly stopped: boolean;
}

const numbered = (word: number): number | null => (word === NONE ? null : word);

/** Record `index` of what was read from the ring; `segments` is empty where the step makes no statistics; `heads` are the auxiliary heads' names. */
export function decodeRecord(words: Uint32Array, index: number, segments: readonly Segment[], heads: readonly string[] = []): StepRecord {
  const base = index * recordWords(segments.length, heads.length);
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const word = (at: number): number => words[base + at]!;
  const float = (at: number): number => floats[base + at]!;
  const statistic = (at: number): number => (segments.length > 0 ? float(at) : Number.NaN);
  const step = word(RECORD.attemptedStep);
  const status = word(RECORD.status);
  const layers = segments.map(({ name, role }, segment): LayerReport => ({ name, role, gradientNorm: float(RECORD.norms + segment) }));
  const auxiliary = heads.map((name, head): AuxiliaryReport => ({ name, loss: float(RECORD.norms + segments.length + head) }));
  return {
    report: {
      step,
      loss: float(RECORD.loss),
      regularization: statistic(RECORD.penalty),
      learningRate: float(RECORD.learningRate),
      gradientNorm: statistic(RECORD.globalNorm),
      clipScale: float(RECORD.clipScale),
      layers,
      ...(heads.length > 0 ? { auxiliary } : {}),
      appliedStep: word(RECORD.appliedStep),
      skipped: (status & 2) !== 0,
    },
    nonFinite: (status & 1) === 0 ? null : { step, layer: numbered(word(RECORD.badLayer)), segment: numbered(word(RECORD.badSegment)) },
    stopped: (status & 4) !== 0,
  };
}

export function firstBad(counters: Uint32Array): NonFinite | null {
  if (counters[COUNTERS.stopped] === 0) return null;
  return {
    step: counters[COUNTERS.firstBadStep]!,
    layer: numbered(counters[COUNTERS.firstBadLayer]!),
    segment: numbered(counters[COUNTERS.firstBadSegment]!),
  };
}

/** The error of policy "stop". */
export function nonFiniteError(
  { step, layer, segment }: NonFinite,
  layerNames: readonly string[],
  segments: readonly Segment[],
  heads: readonly string[] = [],
): FathomError {
  const layerName = layer === null ? null : (layerNames[layer] ?? `layer ${layer}`);
  const parameter = segment === null ? null : segments[segment]!.name;
  const where =
    layerName !== null
      ? `the output of layer ${layer}, ${layerName}, is not finite (it is the first such layer)`
      : parameter !== null
        ? `the gradient of ${parameter} is not finite (the first in backward order), though every layer's output is`
        : `the loss${heads.length > 0 ? `, or that of an auxiliary head (${heads.join(", ")}),` : ""} is not finite, though every layer's output is`;
  return new FathomError(
    "non-finite",
    `training stopped at step ${step}: ${where}. That update was not made. Use a smaller learning rate, clip: optim.clipGlobalNorm(1), another initialisation, or nonFinite: "skip"`,
    { details: { step, layer, layerName, parameter } },
  );
}
