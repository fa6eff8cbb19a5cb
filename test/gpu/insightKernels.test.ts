/** Insight's kernels against their float64 references, at magnitudes, values and counts at which simpler ones fail. */
import { describe, expect, it } from "vitest";
import { bitsOf, floatOf, STEP } from "../../src/ops/arena/layout.ts";
import { type ActivationPlace, activationStatisticsOp, activationTables } from "../../src/ops/insight/activationStatistics.ts";
import { finishActivationsOp } from "../../src/ops/insight/finishActivations.ts";
import { finishInsightOp } from "../../src/ops/insight/finishInsight.ts";
import { insightGradientsOp } from "../../src/ops/insight/insightGradients.ts";
import { insightUpdateOp } from "../../src/ops/insight/insightUpdate.ts";
import {
  ACTIVATION_PART,
  activationRecordWords,
  GRADIENT_PARTIAL,
  HISTOGRAM_BINS,
  INSIGHT_HEAD,
  PARAMETER_PART,
  parameterRecordWords,
  parameterWords,
  UPDATE_PARTIAL,
} from "../../src/ops/insight/layout.ts";
import { layOutArena, mostChunks } from "../../src/train/arena.ts";
import { spread } from "../support/float64.ts";
import { f32, hardware, type KernelInput, referenceOf, runKernel, software, u32 } from "../support/runKernel.ts";

const ULP = 2 ** -23;
const sizes = [1, 10, 64, 5000, 3 * 4096 + 1, 33];
const arena = layOutArena(sizes.map((size, index) => ({ name: `p${index}`, role: index % 2 === 0 ? "weight" : "bias", shape: [size] })));
const chunks = u32(arena.chunks);
const segments = arena.segments.length;
const noise = spread(arena.size, 17);

function fill(value: (segment: number, index: number) => number): KernelInput {
  const data = new Float32Array(arena.size);
  for (const [segment, { offset, size }] of arena.segments.entries())
    for (let index = 0; index < size; index++) data[offset + index] = value(segment, index);
  return f32([arena.size], data);
}

function stepWords(attemptedStep: number, l2 = 0, l1 = 0): KernelInput {
  const step = new Uint32Array(STEP.words);
  step.set([attemptedStep], STEP.attemptedStep);
  step.set([bitsOf(l2), bitsOf(l1)], STEP.l2);
  return u32(step);
}

/** Words that are numbers may be off by a tree of a few dozen roundings; all others are exact. */
function expectWords(actual: ArrayLike<number>, truth: ArrayLike<number>, isFloat: (word: number) => boolean, what: string): void {
  for (let word = 0; word < truth.length; word++) {
    if (!isFloat(word)) {
      expect(actual[word], `${what} word ${word}`).toBe(truth[word]);
      continue;
    }
    const [found, expected] = [floatOf(actual[word]!), floatOf(truth[word]!)];
    const near = Object.is(found, expected) || found === expected || Math.abs(found - expected) <= 40 * ULP * Math.abs(expected);
    expect(near, `${what} word ${word}: ${found} for ${expected}`).toBe(true);
  }
}

interface Moved {
  readonly gradients: KernelInput;
  readonly before: KernelInput;
  readonly after: KernelInput;
  readonly step?: KernelInput;
  readonly regularizer?: boolean;
  readonly target?: typeof software;
  readonly histograms?: boolean;
}

const SLOTS = 3;

