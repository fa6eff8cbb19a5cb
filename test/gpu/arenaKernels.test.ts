/** The arena's kernels, which end a training step, against their float64 references; at magnitudes, values and counts at which simpler ones fail. */
import { describe, expect, it } from "vitest";
import { commitRunningOp, runningTable } from "../../src/ops/arena/commitRunning.ts";
import { type FinishAttributes, finishStatisticsOp } from "../../src/ops/arena/finishStatistics.ts";
import { type GatherAttributes, gatherBatchOp } from "../../src/ops/arena/gatherBatch.ts";
import { gradientStatisticsOp } from "../../src/ops/arena/gradientStatistics.ts";
import { bitsOf, CHUNK, COUNTERS, floatOf, LOSS_STRIDE, NONE, PARTIAL, RECORD, recordWords, SUMMARY } from "../../src/ops/arena/layout.ts";
import { type AdamAttributes, updateAdamOp } from "../../src/ops/arena/updateAdam.ts";
import { type SgdAttributes, updateSgdOp } from "../../src/ops/arena/updateSgd.ts";
import { adamTable } from "../../src/optim/adamTable.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { fillArena, stepWords } from "../support/arenaInputs.ts";
import { spread } from "../support/float64.ts";
import { expectNear, f32, hardware, i32, type KernelInput, referenceOf, runKernel, software, u32 } from "../support/runKernel.ts";

const ULP = 2 ** -23;
/** Below this a GPU may take a number for 0. */
const SUBNORMAL = 2 ** -126;

const sizes = [1, 10, 64, 5000, 3 * 4096 + 1, 128, 33];
const roles = ["weight", "bias", "normScale", "normShift"] as const;
const arena = layOutArena(sizes.map((size, index) => ({ name: `p${index}`, role: roles[index % 4]!, shape: [size] })));
const chunks = u32(arena.chunks);

const fill = (value: (segment: number, index: number) => number): KernelInput => fillArena(arena, value);

const noise = spread(arena.size, 17);
const weights = fill((segment, index) => noise[(index * 7 + segment) % arena.size]!);

describe("gatherBatch", () => {
  const count = 11;
  const permutation = u32(Array.from({ length: 2 * count }, (_, index) => (index * 7 + Math.floor(index / count)) % count));
  async function compare(attributes: Partial<GatherAttributes>, batchStart: number): Promise<void> {
    const all: GatherAttributes = {
      count,
      batch: 6,
      sampleShape: [5],
      yShape: [],
      xKind: "f32",
      scale: 1,
      yDtype: "i32",
      sequential: false,
      ...attributes,
    };
    const sample = all.sampleShape.reduce((a, b) => a * b, 1);
    const y = all.yShape.reduce((a, b) => a * b, 1);
    const bytes = Uint8Array.from({ length: Math.ceil((all.count * sample) / 4) * 4 }, (_, index) => (index * 37 + 11) % 256);
    const x = all.xKind === "u8" ? u32(new Uint32Array(bytes.buffer)) : f32([all.count * sample], spread(all.count * sample));
    const targets =
      all.yDtype === "i32"
        ? i32(Array.from({ length: all.count * y }, (_, index) => index - 3))
        : f32([all.count * y], spread(all.count * y, 2));
    const inputs = [
      x,
      targets,
      stepWords({ batchStart }),
      ...(all.sequential
        ? []
        : [all.count === count ? permutation : u32(Array.from({ length: 2 * all.count }, (_, index) => (index * 5) % all.count))]),
    ];
    const [actualX, actualY] = await runKernel(gatherBatchOp, inputs, all);
    const [trueX, trueY] = referenceOf(gatherBatchOp, inputs, all);
    expectNear(actualX!, trueX!, (index) => ULP * Math.abs(trueX!.data[index]!), "x");
    expect(actualY).toEqual(trueY);
  }

  it("takes floats and their classes through the permutation, and on into the next epoch's", async () => {
    for (const batchStart of [0, 8, 20]) await compare({}, batchStart);
  });
  it("unpacks bytes of samples that do not fill words", async () => {
    for (const sampleShape of [[1], [5], [2, 3], [8, 8]]) await compare({ xKind: "u8", scale: 1 / 255, sampleShape }, 9);
  });
  it("takes float targets of any shape", async () => compare({ yDtype: "f32", yShape: [2, 3] }, 4));
  it("goes through the samples in order", async () => {
    for (const batchStart of [0, 8]) await compare({ sequential: true }, batchStart);
  });
  it("fills batches larger than the data set", async () => {
    await compare({ batch: 40 }, 5);
    await compare({ batch: 40, sequential: true }, 5);
  });
  it("fills more workgroups than one dimension has", async () =>
    compare({ count: 3, batch: 43, sampleShape: [100_000], xKind: "u8", scale: 1 / 16 }, 1));
});

