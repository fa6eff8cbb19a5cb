/** Work for which an invocation of lavapipe (Firefox without a GPU) would go more than the 65,536 rounds after which it ends all loops. */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { clipRowsOp } from "../../src/ops/arena/clipRows.ts";
import { EVALUATION_STEP, STEP, SUMMARY } from "../../src/ops/arena/layout.ts";
import { maxNormOp } from "../../src/ops/arena/maxNorm.ts";
import { scoreBatchOp } from "../../src/ops/arena/scoreBatch.ts";
import { argmax, argmin } from "../../src/ops/argReduce.ts";
import { input, pick } from "../../src/ops/define.ts";
import { embedding } from "../../src/ops/gather.ts";
import { finishInsightOp } from "../../src/ops/insight/finishInsight.ts";
import { GRADIENT_PARTIAL, HISTOGRAM_BINS, INSIGHT_HEAD, parameterRecordWords, UPDATE_PARTIAL } from "../../src/ops/insight/layout.ts";
import { linear, linearWeightGradient } from "../../src/ops/linear.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { multiMargin } from "../../src/ops/multiMargin.ts";
import { amax, sum } from "../../src/ops/reduce.ts";
import { logSoftmax, softmax } from "../../src/ops/softmax.ts";
import { softmaxCrossEntropy } from "../../src/ops/softmaxCrossEntropy.ts";
import { relu } from "../../src/ops/unary.ts";
import { lower } from "../../src/plan/lower.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { longestRow, rowTable } from "../../src/train/rows.ts";
import { fillArena, stepWords } from "../support/arenaInputs.ts";
import { computeFloat64 } from "../support/float64.ts";
import { runGraphs } from "../support/runGraphs.ts";
import { f32, hardware, i32, runKernel, software, u32 } from "../support/runKernel.ts";
import { EPSILON } from "../support/sample.ts";

async function values(roots: readonly Node[], given: ReadonlyMap<Node, ArrayLike<number>>, target: Target = software): Promise<number[][]> {
  const all = await runGraphs(
    roots.map((root) => ({ what: root.op.name, root, values: given })),
    target,
  );
  return all.map((data) => [...data]);
}

const ones = (count: number): Float32Array => new Float32Array(count).fill(1);

describe("products", () => {
  const k = 400_000;
  const across = input([1, k], "f32");
  const down = input([k, 2], "f32");
  const given = new Map<Node, ArrayLike<number>>([
    [across, ones(k)],
    [down, ones(2 * k)],
  ]);

  it.each([software, hardware])("of 400,000 terms, for a $adapterClass adapter", async (target) => {
    expect(await values([matmul(across, down)], given, target)).toEqual([[k, k]]);
  });

  it("of 400,000 terms in a gradient, with the sums of its rows", async () => {
    const dz = input([k, 1], "f32");
    const { weight, bias } = linearWeightGradient(dz, down, true);
    expect(await values([weight, bias!], new Map([...given, [dz, ones(k)]]))).toEqual([[k, k], [k]]);
  });
});

describe("products in parts", () => {
  // Small whole numbers, so that each sum is exact; without a period, so that no part's sum is another's.
  const digits = (count: number, seed: number): Float32Array =>
    Float32Array.from({ length: count }, (_, index) => Math.round(2 * Math.sin(index + seed)));

  it.each([software, hardware])("with batches, a bias, sums of rows and what follows, for a $adapterClass adapter", async (target) => {
    // On software two batches are work enough for two cores.
    const [batches, m, k, n] = [target === hardware ? 2 : 1, 3, 4099, 5];
    const a = input([batches, m, k], "f32");
    const b = input([batches, k, n], "f32");
    const [x, weight, bias] = [input([m, k], "f32"), input([n, k], "f32"), input([n], "f32")];
    const [dz, rows] = [input([k, m], "f32"), input([k, n], "f32")];
    const given = new Map<Node, Float32Array>([
      [a, digits(batches * m * k, 0)],
      [b, digits(batches * k * n, 3)],
      [x, digits(m * k, 1)],
      [weight, digits(n * k, 2)],
      [bias, Float32Array.of(1, -20, 3, 40, -5)],
      [dz, digits(k * m, 4)],
      [rows, digits(k * n, 1)],
    ]);
    const gradient = linearWeightGradient(dz, rows, true);
    const roots = [matmul(a, b), relu(linear(x, weight, bias)), gradient.weight, gradient.bias!];
    for (const root of roots) {
      const { plan } = lower({ roots: [root], assignments: [], target });
      expect(plan.kernels.some(({ defines }) => defines["SPLIT"] === true)).toBe(true);
    }
    const truth = computeFloat64(roots, given).map((data) => [...data]);
    expect(await values(roots, given, target)).toEqual(truth);
  });
});

