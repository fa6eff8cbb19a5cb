/** What goes row by row, against its float64 references: rows of one element, of thousands, and many of them, of magnitudes whose squares float32 does not hold; and in training. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { nn, open, optim, type TrainerOptions } from "../../src/index.ts";
import { clipRowsOp } from "../../src/ops/arena/clipRows.ts";
import { CHUNK, floatOf, SUMMARY } from "../../src/ops/arena/layout.ts";
import { maxNormOp } from "../../src/ops/arena/maxNorm.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { longestRow, rowTable } from "../../src/train/rows.ts";
import { fillArena, stepWords } from "../support/arenaInputs.ts";
import { fewPoints } from "../support/fewPoints.ts";
import { spread } from "../support/float64.ts";
import { reportsOf } from "../support/oracleRun.ts";
import { hardware, type KernelInput, referenceOf, runKernel, software, u32 } from "../support/runKernel.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";

vi.setConfig({ testTimeout: 180_000 });

/** Sums of at most 5000 squares in blocks and trees, two roots, two quotients and their products. */
const TOLERANCE = 60 * 2 ** -23;
const SUBNORMAL = 2 ** -126;

const shapes = [[3, 5000], [700, 3], [4200], [9, 70], [1, 1], [2, 4096]] as const;
const roles = ["weight", "weight", "bias", "weight", "weight", "weight"] as const;
const arena = layOutArena(shapes.map((shape, index) => ({ name: `p${index}`, role: roles[index]!, shape })));
/** The last is frozen. */
const chunkWords = Uint32Array.from(arena.chunks);
for (let at = 0; at < chunkWords.length; at += CHUNK.words) if (chunkWords[at + CHUNK.segment] === 5) chunkWords[at + CHUNK.rateFactor] = 0;
const chunks = u32(chunkWords);
const rows = u32(rowTable(arena));
const longest = longestRow(arena, "all");
const noise = spread(arena.size, 9).map((value) => Math.sign(value) * (0.1 + 0.9 * Math.abs(value)));

/** A magnitude for each row, sixty orders apart. */
const lengthOf = (segment: number): number => (shapes[segment]!.length > 1 ? shapes[segment]![1]! : shapes[segment]![0]);
const magnitude = (segment: number, index: number, factor: number): number =>
  10 ** (((Math.floor(index / lengthOf(segment)) * factor + segment) % 61) - 30);
const values = (seed: number, factor: number): KernelInput =>
  fillArena(arena, (segment, index) => magnitude(segment, index, factor) * noise[(index + 13 * segment + seed) % arena.size]!);

function expectSegments(actual: Float64Array, truth: Float64Array, what: string): void {
  for (const { name, offset, size } of arena.segments)
    for (let index = offset; index < offset + size; index++)
      if (!(Math.abs(actual[index]! - truth[index]!) <= TOLERANCE * Math.abs(truth[index]!) + SUBNORMAL))
        expect.fail(`${what}, ${name} element ${index - offset}: ${actual[index]} for ${truth[index]}`);
}

function expectLeast(actual: Float64Array, truth: Float64Array): void {
  for (const [tile, bits] of truth.entries()) {
    const [got, value] = [floatOf(actual[tile]!), floatOf(bits)];
    if (!(Math.abs(got - value) <= TOLERANCE * value + SUBNORMAL)) expect.fail(`record ${tile}: ${got} for ${value}`);
  }
}