/** Kinds are exact, and so are the largest magnitudes but for the rounding of a penalty's gradient; sums of squares and penalties have only positive terms, and four 32-deep trees. */
function expectPartials(actual: { data: Float64Array }, truth: { data: Float64Array }, exact = true): void {
  for (let at = 0; at < truth.data.length; at += PARTIAL.words) {
    const what = `chunk ${at / PARTIAL.words}`;
    expect(actual.data[at + PARTIAL.nonFinite], what).toBe(truth.data[at + PARTIAL.nonFinite]);
    expect(Math.abs(actual.data[at + PARTIAL.highest]! - truth.data[at + PARTIAL.highest]!), what).toBeLessThanOrEqual(exact ? 0 : 2);
    for (const word of [PARTIAL.squares, PARTIAL.penalty]) {
      const expected = floatOf(truth.data[at + word]!);
      expect(
        Math.abs(floatOf(actual.data[at + word]!) - expected),
        `${what} word ${word}: ${floatOf(actual.data[at + word]!)} for ${expected}`,
      ).toBeLessThanOrEqual(40 * ULP * Math.abs(expected));
    }
  }
}

const noPenalty = stepWords({});

async function statistics(gradients: KernelInput, regularizer = false, step = noPenalty, target = software): Promise<KernelInput> {
  const inputs = [weights, gradients, chunks, step];
  const [actual] = await runKernel(gradientStatisticsOp, inputs, { regularizer }, target);
  const [truth] = referenceOf(gradientStatisticsOp, inputs, { regularizer });
  expectPartials(actual!, truth!, !regularizer);
  return u32(actual!.data);
}

