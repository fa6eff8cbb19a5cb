/** Lamb's and Muon's kernels one by one against their references, on an arena whose tensors have several chunks and very different magnitudes. */
import { describe, expect, it } from "vitest";
import { lambMomentsOp, updateLambOp } from "../../src/ops/arena/lamb.ts";
import { bitsOf, CHUNK, NONE, SUMMARY } from "../../src/ops/arena/layout.ts";
import { muonMomentsOp, muonStackOp, updateMuonOp } from "../../src/ops/arena/muon.ts";
import { normOf, PAIR_WORDS, segmentNormsOp } from "../../src/ops/arena/segmentNorms.ts";
import { adamTable } from "../../src/optim/adamTable.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { fillArena, stepWords } from "../support/arenaInputs.ts";
import { spread } from "../support/float64.ts";
import { expectNear, f32, type KernelInput, referenceOf, runKernel, u32 } from "../support/runKernel.ts";

/** Of 4096 squares in blocks and trees, a root, and what a direction is made of. */
const TOLERANCE = 48 * 2 ** -24;
const SUBNORMAL = 2 ** -126;
const ADDITIONS = 8;

const sizes = [3, 34, 5000, 70, 2 * 4096 + 6];
const arena = layOutArena(sizes.map((size, index) => ({ name: `p${index}`, role: index === 3 ? "bias" : "weight", shape: [size] })));
const noise = spread(arena.size + 16, 31).map((value) => Math.sign(value) * (0.1 + 0.9 * Math.abs(value)));
const magnitudes = [1e-19, 1, 1e15, 1, 0.5];
/** Beyond the first tensors' 1e-19 and 1e15, so that exponents count. */
const weights = fillArena(arena, (segment, index) => magnitudes[segment]! * noise[(index * 3 + segment) % arena.size]!);
const slopes = fillArena(arena, (segment, index) => noise[(index * 7 + segment) % arena.size]!);
const table = adamTable(0.75, 0.875).slice(0, 2 * ADDITIONS);
const tableInput = f32([table.length], table);
const step = stepWords({ weightDecay: 0.75 });
const segments = u32(arena.segmentTable);

const moments = f32(
  [2 * arena.size],
  Array.from({ length: 2 * arena.size }, (_, at) => {
    const inside = arena.segments.some(({ offset, size }) => at % arena.size >= offset && at % arena.size < offset + size);
    if (!inside) return 0;
    const value = noise[(at * 5) % arena.size]!;
    return at < arena.size ? value / 2 : 0.25 + Math.abs(value);
  }),
);

function summaryOf(applied: number, skip = 0): KernelInput {
  const summary = new Uint32Array(SUMMARY.words);
  summary.set([skip, bitsOf(0.5), applied]);
  summary[SUMMARY.learningRate] = bitsOf(0.25);
  return u32(summary);
}

/** Tensors 1 and 2 are matrices in the stacks, at places that no alignment makes; tensor 4 is in the stacks for Muon's sums of several chunks. */
const begins = [NONE, 5, 64, NONE, 5100];
const size = 5100 + sizes[4]! + 3;
const stackedChunks = Uint32Array.from(arena.chunks);
for (let chunk = 0; chunk < stackedChunks.length; chunk += CHUNK.words) {
  const segment = stackedChunks[chunk + CHUNK.segment]!;
  const begin = begins[segment]!;
  stackedChunks[chunk + CHUNK.stack] =
    begin === NONE ? NONE : begin + stackedChunks[chunk + CHUNK.offset]! - arena.segments[segment]!.offset;
}
const plain = u32(arena.chunks);
const stacked = u32(stackedChunks);

/** Pairs of an exponent, the same, and of a number near the truth. */
function expectPairs(actual: { data: Float64Array }, truth: { data: Float64Array }): void {
  for (let at = 0; at < truth.data.length; at += 2) {
    expect(actual.data[at], `exponent ${at}`).toBe(truth.data[at]);
    const [got, value] = [normOf(0, actual.data[at + 1]!), normOf(0, truth.data[at + 1]!)];
    if (!(Math.abs(got - value) <= TOLERANCE * Math.abs(value) + SUBNORMAL)) expect.fail(`pair ${at}: ${got} for ${value}`);
  }
}

type Numbers = Parameters<typeof expectNear>[0];
/** Relative to the largest number that enters: weights, or what is at most 8 in magnitude. */
const near = (actual: Numbers, truth: Numbers, what: string, scale: (at: number) => number = () => 8): void =>
  expectNear(actual, truth, (at) => TOLERANCE * (Math.abs(truth.data[at]!) + scale(at)), what);