describe.each([software, hardware])("for a $adapterClass adapter", (target) => {
  it("clips rows from 1e-30 to 1e30 against parameters from 1e-30 to 1e30", async () => {
    for (const attributes of [
      { ratio: 0.01, epsilon: 1e-3, regularizer: false, longest },
      { ratio: 0.5, epsilon: 1e-30, regularizer: false, longest },
      { ratio: 0.01, epsilon: 1e-3, regularizer: true, longest },
    ]) {
      const inputs = [values(0, 7), values(5, 11), rows, chunks, stepWords({ l2: 0.5, l1: 0.25 })];
      const [clipped, least] = await runKernel(clipRowsOp, inputs, attributes, target);
      const [truth, trueLeast] = referenceOf(clipRowsOp, inputs, attributes);
      expectSegments(clipped!.data, truth!.data, JSON.stringify(attributes));
      expectLeast(least!.data, trueLeast!.data);
    }
  });

  it("clips rows whose largest number is with one invocation alone, rows of zeros, and by factors beyond a power of two", async () => {
    const of = (value: (row: number, column: number) => number): KernelInput =>
      fillArena(
        arena,
        (segment, index) => value(Math.floor(index / lengthOf(segment)), index % lengthOf(segment)) * noise[index % arena.size]!,
      );
    const ones = of(() => 1);
    for (const [gradients, parameters, ratio, epsilon] of [
      // Squares of the largest overflow at the scale of the others.
      [of((_, column) => (column % 4 === 3 ? 1e30 : 1e-30)), ones, 0.01, 1e-3],
      [of(() => 1e30), of((_, column) => (column % 4 === 3 ? 1e25 : 1e-30)), 0.01, 1e-3],
      // A row of zeros is not longer than any limit.
      [of((row) => row % 2), of((row) => row % 3), 1e-3, 1e-36],
      [of((row) => (row % 2 ? 1e37 : 1)), of((row) => (row % 3 ? 1e-34 : 1e-30)), 0.5, 1e-36],
    ] as const) {
      const inputs = [gradients, parameters, rows, chunks, stepWords({})];
      const attributes = { ratio, epsilon, regularizer: false, longest };
      const [clipped, least] = await runKernel(clipRowsOp, inputs, attributes, target);
      const [truth, trueLeast] = referenceOf(clipRowsOp, inputs, attributes);
      expectSegments(clipped!.data, truth!.data, JSON.stringify(attributes));
      expectLeast(least!.data, trueLeast!.data);
    }
  });

  it("holds rows of weights to a norm, each its own, and leaves the rest alone", async () => {
    const summary = new Uint32Array(SUMMARY.words);
    for (const max of [1e-20, 2, 1e20]) {
      const inputs = [rows, chunks, u32(summary), values(5, 11)];
      const [actual] = await runKernel(maxNormOp, inputs, { max, longest }, target);
      const [truth] = referenceOf(maxNormOp, inputs, { max, longest });
      expectSegments(actual!.data, truth!.data, `max ${max}`);
      const changed = arena.segments.map(({ offset, size }) =>
        actual!.data.subarray(offset, offset + size).some((value, index) => value !== inputs[3]!.data[offset + index]),
      );
      // The bias and what is frozen.
      expect([changed[2], changed[5]]).toEqual([false, false]);
      expect(changed[1]).toBe(true);
    }
    summary[SUMMARY.skip] = 1;
    const skipped = [rows, chunks, u32(summary), values(5, 11)];
    const [actual] = await runKernel(maxNormOp, skipped, { max: 2, longest }, target);
    expect([...actual!.data]).toEqual(Array.from(skipped[3]!.data));
  });
});

describe("a row that is not finite", () => {
  it("becomes NaN, or for an infinity 0 and NaN, and is no concern of the others", async () => {
    for (const [bad, finite] of [
      [Number.NaN, Number.NaN],
      [Infinity, 0],
    ] as const) {
      const gradients = fillArena(arena, (segment, index) => (segment === 3 && index === 71 ? bad : noise[index]!));
      const parameters = fillArena(arena, () => 1);
      const [clipped] = await runKernel(clipRowsOp, [gradients, parameters, rows, chunks, stepWords({})], {
        ratio: 0.01,
        epsilon: 1e-3,
        regularizer: false,
        longest,
      });
      const { offset } = arena.segments[3]!;
      expect(clipped!.data[offset + 71]).toBeNaN();
      expect(Math.abs(clipped!.data[offset + 70]!)).toEqual(finite);
      expect(Math.abs(clipped!.data[offset + 69]!)).toBeGreaterThan(0);
      expect(Math.abs(clipped!.data[offset + 140]!)).toBeGreaterThan(0);
    }
  });
});