describe("gradientStatistics", () => {
  it.each([software, hardware])("equals the reference, for a $adapterClass adapter", async (target) => {
    await statistics(
      fill((segment, index) => noise[index + segment]! * 10 ** (segment - 3)),
      false,
      noPenalty,
      target,
    );
  });

  it("keeps to a chunk that does not fill the last round of its invocations", async () => {
    const two = layOutArena([2000, 3000].map((size, index) => ({ name: `s${index}`, role: "weight", shape: [size] })));
    const gradients = fillArena(two, (segment, index) => noise[index + segment]!);
    const inputs = [fillArena(two, (_, index) => noise[index + 7]!), gradients, u32(two.chunks), stepWords({ l2: 0.5, l1: 0.0625 })];
    for (const regularizer of [false, true]) {
      const [actual] = await runKernel(gradientStatisticsOp, inputs, { regularizer }, hardware);
      expectPartials(actual!, referenceOf(gradientStatisticsOp, inputs, { regularizer })[0]!, !regularizer);
    }
  });

  it.each([1e-30, 1e-37, 1e30, 1e38, 3e38])("neither overflows nor vanishes at %d", async (magnitude) => {
    await statistics(fill((_, index) => magnitude * (index % 2 === 0 ? 1 : -0.5)));
  });

  it("gives zeros for zeros, and for one number among them its square", async () => {
    const partials = await statistics(fill(() => 0));
    expect(partials.data[PARTIAL.squares]).toBe(0);
    await statistics(fill((segment, index) => (segment === 3 && index === 4999 ? 1e-20 : 0)));
  });

  it("adds the penalties of weights, and their gradients", async () => {
    const gradients = fill((_, index) => noise[index]! / 8);
    await statistics(gradients, true, stepWords({ l2: 0.25 }));
    await statistics(gradients, true, stepWords({ l1: 0.125 }));
    await statistics(gradients, true, stepWords({ l2: 0.5, l1: 0.0625 }), hardware);
  });

  it.each([0, 1])("leaves the penalty out where chunk %i alone is frozen", async (chunk) => {
    const words = Uint32Array.from(arena.chunks);
    words[CHUNK.words * chunk + CHUNK.rateFactor] = 0;
    const inputs = [weights, fill((_, index) => noise[index]! / 8), u32(words), stepWords({ l2: 0.5, l1: 0.0625 })];
    const [actual] = await runKernel(gradientStatisticsOp, inputs, { regularizer: true });
    expectPartials(actual!, referenceOf(gradientStatisticsOp, inputs, { regularizer: true })[0]!, false);
  });

  it.each([
    { kind: "a NaN", value: Number.NaN, bits: 2 },
    { kind: "an infinity", value: Infinity, bits: 1 },
    { kind: "a negative infinity", value: -Infinity, bits: 1 },
  ])("finds $kind at a chunk's last element", async ({ value, bits }) => {
    for (const regularizer of [false, true]) {
      const partials = await statistics(
        fill((segment, index) => (segment === 4 && index === 3 * 4096 ? value : 1)),
        regularizer,
        stepWords({ l2: 0.5 }),
      );
      const last = arena.segmentTable[8]! + 3;
      expect(arena.chunks[CHUNK.words * last + CHUNK.length]).toBe(1);
      const kinds = Array.from({ length: arena.chunkCount }, (_, chunk) => partials.data[chunk * PARTIAL.words + PARTIAL.nonFinite]);
      expect(kinds.map((kind, chunk) => (chunk === last ? kind === bits : kind === 0))).toEqual(kinds.map(() => true));
    }
  });

  it("takes more chunks than one dimension has workgroups", async () => {
    const many = 65_600;
    const table = new Uint32Array(CHUNK.words * many);
    for (let chunk = 0; chunk < many; chunk++) table.set([4 * chunk, 3, chunk, 0, 3, 0, bitsOf(1), bitsOf(1)], CHUNK.words * chunk);
    const gradients = f32(
      [4 * many],
      Float32Array.from({ length: 4 * many }, (_, index) => (index % 4 === 3 ? 0 : 1 + (index % 1000))),
    );
    const inputs = [gradients, gradients, u32(table), noPenalty];
    const [actual] = await runKernel(gradientStatisticsOp, inputs, { regularizer: false });
    expectPartials(actual!, referenceOf(gradientStatisticsOp, inputs, { regularizer: false })[0]!);
  });
});

const layers = 5;
const slots = 4;
const segments = arena.segments.length;
const segmentTable = u32(arena.segmentTable);

interface FinishState {
  counters: KernelInput;
  flags: KernelInput;
  ring: KernelInput;
}
const fresh = (): FinishState => ({
  counters: u32(new Uint32Array(COUNTERS.words)),
  flags: u32(new Uint32Array(64 * layers)),
  ring: u32(new Uint32Array(slots * recordWords(segments)).fill(7)),
});

const SUMMARY_FLOATS: readonly number[] = [SUMMARY.clipScale, SUMMARY.globalNorm, SUMMARY.penalty, SUMMARY.learningRate];
const isRecordFloat = (word: number): boolean =>
  [RECORD.loss, RECORD.penalty, RECORD.globalNorm, RECORD.clipScale].includes(word as never) || word >= RECORD.norms;

