/** The rings that insight's records are written into, of as many slots as the ring of reports, and how a stretch of them is read. */
import type { TypedArray } from "../core/dtype.ts";
import { activationRecordWords, parameterRecordWords } from "../ops/insight/layout.ts";
import { activationsOf } from "./activationLayers.ts";
import type { InsightWords } from "./insight.ts";
import type { Stretch } from "./loop.ts";
import type { ResolvedOptions } from "./options.ts";
import { RingReader } from "./ringReader.ts";
import type { Runtime, StateBuffer, StatePart } from "./runtime.ts";

/** Words of a record in each ring; 0 where there is none. */
export interface InsightRecordWords {
  readonly parameters: number;
  readonly activations: number;
}

export function insightWords({ insight, model }: ResolvedOptions, segments: number): InsightRecordWords {
  const layers = insight?.activations ? activationsOf(model).length : 0;
  return {
    parameters: insight && (insight.parameters || insight.histograms) ? parameterRecordWords(segments, insight.histograms) : 0,
    activations: layers > 0 ? activationRecordWords(layers) : 0,
  };
}

export interface InsightRings {
  readonly parameters: StateBuffer | null;
  readonly activations: StateBuffer | null;
  readonly words: InsightRecordWords;
}

export function createInsightRings(state: Runtime["state"], slots: number, words: InsightRecordWords): InsightRings {
  return {
    parameters: words.parameters > 0 ? state("parameterRing", "u32", slots * words.parameters) : null,
    activations: words.activations > 0 ? state("activationRing", "u32", slots * words.activations) : null,
    words,
  };
}

/** Reads the same stretch of both. */
export class InsightReader {
  private readonly readers: readonly { readonly kind: keyof InsightWords; readonly reader: RingReader }[];

  constructor({ parameters, activations, words }: InsightRings, slots: number) {
    const reader = (kind: keyof InsightWords, ring: StateBuffer | null) =>
      ring ? [{ kind, reader: new RingReader({ ring, slots, recordWords: words[kind] }) }] : [];
    this.readers = [...reader("parameters", parameters), ...reader("activations", activations)];
  }

  ranges(stretch: Stretch): StatePart[] {
    return this.readers.map(({ reader }) => reader.range(stretch));
  }

  /** Out of what the ranges have brought, in their order. */
  pick(read: readonly TypedArray[], stretch: Stretch): InsightWords {
    const words: { -readonly [Kind in keyof InsightWords]: InsightWords[Kind] } = { parameters: null, activations: null };
    for (const [index, { kind, reader }] of this.readers.entries()) words[kind] = reader.pick(read[index]!, stretch);
    return words;
  }
}