/** Runs the three passes one on the other's results, holds each against its reference, and gives the record's parts. */
async function record({ gradients, before, after, step = stepWords(4), regularizer = false, target = software, histograms = true }: Moved) {
  const attributes = { regularizer, histograms };
  const first = [gradients, before, chunks, step];
  const [partials, copies, bins] = await runKernel(insightGradientsOp, first, attributes, target);
  const truth = referenceOf(insightGradientsOp, first, attributes);
  const float = (word: number): boolean => word % GRADIENT_PARTIAL.words === GRADIENT_PARTIAL.weightSquares;
  const exactMax = regularizer ? (word: number): boolean => float(word) || word % GRADIENT_PARTIAL.words === 0 : float;
  expectWords(partials!.data, truth[0]!.data, exactMax, "partials");
  for (const { offset, size } of arena.segments)
    expect(new Uint32Array(Float32Array.from(copies!.data.subarray(offset, offset + size)).buffer)).toEqual(
      new Uint32Array(
        Float32Array.from(before.data)
          .subarray(offset, offset + size)
          .slice().buffer,
      ),
    );
  if (histograms && !regularizer) expect(bins!.data).toEqual(truth[2]!.data);

  const second = [before, after, chunks];
  const [updates] = await runKernel(insightUpdateOp, second, undefined, target);
  const updatesTruth = referenceOf(insightUpdateOp, second, undefined)[0]!;
  expectWords(updates!.data, updatesTruth.data, (word) => word % UPDATE_PARTIAL.words === UPDATE_PARTIAL.squares, "updates");

  const ring = u32(new Uint32Array(SLOTS * parameterRecordWords(segments, histograms)).fill(7));
  const third = [u32(partials!.data), u32(updates!.data), u32(arena.segmentTable), step, ring, ...(histograms ? [u32(bins!.data)] : [])];
  const finish = { segments, slots: SLOTS, histograms, chunks: mostChunks(arena) };
  const [after3] = await runKernel(finishInsightOp, third, finish, target);
  const [ringTruth] = referenceOf(finishInsightOp, third, finish);
  const width = parameterWords(histograms);
  const partOf = (word: number): number =>
    (word % parameterRecordWords(segments, histograms)) - INSIGHT_HEAD < 0
      ? -1
      : ((word % parameterRecordWords(segments, histograms)) - INSIGHT_HEAD) % width;
  expectWords(
    after3!.data,
    ringTruth!.data,
    (word) => [PARAMETER_PART.weightNorm, PARAMETER_PART.updateRatio].includes(partOf(word) as never) && after3!.data[word] !== 7,
    "ring",
  );
  const base = (4 % SLOTS) * parameterRecordWords(segments, histograms) + INSIGHT_HEAD;
  return arena.segments.map((_, segment) => {
    const words = after3!.data.subarray(base + segment * width, base + (segment + 1) * width);
    return {
      gradientMax: floatOf(words[PARAMETER_PART.gradientMax]!),
      zeros: words[PARAMETER_PART.zeros]!,
      weightNorm: floatOf(words[PARAMETER_PART.weightNorm]!),
      updateRatio: floatOf(words[PARAMETER_PART.updateRatio]!),
      counts: [...words.subarray(PARAMETER_PART.words)],
    };
  });
}

const weights = fill((segment, index) => noise[(index * 7 + segment) % arena.size]!);
const moved = (by: number): KernelInput =>
  fill((segment, index) => noise[(index * 7 + segment) % arena.size]! + by * noise[(index * 3 + segment) % arena.size]!);

describe("insight into parameters", () => {
  it.each([software, hardware])("equals the reference, for a $adapterClass adapter", async (target) => {
    const gradients = fill((segment, index) => (index % 5 === 3 ? 0 : noise[index + segment]! * 10 ** (segment - 3)));
    const found = await record({ gradients, before: weights, after: moved(1e-3), target });
    expect(found.map(({ zeros }) => zeros)).toEqual(sizes.map((size) => Math.floor((size + 1) / 5)));
    expect(found.map(({ counts }) => counts.reduce((a, b) => a + b))).toEqual(sizes);
    await record({ gradients, before: weights, after: moved(1e-3), target, histograms: false });
  });

  it("takes the penalty's gradient in", async () => {
    const gradients = fill((_, index) => noise[index]! / 8);
    await record({ gradients, before: weights, after: moved(0.1), regularizer: true, step: stepWords(4, 0.25, 0.125) });
  });

  it.each([1e-30, 1e30])("loses no norm, ratio or largest gradient at %d", async (magnitude) => {
    const gradients = fill((_, index) => (index === 0 ? -magnitude : magnitude / 3));
    const before = fill(() => magnitude);
    const after = fill(() => magnitude * 1.25);
    for (const [segment, { gradientMax, weightNorm, updateRatio }] of (await record({ gradients, before, after })).entries()) {
      expect(gradientMax).toBe(Math.fround(magnitude));
      expect(weightNorm / (magnitude * Math.sqrt(sizes[segment]!))).toBeCloseTo(1, 5);
      expect(updateRatio).toBeCloseTo(0.25, 5);
    }
  });

  it("finds a ratio of 1e-30 and one of 1e30, and knows 0 from both", async () => {
    const before = fill((segment) => [1e-15, 1e15, 0, 0, 2, 2][segment]!);
    const after = fill((segment) => [1e15, 1e15, 0, 1e-30, 2, 1][segment]!);
    const found = await record({ gradients: fill(() => 0), before, after });
    expect(found[0]!.updateRatio / 1e30).toBeCloseTo(1, 5);
    expect(found.slice(1).map(({ updateRatio }) => updateRatio)).toEqual([0, 0, Infinity, 0, 0.5]);
    expect(found.map(({ zeros, counts }) => [zeros, counts[0]])).toEqual(sizes.map((size) => [size, size]));
    const tiny = await record({
      gradients: fill(() => 1e-30),
      before: fill(() => 1e10),
      after: fill((_, index) => (index === 0 ? 0 : 1e10)),
    });
    expect(tiny[3]!.updateRatio).toBeCloseTo(1 / Math.sqrt(5000), 6);
  });

  it("reports what is not finite as such, at a chunk's last element, and nothing else", async () => {
    const at = (value: number) => fill((segment, index) => (segment === 4 && index === 3 * 4096 ? value : 1));
    const ones = fill(() => 1);
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      const kind = Number.isNaN(value) ? Number.NaN : Infinity;
      const gradient = await record({ gradients: at(value), before: ones, after: ones });
      expect(gradient.map(({ gradientMax }) => gradientMax)).toEqual([1, 1, 1, 1, kind, 1]);
      expect(gradient[4]!.counts.reduce((a, b) => a + b)).toBe(sizes[4]! - 1);
      const update = await record({ gradients: ones, before: ones, after: at(value) });
      expect(update.map(({ updateRatio }) => updateRatio)).toEqual([0, 0, 0, 0, kind, 0]);
      const weight = await record({ gradients: ones, before: at(value), after: ones });
      expect(weight[4]!.weightNorm).toBe(kind);
      expect(weight[4]!.updateRatio).toBe(Number.NaN);
    }
  });

  it("counts magnitudes in the bins of their powers of two", async () => {
    // 2^-46 and below, 2^-45, just below 1, 1, 3, 2^17 and above
    const values = [2 ** -120, 2 ** -46, -(2 ** -45), 1 - 2 ** -24, 1, -3, 2 ** 17, 1e38, 0, 0];
    const gradients = fill((segment, index) => (segment === 1 ? values[index]! : 1));
    const found = await record({ gradients, before: weights, after: weights });
    const expected = new Array<number>(HISTOGRAM_BINS).fill(0);
    for (const bin of [1, 1, 1, 45, 46, 47, 63, 63, 0, 0]) expected[bin]! += 1;
    expect(found[1]!.counts).toEqual(expected);
  });
});