/** Runs the kernel and its reference on the same state; expects equal integers and near floats; the state as it becomes, and the last record. */
async function finish(
  partials: KernelInput,
  state: FinishState,
  words: Parameters<typeof stepWords>[0],
  loss: number,
  options: Partial<FinishAttributes> = {},
  target = software,
) {
  const attributes: FinishAttributes = { segments, layers, slots, clip: "globalNorm", policy: "stop", plateau: null, ...options };
  const inputs = [partials, segmentTable, stepWords(words), f32([], [loss]), state.counters, state.flags, state.ring];
  const [summary, counters, flags, ring] = await runKernel(finishStatisticsOp, inputs, attributes, target);
  const truth = referenceOf(finishStatisticsOp, inputs, attributes);
  const compare = (actual: Float64Array, expected: Float64Array, isFloat: (word: number) => boolean, what: string): void => {
    for (const [at, word] of expected.entries()) {
      const [got, value] = isFloat(at) ? [floatOf(actual[at]!), floatOf(word)] : [actual[at]!, word];
      if (!isFloat(at) || !Number.isFinite(value)) expect(got, `${what} word ${at}`).toBe(value);
      else if (Math.abs(got - value) > 24 * ULP * Math.abs(value) + SUBNORMAL) expect.fail(`${what} word ${at}: ${got} for ${value}`);
    }
  };
  compare(summary!.data, truth[0]!.data, (word) => SUMMARY_FLOATS.includes(word), "summary");
  compare(counters!.data, truth[1]!.data, () => false, "counters");
  compare(flags!.data, truth[2]!.data, () => false, "flags");
  const size = recordWords(segments);
  const own = ((words.attemptedStep ?? 0) % slots) * size;
  compare(ring!.data, truth[3]!.data, (word) => word >= own && word < own + size && isRecordFloat(word - own), "ring");
  const record = ring!.data.subarray(own, own + size);
  return {
    state: { counters: u32(counters!.data), flags: u32(flags!.data), ring: u32(ring!.data) },
    summary: summary!.data,
    counters: counters!.data,
    record,
    float: (word: number): number => floatOf(record[word]!),
  };
}

