/** What tests hand to the arena's kernels: a step's words, and values laid out as an arena has them. */
import { bitsOf, STEP } from "../../src/ops/arena/layout.ts";
import type { Arena } from "../../src/train/arena.ts";
import { f32, type KernelInput, u32 } from "./runKernel.ts";

export type StepWords = Partial<Record<Exclude<keyof typeof STEP, "words">, number>>;

const INTEGERS: ReadonlySet<string> = new Set(["attemptedStep", "batchStart", "seed"]);

/** The step's words; those that are left out are 0. */
export function stepWords(words: StepWords): KernelInput {
  const step = new Uint32Array(STEP.words);
  for (const [name, value] of Object.entries(words)) step[STEP[name as keyof StepWords]] = INTEGERS.has(name) ? value : bitsOf(value);
  return u32(step);
}

/** Values of the arena with padding 0, each segment's by its own function. */
export function fillArena(arena: Arena, value: (segment: number, index: number) => number): KernelInput {
  const data = new Float32Array(arena.size);
  for (const [segment, { offset, size }] of arena.segments.entries())
    for (let index = 0; index < size; index++) data[offset + index] = value(segment, index);
  return f32([arena.size], data);
}