/** The norms as the first pass's partials make them, held to the reference. */
async function normsOf(partials: { data: Float64Array }): Promise<KernelInput> {
  const inputs = [u32(partials.data), segments];
  const [actual] = await runKernel(segmentNormsOp, inputs, undefined);
  const [truth] = referenceOf(segmentNormsOp, inputs, undefined);
  expectPairs(actual!, truth!);
  return u32(truth!.data);
}

const common = { beta1: 0.75, beta2: 0.875, epsilon: 0.5, regularizer: false, clip: "scale" } as const;
const weightOf = (at: number): number => Math.abs(weights.data[at % arena.size]!) + 8;

describe("lamb", () => {
  it.each([0, 2, 40])("equals its references pass by pass, %d updates before", async (applied) => {
    const head = [slopes, plain, summaryOf(applied), step, tableInput, weights];
    const first = [...head, moments];
    const [kept, partials] = await runKernel(lambMomentsOp, first, common);
    const [trueKept, truePartials] = referenceOf(lambMomentsOp, first, common);
    near(kept!, trueKept!, "moments");
    expectPairs(partials!, truePartials!);
    const norms = await normsOf(truePartials!);
    const last = [...head, f32(trueKept!.shape, trueKept!.data), norms];
    const [parameters] = await runKernel(updateLambOp, last, common);
    near(parameters!, referenceOf(updateLambOp, last, common)[0]!, "parameters", weightOf);
  });

  it("takes the ratio for 1 where either norm is 0, and for what it is where they are far apart", async () => {
    for (const [w, r] of [
      [0, 1],
      [1, 0],
      [0, 0],
      [1.5, 1.25],
    ] as const) {
      const pairs = Array.from({ length: sizes.length }, (_, segment) => [(3 - segment) >>> 0, bitsOf(w), segment, bitsOf(r)]).flat();
      const inputs = [slopes, plain, summaryOf(3), step, tableInput, weights, moments, u32(pairs)];
      const [parameters] = await runKernel(updateLambOp, inputs, common);
      near(parameters!, referenceOf(updateLambOp, inputs, common)[0]!, "parameters", (at) => 8 * weightOf(at));
    }
  });

  it("leaves all as it was where the step is skipped", async () => {
    const head = [slopes, plain, summaryOf(3, 1), step, tableInput, weights];
    const [kept] = await runKernel(lambMomentsOp, [...head, moments], common);
    expect([...kept!.data]).toEqual(Array.from(moments.data));
  });
});

describe("muon", () => {
  it.each([
    { nesterov: true, applied: 0 },
    { nesterov: false, applied: 40 },
  ])("equals its references pass by pass: %o", async ({ nesterov, applied }) => {
    const attributes = { ...common, momentum: 0.75, nesterov };
    const head = [slopes, stacked, summaryOf(applied), step];
    const first = [...head, weights, moments];
    const [kept, partials] = await runKernel(muonMomentsOp, first, attributes);
    const [trueKept, truePartials] = referenceOf(muonMomentsOp, first, attributes);
    near(kept!, trueKept!, "moments");
    expectPairs(partials!, truePartials!);
    const norms = await normsOf(truePartials!);
    // The first matrix is shorter than the least norm; the second is not, though its exponent alone would say so.
    const words = Uint32Array.from(norms.data, (word, at) => (at === PAIR_WORDS ? -80 >>> 0 : at === 2 * PAIR_WORDS ? -24 >>> 0 : word));
    const now = f32(trueKept!.shape, trueKept!.data);
    const inputs = [...head, weights, now, u32(words)];
    const [stacks] = await runKernel(muonStackOp, inputs, { ...attributes, size });
    const [trueStacks] = referenceOf(muonStackOp, inputs, { ...attributes, size });
    for (const [segment, begin] of begins.entries()) {
      // u is made of numbers of at most 1 that may cancel.
      const unit = 1 / Math.max(normOf(words[PAIR_WORDS * segment]!, words[PAIR_WORDS * segment + 1]!), 1e-7);
      for (let at = begin; begin !== NONE && at < begin + sizes[segment]!; at++) {
        const [got, value] = [stacks!.data[at]!, trueStacks!.data[at]!];
        if (!(Math.abs(got - value) <= TOLERANCE * (Math.abs(value) + unit))) expect.fail(`stacks at ${at}: ${got} for ${value}`);
      }
    }
    // Nothing may be written between them.
    const inside = (at: number): boolean => begins.some((begin, segment) => at >= begin && at < begin + sizes[segment]!);
    const untouched = stacks!.data.at(-1);
    expect(stacks!.data.every((value, at) => inside(at) || value === untouched)).toBe(true);
    const last = [...head, tableInput, weights, now, f32([size], spread(size, 3))];
    const [parameters] = await runKernel(updateMuonOp, last, attributes);
    near(parameters!, referenceOf(updateMuonOp, last, attributes)[0]!, "parameters", weightOf);
  });
});