interface Layer {
  readonly rows: number;
  readonly units: number;
  readonly rule?: ActivationPlace["rule"];
  readonly value: (row: number, unit: number) => number;
}

/** Runs both passes over these layers, in alternate buffers, and gives the record's parts. */
async function activations(layers: readonly Layer[], target = software) {
  const ends = [0, 0];
  const data: number[][] = [[], []];
  const places = layers.map(({ rows, units, rule = "never", value }, index): ActivationPlace => {
    const buffer = (index % 2) as 0 | 1;
    const offset = ends[buffer]!;
    ends[buffer] = offset + Math.ceil((rows * units) / 64) * 64;
    for (let at = 0; at < rows * units; at++) data[buffer]![offset + at] = value(Math.floor(at / units), at % units);
    return { buffer, offset, rows, units, rule };
  });
  const buffer = (which: number): KernelInput =>
    f32(
      [Math.max(64, ends[which]!)],
      Array.from({ length: Math.max(64, ends[which]!) }, (_, at) => data[which]![at] ?? 0),
    );
  const { blocks, layers: table } = activationTables(places);
  const first = [buffer(0), buffer(1), u32(blocks)];
  const [partials] = await runKernel(activationStatisticsOp, first, undefined, target);
  const ring = u32(new Uint32Array(2 * activationRecordWords(layers.length)).fill(9));
  const second = [u32(partials!.data), u32(table), stepWords(5), ring];
  const [after] = await runKernel(finishActivationsOp, second, { slots: 2 }, target);
  // The whole way in float64 is the truth: what lies between has tolerances of its own.
  const whole = referenceOf(activationStatisticsOp, first, undefined)[0]!;
  const truth = referenceOf(finishActivationsOp, [u32(whole.data), ...second.slice(1)], { slots: 2 })[0]!;
  const base = activationRecordWords(layers.length);
  expect([...after!.data.subarray(0, base)], "the other slot").toEqual(new Array(base).fill(9));
  expect([...after!.data.subarray(base, base + INSIGHT_HEAD)]).toEqual([5, 0, 0, 0]);
  return layers.map((_, layer) => {
    const part = (words: Float64Array) => {
      const at = base + INSIGHT_HEAD + layer * ACTIVATION_PART.words;
      const [mean, deviation, saturated, dead] = words.subarray(at, at + 4) as unknown as [number, number, number, number];
      return { mean: floatOf(mean), deviation: floatOf(deviation), saturated, dead };
    };
    const [own, expected] = [part(after!.data), part(truth.data)];
    expect([own.saturated, own.dead], `layer ${layer}`).toEqual([expected.saturated, expected.dead]);
    if (Number.isFinite(expected.deviation)) {
      expect(Math.abs(own.deviation - expected.deviation), `deviation of layer ${layer}: ${own.deviation}`).toBeLessThanOrEqual(
        64 * ULP * expected.deviation,
      );
      expect(Math.abs(own.mean - expected.mean), `mean of layer ${layer}: ${own.mean} for ${expected.mean}`).toBeLessThanOrEqual(
        64 * ULP * (Math.abs(expected.mean) + expected.deviation),
      );
    } else expect([own.mean, own.deviation]).toEqual([expected.mean, expected.deviation]);
    return own;
  });
}

