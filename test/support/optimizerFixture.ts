/** PyTorch's known answers for optimizers (test/oracle/optimizers.json): 50 updates of a few small tensors by given gradients, in float64. */

import * as v from "valibot";
import { optimizerOf } from "../../src/experiment/optimizer.ts";
import { experimentSchema } from "../../src/experiment/schema/index.ts";
import type { Optimizer } from "../../src/optim/optimizers.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { layOutStacks, type MuonStacks, stackedChunks } from "../../src/train/muonStacks.ts";
import text from "../oracle/optimizers.json?raw";

interface Fixture {
  readonly format: "fathom-optimizers/1";
  readonly tensors: readonly { readonly name: string; readonly role: "weight" | "bias"; readonly shape: readonly number[] }[];
  /** All tensors, one behind the other. */
  readonly start: readonly number[];
  readonly learningRates: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  /** `after` some counts of updates: all tensors, in float64. */
  readonly variants: readonly {
    readonly optimizer: { readonly type: string };
    readonly after: Readonly<Record<string, readonly number[]>>;
  }[];
}

const fixture = JSON.parse(text) as Fixture;

export const { learningRates, gradients } = fixture;
export const arena = layOutArena(fixture.tensors);

/** Tensors one behind the other, each at its place in the arena. */
export function placed(values: readonly number[]): Float32Array {
  const data = new Float32Array(arena.size);
  let at = 0;
  for (const { offset, size } of arena.segments) {
    data.set(values.slice(at, at + size), offset);
    at += size;
  }
  return data;
}

/** What `placed` has put in place. */
export function gathered(data: ArrayLike<number>): number[] {
  return arena.segments.flatMap(({ offset, size }) => Array.from({ length: size }, (_, index) => data[offset + index]!));
}

export const start = placed(fixture.start);

export interface OptimizerCase {
  readonly name: string;
  readonly optimizer: Optimizer;
  readonly after: ReadonlyMap<number, readonly number[]>;
}

/** The variants, with the schema's defaults; the learning rate is not theirs. */
export const optimizerCases: readonly OptimizerCase[] = fixture.variants.map(({ optimizer, after }) => ({
  name: JSON.stringify(optimizer),
  optimizer: optimizerOf(v.parse(experimentSchema.entries.optimizer, optimizer), () => 0),
  after: new Map(Object.entries(after).map(([count, values]) => [Number(count), values])),
}));

/** Muon's stacks, and the chunk table as the optimizer wants it. */
export function tablesFor(optimizer: Optimizer): { readonly stacks: MuonStacks | null; readonly chunks: Uint32Array } {
  if (optimizer.type !== "muon") return { stacks: null, chunks: arena.chunks };
  const factors = arena.segments.map(() => ({ rate: 1, decay: 1 }));
  const stacks = layOutStacks(optimizer, arena.segments, factors);
  return { stacks, chunks: stackedChunks(arena.chunks, arena.segments, stacks) };
}