describe("a row of parameters that is not finite", () => {
  it("is no limit where it has an infinity", async () => {
    const gradients = fillArena(arena, (_, index) => noise[index]!);
    const parameters = fillArena(arena, (segment, index) => (segment === 3 && index === 71 ? Infinity : 1));
    const attributes = { ratio: 0.01, epsilon: 1e-3, regularizer: false, longest };
    const [clipped] = await runKernel(clipRowsOp, [gradients, parameters, rows, chunks, stepWords({})], attributes);
    const { offset } = arena.segments[3]!;
    const part = (data: ArrayLike<number>): number[] => Array.from(data).slice(offset + 70, offset + 140);
    expect(part(clipped!.data)).toEqual(part(gradients.data));
    expect(clipped!.data[offset + 69]).not.toBe(gradients.data[offset + 69]);
  });
});

describe("a trainer", () => {
  let gpu: Engine;
  beforeAll(async () => {
    gpu = await open();
  });
  afterAll(() => gpu.dispose());

  const options = (more: Partial<TrainerOptions>): TrainerOptions => ({
    // Seven records of the row table: no multiple of the four words that are read at once, and more than an invocation each.
    model: nn.sequential(nn.linear(3, 5), nn.linear(5, 5), nn.tanh(), nn.linear(5, 3), nn.linear(3, 2, { bias: false })),
    loss: nn.meanSquaredError(),
    batchSize: 4,
    seed: 5,
    optimizer: optim.sgd({ learningRate: 1 }),
    ...more,
  });
  const weightsOf = async (more: Partial<TrainerOptions>, steps: number) => {
    const trainer = await gpu.train(options(more));
    const before = readSafetensors(await trainer.save());
    const reports = await reportsOf(trainer, fewPoints, { steps });
    const after = readSafetensors(await trainer.save());
    const rowsIn = (tensors: typeof after): number[][] =>
      trainer.parameters.flatMap(({ name, shape }) => {
        const data = Array.from(tensors.get(name)!.data as ArrayLike<number>);
        const length = shape.length > 1 ? shape[1]! : data.length;
        return Array.from({ length: data.length / length }, (_, row) => data.slice(row * length, (row + 1) * length));
      });
    const made = {
      reports,
      before: rowsIn(before),
      after: rowsIn(after),
      weights: trainer.parameters.flatMap(({ shape }) => Array.from({ length: shape.length > 1 ? shape[0]! : 1 }, () => shape.length > 1)),
    };
    trainer.dispose();
    return made;
  };

  it("clips each row of its gradients adaptively, reports the least factor, and the norm from before", async () => {
    const plain = await weightsOf({}, 1);
    const made = await weightsOf({ clip: optim.clipAdaptive({ ratio: 0.05 }) }, 1);
    expect(made.reports[0]!.gradientNorm).toBe(plain.reports[0]!.gradientNorm);
    let [least, at] = [1, 0];
    for (const [row, before] of made.before.entries()) {
      const g = before.map((w, index) => w - plain.after[row]![index]!);
      const limit = 0.05 * Math.max(Math.hypot(...before), 1e-3);
      const scale = Math.min(1, limit / Math.hypot(...g));
      if (scale < least) at = row;
      least = Math.min(least, scale);
      for (const [index, w] of before.entries())
        expect(Math.abs(w - made.after[row]![index]! - scale * g[index]!), `row ${row}`).toBeLessThan(1e-6);
    }
    expect(least).toBeLessThan(0.9);
    // Not in the first four records, which four invocations take in their first round.
    expect(at).toBeGreaterThanOrEqual(12);
    expect(Math.abs(made.reports[0]!.clipScale / least - 1)).toBeLessThan(1e-4);
  });

  it("keeps the rows of its weights within the constraint", async () => {
    const free = await weightsOf({}, 1);
    const made = await weightsOf({ constraint: optim.maxNorm(0.5) }, 1);
    expect(made.after.filter((row, index) => made.weights[index] && Math.hypot(...row) > 0.499).length).toBeGreaterThan(2);
    for (const [row, values] of made.after.entries()) {
      const norm = Math.hypot(...free.after[row]!);
      const scale = made.weights[row] && norm > 0.5 ? 0.5 / (norm + 1e-7) : 1;
      for (const [index, value] of values.entries()) expect(Math.abs(value - scale * free.after[row]![index]!)).toBeLessThan(1e-6);
    }
  });
});