describe("finishStatistics", () => {
  const ordinary = fill((segment, index) => noise[index + segment]! * 10 ** (segment - 3));

  it.each([software, hardware])("writes the step's record, for a $adapterClass adapter", async (target) => {
    const partials = await statistics(ordinary);
    const { record, float, counters } = await finish(
      partials,
      fresh(),
      { attemptedStep: 9, learningRate: 0.5, clipMax: 2 },
      1.25,
      {},
      target,
    );
    const norm = (index: number): number => {
      const { offset, size } = arena.segments[index]!;
      return Math.hypot(...Array.from(ordinary.data).slice(offset, offset + size));
    };
    const all = Math.hypot(...Array.from(ordinary.data));
    for (const index of arena.segments.keys()) expect(Math.abs(float(RECORD.norms + index) / norm(index) - 1)).toBeLessThan(50 * ULP);
    expect(Math.abs(float(RECORD.globalNorm) / all - 1)).toBeLessThan(50 * ULP);
    expect(Math.abs(float(RECORD.clipScale) / Math.min(1, 2 / (all + 1e-6)) - 1)).toBeLessThan(50 * ULP);
    expect([...record.subarray(0, 4)]).toEqual([9, 0, NONE, NONE]);
    expect([float(RECORD.loss), float(RECORD.learningRate), record[RECORD.appliedStep]]).toEqual([1.25, 0.5, 1]);
    expect(counters[COUNTERS.appliedStep]).toBe(1);
  });

  it("leaves short gradients alone, and all where there is no clip", async () => {
    const partials = await statistics(ordinary);
    expect((await finish(partials, fresh(), { clipMax: 1e6 }, 0)).summary[SUMMARY.clipScale]).toBe(bitsOf(1));
    expect((await finish(partials, fresh(), { clipMax: 1e-3 }, 0, { clip: "none" })).summary[SUMMARY.clipScale]).toBe(bitsOf(1));
  });

  it.each([1e-30, 1e30, 3e37, 1e38])("has norms of gradients of %d, and a clip scale", async (magnitude) => {
    const partials = await statistics(fill((segment) => (segment < 3 ? magnitude : 0)));
    const { float } = await finish(partials, fresh(), { clipMax: 1 }, 0);
    const root = Math.sqrt(75);
    if (magnitude * root < 3.4e38) expect(Math.abs(float(RECORD.globalNorm) / (magnitude * root) - 1)).toBeLessThan(30 * ULP);
    const scale = Math.min(1, 1 / (magnitude * root + 1e-6));
    expect(Math.abs(float(RECORD.clipScale) - scale)).toBeLessThan(30 * ULP * scale + SUBNORMAL);
    expect(float(RECORD.norms + 5)).toBe(0);
  });

  it("adds 1e-6 to the norm that it clips by, and counts the updates on", async () => {
    const partials = await statistics(fill((segment) => (segment < 3 ? 1e-7 : 0)));
    const counters = new Uint32Array(COUNTERS.words);
    counters[COUNTERS.appliedStep] = 6;
    const { float, counters: after } = await finish(partials, { ...fresh(), counters: u32(counters) }, { clipMax: 1e-6 }, 0);
    const scale = Math.min(1, 1e-6 / (1e-7 * Math.sqrt(75) + 1e-6));
    expect(Math.abs(float(RECORD.clipScale) - scale)).toBeLessThan(30 * ULP * scale);
    expect(after[COUNTERS.appliedStep]).toBe(7);
  });

  it("clips gradients whose norm is beyond float32", async () => {
    const partials = await statistics(fill(() => 3e38));
    const { float } = await finish(partials, fresh(), { clipMax: 1e30 }, 0);
    expect(float(RECORD.globalNorm)).toBe(Infinity);
    expect(float(RECORD.clipScale)).toBeGreaterThan(1e-12);
  });

  it("joins segments of very different magnitudes", async () => {
    const partials = await statistics(fill((segment) => [1e-30, 1e30, 1e-10, 1e10, 1, 0, 1e-35][segment]!));
    await finish(partials, fresh(), { clipMax: 1 }, 0);
  });

  it("stops for good at the first number that is not finite", async () => {
    const good = await statistics(ordinary);
    const bad = await statistics(fill((segment, index) => (index === 0 && (segment === 2 || segment === 5) ? Number.NaN : 1)));
    const first = await finish(good, fresh(), { attemptedStep: 0, clipMax: 1 }, 1);
    const flagged = { ...first.state, flags: u32(new Uint32Array(64 * layers)) };
    (flagged.flags.data as Uint32Array)[64 * 3] = 1;
    (flagged.flags.data as Uint32Array)[64 * 1] = 1;
    const second = await finish(bad, flagged, { attemptedStep: 1, clipMax: 1 }, Number.NaN);
    expect([...second.record.subarray(1, 4)]).toEqual([7, 1, 5]);
    expect(second.summary[SUMMARY.skip]).toBe(1);
    expect([
      second.float(RECORD.loss),
      second.float(RECORD.globalNorm),
      second.float(RECORD.norms + 2),
      second.float(RECORD.norms),
    ]).toEqual([NaN, NaN, NaN, 1]);
    expect([...(second.state.flags.data as Uint32Array)].every((word) => word === 0)).toBe(true);
    const third = await finish(good, second.state, { attemptedStep: 2, clipMax: 1 }, 1);
    expect([third.record[RECORD.status], third.summary[SUMMARY.skip], third.record[RECORD.appliedStep]]).toEqual([6, 1, 1]);
    // A later bad step leaves the evidence of the first.
    const fourth = await finish(bad, third.state, { attemptedStep: 3, clipMax: 1 }, 1);
    expect([...fourth.counters]).toEqual([1, 1, 3, 1, 1, 5, 2, ...new Array(9).fill(0)]);
  });

  it.each(["a flag", "the loss", "an infinite gradient"])("skips a step for %s, and goes on", async (what) => {
    const good = await statistics(ordinary);
    const infinite = await statistics(fill((segment, index) => (segment === 0 && index === 0 ? Infinity : 0)));
    const state = fresh();
    if (what === "a flag") (state.flags.data as Uint32Array)[64 * 4] = 1;
    const bad = await finish(
      what === "an infinite gradient" ? infinite : good,
      state,
      { attemptedStep: 0, clipMax: 1 },
      what === "the loss" ? Infinity : 1,
      { policy: "skip" },
    );
    expect([bad.record[RECORD.status], bad.summary[SUMMARY.skip]]).toEqual([3, 1]);
    const after = await finish(good, bad.state, { attemptedStep: 1, clipMax: 1 }, 1, { policy: "skip" });
    expect([after.record[RECORD.status], after.summary[SUMMARY.skip], after.summary[SUMMARY.appliedStep]]).toEqual([0, 0, 0]);
    expect([...after.counters.subarray(0, 4)]).toEqual([1, 0, 1, 0]);
  });

  it("tells of a bad step and skips nothing where it is to ignore it", async () => {
    const bad = await statistics(fill((segment, index) => (segment === 0 && index === 0 ? Number.NaN : 0)));
    const { record, summary, float } = await finish(bad, fresh(), { clipMax: 1 }, 1, { policy: "ignore" });
    expect([record[RECORD.status], summary[SUMMARY.skip], record[RECORD.appliedStep], float(RECORD.clipScale)]).toEqual([1, 0, 1, NaN]);
  });

  it("keeps the losses of auxiliary heads in the record, and finds them where they are not finite", async () => {
    const partials = await statistics(ordinary);
    const auxiliary = 2;
    const size = recordWords(segments, auxiliary);
    const attributes: FinishAttributes = { segments, auxiliary, layers, slots, clip: "none", policy: "skip", plateau: null };
    for (const last of [3.5, Infinity]) {
      const losses = new Float32Array(LOSS_STRIDE * (1 + auxiliary));
      for (const [index, loss] of [1.5, 2.5, last].entries()) losses[LOSS_STRIDE * index] = loss;
      const { counters, flags } = fresh();
      const ring = u32(new Uint32Array(slots * size).fill(7));
      const inputs = [partials, segmentTable, stepWords({ attemptedStep: 2 }), f32([losses.length], losses), counters, flags, ring];
      const [summary, , , actual] = await runKernel(finishStatisticsOp, inputs, attributes);
      const record = actual!.data.subarray(2 * size, 3 * size);
      expect([...record.subarray(RECORD.norms + segments)].map(floatOf)).toEqual([2.5, last]);
      expect([floatOf(record[RECORD.loss]!), summary!.data[SUMMARY.skip]]).toEqual([1.5, last === Infinity ? 1 : 0]);
      expect(actual!.data.every((word, at) => word === 7 || (at >= 2 * size && at < 3 * size))).toBe(true);
    }
  });

  it("finishes nets of thousands of segments", async () => {
    const many = layOutArena(Array.from({ length: 1500 }, (_, index) => ({ name: `p${index}`, role: "weight" as const, shape: [1] })));
    const table = u32(many.segmentTable);
    const partials = new Uint32Array(PARTIAL.words * many.chunkCount);
    for (let chunk = 0; chunk < many.chunkCount; chunk++)
      partials.set([bitsOf(2 ** (chunk % 7)), bitsOf(1 + (chunk % 3) / 4), bitsOf(0.5), 0], PARTIAL.words * chunk);
    const ring = new Uint32Array(recordWords(1500));
    const flags = new Uint32Array(64 * 1000);
    flags[64 * 999] = 1;
    const attributes: FinishAttributes = { segments: 1500, layers: 1000, slots: 1, clip: "none", policy: "skip", plateau: null };
    const inputs = [u32(partials), table, stepWords({}), f32([], [0]), u32(new Uint32Array(COUNTERS.words)), u32(flags), u32(ring)];
    for (const target of [software, hardware]) {
      const [, , , actual] = await runKernel(finishStatisticsOp, inputs, attributes, target);
      const truth = referenceOf(finishStatisticsOp, inputs, attributes)[3]!;
      expect(actual!.data[RECORD.badLayer]).toBe(999);
      for (const word of [RECORD.globalNorm, RECORD.penalty, RECORD.norms, RECORD.norms + 1499])
        expect(Math.abs(floatOf(actual!.data[word]!) / floatOf(truth.data[word]!) - 1)).toBeLessThan(400 * ULP);
    }
  });
});