describe("insight into activations", () => {
  it.each([software, hardware])(
    "equals the reference over rows and units of every remainder, for a $adapterClass adapter",
    async (target) => {
      const value = (row: number, unit: number): number => noise[(row * 131 + unit * 7) % noise.length]!;
      await activations(
        [
          { rows: 64, units: 64, value },
          { rows: 1, units: 1, value },
          { rows: 7, units: 65, value, rule: { low: -0.5, high: 0.25 } },
          { rows: 300, units: 130, value: (row, unit) => 3 + value(row, unit) },
          { rows: 513, units: 3, value, rule: "zero" },
        ],
        target,
      );
    },
  );

  it("keeps the spread's digits where the mean is a million times as large, and neither overflows nor vanishes", async () => {
    const around = (centre: number, width: number): Layer => ({
      rows: 40,
      units: 30,
      value: (row, unit) => Math.fround(centre + width * ((row * 30 + unit) % 8)),
    });
    const found = await activations([around(1e6, 1), around(0, 1e-30), around(0, 1e30), around(-1e30, 1e25)]);
    expect(found[0]!.deviation).toBeCloseTo(Math.sqrt(5.25), 4);
    expect(found[1]!.deviation / (1e-30 * Math.sqrt(5.25))).toBeCloseTo(1, 5);
    expect(found[2]!.deviation / (1e30 * Math.sqrt(5.25))).toBeCloseTo(1, 5);
  });

  it("joins blocks of quite different size and magnitude", async () => {
    await activations([
      { rows: 600, units: 70, value: (row, unit) => (row < 256 ? 1e-20 : row < 512 ? 1 + unit : 1e20 * (unit % 3)) },
      { rows: 257, units: 64, value: (row) => (row === 256 ? 1 : 0) },
    ]);
  });

  it("calls a unit dead only if every row of every block is 0", async () => {
    const found = await activations([
      { rows: 600, units: 100, value: (row, unit) => (unit % 3 === 0 ? 0 : unit === 1 ? (row === 599 ? 1 : 0) : 0.5) },
      { rows: 5, units: 33, value: () => 0 },
      { rows: 5, units: 33, value: (_, unit) => (unit === 32 ? -0 : 1e-30) },
    ]);
    expect(found.map(({ dead }) => dead)).toEqual([34, 33, 1]);
    expect(found[1]).toMatchObject({ mean: 0, deviation: 0 });
  });

  it("counts what is saturated by each rule, ends included", async () => {
    const values = [-1, -0.95, -0.9, 0, 0.05, 0.5, 0.95, 1];
    const value = (_: number, unit: number): number => Math.fround(values[unit]!);
    const found = await activations([
      { rows: 3, units: 8, value, rule: { low: -0.95, high: 0.95 } },
      { rows: 3, units: 8, value, rule: { low: 0.05, high: 0.95 } },
      { rows: 3, units: 8, value, rule: "zero" },
      { rows: 3, units: 8, value, rule: "never" },
    ]);
    expect(found.map(({ saturated }) => saturated)).toEqual([12, 21, 3, 0]);
  });

  it("reports what is not finite as PyTorch's mean and std do", async () => {
    const bad = (...of: number[]): Layer => ({ rows: 300, units: 4, value: (row, unit) => (row === 299 ? (of[unit] ?? 1) : 1) });
    const found = await activations([bad(Infinity), bad(-Infinity), bad(Infinity, -Infinity), bad(Number.NaN), bad(Number.NaN, Infinity)]);
    expect(found.map(({ mean }) => mean)).toEqual([Infinity, -Infinity, Number.NaN, Number.NaN, Number.NaN]);
    expect(found.map(({ deviation }) => deviation)).toEqual(new Array(5).fill(Number.NaN));
    expect(found.map(({ dead }) => dead)).toEqual([0, 0, 0, 0, 0]);
  });
});