describe("lines", () => {
  const sines = (count: number): Float32Array => Float32Array.from({ length: count }, (_, index) => Math.sin(index));

  it("of 120,000 elements, and columns of 70,000, through a softmax", async () => {
    const line = input([120_000], "f32");
    const table = input([70_000, 2], "f32");
    const given = new Map<Node, ArrayLike<number>>([
      [line, sines(120_000)],
      [table, sines(140_000)],
    ]);
    const all = await values([sum(softmax(line)), sum(softmax(table, 0), 0), logSoftmax(line)], given);
    for (const total of [...all[0]!, ...all[1]!]) expect(Math.abs(total - 1)).toBeLessThan(200 * EPSILON);
    const logarithm = Math.log(sines(120_000).reduce((total, x) => total + Math.exp(x), 0));
    const off = all[2]!.map((value, index) => Math.abs(value - (Math.fround(Math.sin(index)) - logarithm)));
    expect(off.reduce((most, one) => Math.max(most, one), 0)).toBeLessThan(16 * logarithm * EPSILON);
  });

  it("of 400,000 elements in a search", async () => {
    const count = 400_000;
    const x = input([count], "f32");
    const data = Float32Array.from({ length: count }, (_, index) => index / count);
    const given = new Map([[x, data]]);
    expect(await values([argmax(x), argmin(x), amax(x)], given)).toEqual([[count - 1], [0], [data.at(-1)]]);
    expect(await values([argmin(x)], new Map([[x, data.toReversed()]]))).toEqual([[count - 1]]);
  });

  it("of 300,000 classes in a loss", async () => {
    const classes = 300_000;
    const [scores, labels] = [input([1, classes], "f32"), input([1], "i32")];
    const given = new Map<Node, ArrayLike<number>>([
      [scores, new Float32Array(classes)],
      [labels, [classes - 1]],
    ]);
    const [entropy, margin] = [softmaxCrossEntropy(scores, labels), multiMargin(scores, labels)];
    const all = await values([entropy, sum(pick(entropy.inputs[0]!, 1)), margin], given);
    expect(Math.abs(all[0]![0]! - Math.log(classes))).toBeLessThan(64 * Math.log(classes) * EPSILON);
    // All but the label's slope up by 1/classes, and the label's down by all of theirs.
    expect(Math.abs(all[1]![0]!)).toBeLessThan(64 * EPSILON);
    expect(Math.abs(all[2]![0]! - (classes - 1) / classes)).toBeLessThan(64 * EPSILON);
  });
});

describe("rows added up by index", () => {
  it.each([software, hardware])("of 70,000 places, for a $adapterClass adapter", async (target) => {
    const count = 70_000;
    const [table, index] = [input([3, 2], "f32"), input([count], "i32")];
    // Two of row 1, far apart; one that is no row; all others of row 0.
    const rows = new Int32Array(count);
    rows[5] = 1;
    rows[count - 1] = 1;
    rows[40_000] = 7;
    const dy = input([count, 2], "f32");
    const [gradient] = backward([{ node: embedding(table, index), gradient: dy }], [table]);
    const given = new Map<Node, ArrayLike<number>>([
      [index, rows],
      [dy, Float32Array.from({ length: 2 * count }, (_, at) => (at % 2 === 0 ? 1 : (at >> 1) % 3))],
    ]);
    const truth = [...computeFloat64([gradient!], given)[0]!];
    expect(await values([gradient!], given, target)).toEqual([truth]);
    expect(truth[0]).toBe(count - 3);
  });
});