const summaryOf = (clipScale: number, appliedStep: number, skip = 0, learningRate = 0.1): KernelInput => {
  const summary = new Uint32Array(SUMMARY.words);
  summary.set([skip, bitsOf(clipScale), appliedStep]);
  summary[SUMMARY.learningRate] = bitsOf(learningRate);
  return u32(summary);
};

/** Each output may be off by `scale` times a few ulp of what enters it; all that enters is at most 4 in magnitude. */
function expectStates(
  actual: readonly { data: Float64Array; shape: readonly number[] }[],
  truth: readonly { data: Float64Array; shape: readonly number[] }[],
  scale: number,
): void {
  for (const [index, state] of actual.entries())
    expectNear(state, truth[index]!, (at) => 8 * ULP * (Math.abs(truth[index]!.data[at]!) + scale), `state ${index}`);
}

/** Nothing but the arena's segments may change. */
function expectPaddingZero({ data }: { data: Float64Array }, states = 1): void {
  const inside = new Uint8Array(arena.size);
  for (const { offset, size } of arena.segments) inside.fill(1, offset, offset + size);
  for (let at = 0; at < states * arena.size; at++)
    if (inside[at % arena.size] === 0 && data[at] !== 0) expect.fail(`padding at ${at} became ${data[at]}`);
}

describe("updateSgd", () => {
  const gradients = fill((segment, index) => noise[index * 3 + segment]!);
  const moments = fill((_, index) => noise[index + 5]!);
  const variants: readonly (SgdAttributes & { words: Parameters<typeof stepWords>[0] })[] = [
    { momentum: 0, dampening: 0, nesterov: false, decoupled: false, regularizer: false, clip: "scale", words: {} },
    {
      momentum: 0,
      dampening: 0,
      nesterov: false,
      decoupled: false,
      regularizer: true,
      clip: "scale",
      words: { l2: 0.5, l1: 0.25, weightDecay: 0.125 },
    },
    { momentum: 0.9, dampening: 0, nesterov: false, decoupled: false, regularizer: false, clip: "scale", words: { weightDecay: 0.25 } },
    { momentum: 0.9, dampening: 0.5, nesterov: false, decoupled: false, regularizer: false, clip: "scale", words: {} },
    { momentum: 0.75, dampening: 0, nesterov: true, decoupled: false, regularizer: true, clip: "scale", words: { l1: 0.5 } },
    { momentum: 0.9, dampening: 0, nesterov: false, decoupled: true, regularizer: false, clip: "scale", words: { weightDecay: 0.25 } },
  ];
  it.each(variants)(
    "equals the reference: momentum $momentum, dampening $dampening, nesterov $nesterov, $words",
    async ({ words, ...attributes }) => {
      for (const applied of [0, 3]) {
        const inputs = [
          gradients,
          chunks,
          summaryOf(0.375, applied),
          stepWords(words),
          weights,
          ...(attributes.momentum === 0 ? [] : [moments]),
        ];
        const actual = await runKernel(updateSgdOp, inputs, attributes);
        expectStates(actual, referenceOf(updateSgdOp, inputs, attributes), 1);
        for (const state of actual) expectPaddingZero(state);
      }
    },
  );

  it("clips by value, or each parameter tensor by a scale of its own, and heeds the factors of groups", async () => {
    const grouped = Uint32Array.from(arena.chunks);
    for (let chunk = 0; chunk < grouped.length; chunk += CHUNK.words) {
      const segment = grouped[chunk + CHUNK.segment]!;
      grouped.set([bitsOf([1, 0, 0.5][segment % 3]!), bitsOf(segment % 2)], chunk + CHUNK.rateFactor);
    }
    const one = Uint32Array.from(summaryOf(0.375, 3).data);
    const several = Uint32Array.from([...one, ...arena.segments.flatMap((_, segment) => [bitsOf(1 / (segment + 1)), segment % 3])]);
    for (const clip of ["value", "segments"] as const) {
      const attributes: SgdAttributes = { momentum: 0.9, dampening: 0, nesterov: false, decoupled: false, regularizer: true, clip };
      const step = stepWords({ l2: 0.5, l1: 0.25, weightDecay: 0.125, clipMax: 0.3 });
      const inputs = [gradients, u32(grouped), u32(several), step, weights, moments];
      const actual = await runKernel(updateSgdOp, inputs, attributes);
      expectStates(actual, referenceOf(updateSgdOp, inputs, attributes), 1);
      const { offset, size } = arena.segments[1]!;
      expect([...actual[0]!.data.subarray(offset, offset + size)]).toEqual([...Array.from(weights.data).slice(offset, offset + size)]);
    }
  });

  it("touches nothing where the step is skipped, and keeps padding 0 where a gradient is NaN", async () => {
    const attributes: SgdAttributes = { momentum: 0.9, dampening: 0, nesterov: false, decoupled: false, regularizer: true, clip: "scale" };
    const skipped = await runKernel(updateSgdOp, [gradients, chunks, summaryOf(1, 0, 1), stepWords({}), weights, moments], attributes);
    expect([...skipped[0]!.data]).toEqual(Array.from(weights.data));
    expect([...skipped[1]!.data]).toEqual(Array.from(moments.data));
    const spoiled = await runKernel(
      updateSgdOp,
      [gradients, chunks, summaryOf(Number.NaN, 0), stepWords({}), weights, moments],
      attributes,
    );
    expect(spoiled[0]!.data[0]).toBeNaN();
    for (const state of spoiled) expectPaddingZero(state);
  });
});