describe("rows of 100,000 parameters", () => {
  const length = 100_000;
  const arena = layOutArena([{ name: "weight", role: "weight", shape: [2, length] }]);
  const [rows, chunks] = [u32(rowTable(arena)), u32(arena.chunks)];
  const longest = longestRow(arena, "weights");
  const expectRow = (data: Float64Array, row: number, value: number): void => {
    const own = data.subarray(row * length, (row + 1) * length);
    const worst = own.reduce((most, one) => Math.max(most, Math.abs(one / value - 1)), 0);
    expect(worst, `row ${row}`).toBeLessThan(16 * EPSILON);
  };

  it("are clipped adaptively, to the end and by what is at the end", async () => {
    const gradients = fillArena(arena, (_, index) => (index < length ? 1 : 2));
    const parameters = fillArena(arena, (_, index) => (index % length === length - 1 ? 3 : 0));
    const attributes = { ratio: 0.5, epsilon: 1e-3, regularizer: false, longest };
    const [clipped] = await runKernel(clipRowsOp, [gradients, parameters, rows, chunks, stepWords({})], attributes);
    // Sums of these squares are exact.
    for (const row of [0, 1]) expectRow(clipped!.data, row, 1.5 / Math.sqrt(length));
  });

  it("are held to a norm", async () => {
    const parameters = fillArena(arena, (_, index) => (index < length ? 1 : 2));
    const [held] = await runKernel(maxNormOp, [rows, chunks, u32(new Uint32Array(SUMMARY.words)), parameters], { max: 5, longest });
    for (const row of [0, 1]) expectRow(held!.data, row, 5 / Math.sqrt(length));
  });
});

it("histograms of 40 million parameters are added up", async () => {
  const chunks = 10_000;
  const attributes = { segments: 1, slots: 1, histograms: true, chunks };
  const [gradients, updates] = [new Uint32Array(chunks * GRADIENT_PARTIAL.words), new Uint32Array(chunks * UPDATE_PARTIAL.words)];
  for (let chunk = 0; chunk < chunks; chunk++) gradients[chunk * GRADIENT_PARTIAL.words + GRADIENT_PARTIAL.zeros] = 1;
  const bins = Uint32Array.from({ length: chunks * HISTOGRAM_BINS }, (_, index) => index % HISTOGRAM_BINS);
  const [ring] = await runKernel(
    finishInsightOp,
    [gradients, updates, [0, chunks], new Uint32Array(STEP.words), new Uint32Array(parameterRecordWords(1, true)), bins].map(u32),
    attributes,
  );
  const [, zeros, , , ...counts] = ring!.data.subarray(INSIGHT_HEAD);
  expect(zeros).toBe(chunks);
  expect(counts).toEqual(Array.from({ length: HISTOGRAM_BINS }, (_, bin) => bin * chunks));
});

it("right answers among 40,000 classes are counted", async () => {
  const [rows, classes] = [128, 40_000];
  const outputs = new Float32Array(rows * classes);
  // The largest of each row is its last but one.
  for (let row = 0; row < rows; row++) outputs[row * classes + classes - 2] = 1;
  const step = new Uint32Array(16);
  step[EVALUATION_STEP.validRows] = rows;
  const labels = Int32Array.from({ length: rows }, (_, row) => (row % 4 === 0 ? 0 : classes - 2));
  const [results] = await runKernel(
    scoreBatchOp,
    [f32([2], [0, 0]), f32([rows], ones(rows)), u32(step), f32([rows, classes], outputs), i32(labels)],
    undefined,
  );
  expect([...results!.data]).toEqual([rows, (rows * 3) / 4]);
});