describe("updateAdam", () => {
  const gradients = fill((segment, index) => noise[index * 3 + segment]!);
  const moments = f32([2 * arena.size], new Float32Array(2 * arena.size));
  const variants: readonly (AdamAttributes & { words: Parameters<typeof stepWords>[0] })[] = [
    { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decoupled: false, regularizer: false, clip: "scale", words: {} },
    {
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      decoupled: false,
      regularizer: true,
      clip: "scale",
      words: { l2: 0.5, l1: 0.25, weightDecay: 0.125 },
    },
    { beta1: 0.5, beta2: 0.75, epsilon: 1e-3, decoupled: true, regularizer: false, clip: "scale", words: { weightDecay: 0.25 } },
    { beta1: 0, beta2: 0, epsilon: 0, decoupled: true, regularizer: false, clip: "scale", words: {} },
  ];
  it.each(variants)(
    "follows the reference for three steps: β $beta1 $beta2, ε $epsilon, decoupled $decoupled, $words",
    async ({ words, ...attributes }) => {
      const table = f32([1], adamTable(attributes.beta1, attributes.beta2));
      let state = [weights, moments];
      for (const applied of [0, 1, 2]) {
        const inputs = [
          gradients,
          chunks,
          summaryOf(0.375, applied, 0, 0.01),
          stepWords(words),
          { ...table, shape: [table.data.length] },
          ...state,
        ];
        const actual = await runKernel(updateAdamOp, inputs, attributes);
        expectStates(actual, referenceOf(updateAdamOp, inputs, attributes), 0.25);
        expectPaddingZero(actual[0]!);
        expectPaddingZero(actual[1]!, 2);
        state = actual.map(({ shape, data }) => f32(shape, data));
      }
    },
  );

  it("uses the table's last entry for ever, and touches nothing where the step is skipped", async () => {
    const attributes: AdamAttributes = { beta1: 0.5, beta2: 0.75, epsilon: 1e-8, decoupled: false, regularizer: false, clip: "scale" };
    const data = adamTable(0.5, 0.75);
    const table = f32([data.length], data);
    const inputs = (summary: KernelInput): KernelInput[] => [gradients, chunks, summary, stepWords({}), table, weights, moments];
    const late = inputs(summaryOf(1, 4_000_000_000, 0, 0.01));
    expectStates(await runKernel(updateAdamOp, late, attributes), referenceOf(updateAdamOp, late, attributes), 0.25);
    const skipped = await runKernel(updateAdamOp, inputs(summaryOf(1, 0, 1)), attributes);
    expect([...skipped[0]!.data]).toEqual(Array.from(weights.data));
  });
});

describe("commitRunning", () => {
  const table = runningTable([
    { mean: 0, variance: 64, statistics: 0, features: 3, momentum: 0.1, batch: 8 },
    { mean: 128, variance: 256, statistics: 64, features: 100, momentum: 1, batch: 2 },
    { mean: 384, variance: 448, statistics: 320, features: 64, momentum: 0, batch: 64 },
  ]);
  const inputs = (skip: number): KernelInput[] => [f32([448], spread(448)), u32(table), summaryOf(1, 0, skip), f32([512], spread(512, 2))];
  it("takes in every batch-norm's statistics, each with its own weight", async () => {
    const [actual] = await runKernel(commitRunningOp, inputs(0), undefined);
    const [truth] = referenceOf(commitRunningOp, inputs(0), undefined);
    expectNear(actual!, truth!, () => 4 * ULP, "running");
    const before = inputs(0)[3]!.data;
    expect([...actual!.data.subarray(3, 64)]).toEqual([...Array.from(before).slice(3, 64)]);
    expect([...actual!.data.subarray(384)]).toEqual([...Array.from(before).slice(384)]);
  });
  it("touches nothing where the step is skipped", async () => {
    const [actual] = await runKernel(commitRunningOp, inputs(1), undefined);
    expect([...actual!.data]).toEqual(Array.from(inputs(1)[3]!.data));
  });
});
