/** Batch-norm's kernels against their float64 references and PyTorch's answers. */
import { describe, expect, it } from "vitest";
import type { Op } from "../../src/graph/op.ts";
import { batchNormGradientOp, batchNormOp } from "../../src/ops/batchNorm.ts";
import { spread } from "../support/float64.ts";
import { batchNormCases } from "../support/opsFixture.ts";
import { expectNear, f32, hardware, type KernelInput, referenceOf, runKernel, software } from "../support/runKernel.ts";

const ULP = 2 ** -23;
const SHAPES = [
  [2, 1],
  [7, 3],
  [63, 64],
  [64, 65],
  [65, 7],
  [5, 4],
  [64, 128],
  [3, 260],
] as const;
/** Batches at the border of being split among workgroups, past it, and with a ragged last block. */
const LONG = [
  { rows: 1024, channels: 5, target: software },
  { rows: 1025, channels: 4, target: software },
  { rows: 5000, channels: 3, target: software },
  // No row beyond the last block, which would be of none.
  { rows: 2048, channels: 64, target: software },
  { rows: 2048, channels: 4, target: software },
  { rows: 4096, channels: 5, target: hardware },
  { rows: 5000, channels: 4, target: hardware },
];

/** Rows of a block of a long batch, on software. */
const BLOCK = 256;

/** Half an ulp for each term that one invocation adds up, and the rounding of a handful of operations. */
const depth = (rows: number): number => Math.min(rows, 1024) / 2 + 24;

interface Case {
  readonly rows: number;
  readonly channels: number;
  /** Added to every x of even channels, and taken from the others: a mean far larger than the spread. */
  readonly offset?: number;
  readonly affine?: boolean;
}

function inputsOf({ rows, channels, offset = 0, affine = true }: Case): KernelInput[] {
  const x = f32(
    [rows, channels],
    spread(rows * channels).map((value, index) => value + (((index % channels) % 2) * -2 + 1) * offset),
  );
  return affine ? [x, f32([channels], spread(channels, 2)), f32([channels], spread(channels, 3))] : [x];
}

function normalized({ data }: KernelInput, statistics: Float64Array, channels: number, epsilon: number): Float64Array {
  return Float64Array.from(
    data,
    (value, index) => (value - statistics[index % channels]!) / Math.sqrt(statistics[channels + (index % channels)]! + epsilon),
  );
}

async function compareForward(options: Case, target = software): Promise<void> {
  const { rows, channels, affine = true } = options;
  const inputs = inputsOf(options);
  const attributes = { epsilon: 1e-5, affine };
  const [y, statistics] = await runKernel(batchNormOp, inputs, attributes, target);
  const [trueY, trueStatistics] = referenceOf(batchNormOp, inputs, attributes);
  const at = normalized(inputs[0]!, trueStatistics!.data, channels, 1e-5);
  const factor = (list: KernelInput | undefined, index: number, none: number): number => Math.abs(list?.data[index % channels] ?? none);
  const what = JSON.stringify(options);
  expectNear(
    y!,
    trueY!,
    (index) => ULP * depth(rows) * ((Math.abs(at[index]!) + 1) * factor(inputs[1], index, 1) + factor(inputs[2], index, 0)),
    `y ${what}`,
  );
  const spreadOf = (index: number): number => Math.sqrt(trueStatistics!.data[channels + (index % channels)]!);
  expectNear(
    statistics!,
    trueStatistics!,
    (index) =>
      index < channels
        ? ULP * (Math.abs(trueStatistics!.data[index]!) + depth(rows) * spreadOf(index))
        : ULP * depth(rows) * trueStatistics!.data[index]!,
    `statistics ${what}`,
  );
}

async function compareGradient(options: Case, target = software): Promise<void> {
  const { rows, channels, affine = true } = options;
  const [x, gamma] = inputsOf(options) as [KernelInput, KernelInput];
  const [, trueStatistics] = referenceOf(batchNormOp, [x, ...(affine ? [gamma, gamma] : [])], { epsilon: 1e-5, affine });
  const statistics = f32([2, channels], trueStatistics!.data);
  const dy = f32([rows, channels], spread(rows * channels, 4));
  const inputs = [dy, x, statistics, ...(affine ? [gamma] : [])];
  const attributes = { epsilon: 1e-5, affine };
  const [dx, dgamma, dbeta] = await runKernel(batchNormGradientOp, inputs, attributes, target);
  const [trueDx, trueDgamma, trueDbeta] = referenceOf(batchNormGradientOp, inputs, attributes);
  const at = normalized(x, trueStatistics!.data, channels, 1e-5);
  const sums = { dy: new Float64Array(channels), along: new Float64Array(channels) };
  at.forEach((value, index) => {
    sums.dy[index % channels]! += Math.abs(dy.data[index]!);
    sums.along[index % channels]! += Math.abs(value * dy.data[index]!);
  });
  const what = JSON.stringify(options);
  const tolerance = (index: number): number => {
    const c = index % channels;
    const inverse = 1 / Math.sqrt(trueStatistics!.data[channels + c]! + 1e-5);
    const terms = Math.abs(dy.data[index]!) + (sums.dy[c]! + Math.abs(at[index]!) * sums.along[c]!) / rows;
    return ULP * depth(rows) * inverse * (affine ? Math.abs(gamma.data[c]!) : 1) * terms;
  };
  expectNear(dx!, trueDx!, tolerance, `dx ${what}`);
  if (!affine) return;
  expectNear(dgamma!, trueDgamma!, (c) => ULP * depth(rows) * sums.along[c]!, `dgamma ${what}`);
  expectNear(dbeta!, trueDbeta!, (c) => ULP * depth(rows) * sums.dy[c]!, `dbeta ${what}`);
}

describe("batchNorm", () => {
  it.each(SHAPES)("equals the reference for %i × %i", async (rows, channels) => {
    await compareForward({ rows, channels });
    await compareGradient({ rows, channels });
  });

  // Software adapters are slow to compile workgroups of 256, so these are few.
  it.each([
    [64, 65],
    [7, 260],
  ])("equals the reference for %i × %i, as hardware does it", async (rows, channels) => {
    await compareForward({ rows, channels }, hardware);
    await compareGradient({ rows, channels }, hardware);
  });

  it.each(LONG)("splits long batches: $rows × $channels, $target.adapterClass", async ({ rows, channels, target }) => {
    await compareForward({ rows, channels }, target);
    await compareGradient({ rows, channels }, target);
  });

  it("works without scale and shift", async () => {
    for (const [rows, channels] of [
      [5, 3],
      [64, 64],
      [5000, 4],
    ] as const) {
      await compareForward({ rows, channels, affine: false });
      await compareGradient({ rows, channels, affine: false });
    }
  });

  // At a million the first sum of 64 rows is off by more than the spread, and the rounded mean by a twentieth of it.
  it.each([
    [64, 3, 1000],
    [64, 8, 1e6],
    [6000, 3, 1e6],
  ])("loses nothing to a mean far larger than the spread: %i × %i at %i", async (rows, channels, offset) => {
    await compareForward({ rows, channels, offset });
    await compareGradient({ rows, channels, offset });
  });

  it("takes more columns than one dimension has workgroups", async () => {
    await compareForward({ rows: 2, channels: 65535 * 4 + 33 });
  });

  it.each(batchNormCases)("gives PyTorch's answers: $note", async ({ options, weight, bias, steps }) => {
    for (const { mode, x, output, cotangent, gradients } of steps) {
      if (mode !== "train") continue;
      const attributes = { epsilon: options.epsilon, affine: true };
      const [rows, channels] = x.shape as [number, number];
      const inputs = [f32(x.shape, x.data), f32([channels], weight.data), f32([channels], bias.data)];
      const [y, statistics] = await runKernel(batchNormOp, inputs, attributes);
      const at = normalized(inputs[0]!, referenceOf(batchNormOp, inputs, attributes)[1]!.data, channels, options.epsilon);
      const tolerance = (index: number): number =>
        ULP *
        depth(rows) *
        ((Math.abs(at[index]!) + 1) * Math.abs(weight.data[index % channels]!) + Math.abs(bias.data[index % channels]!));
      expectNear(y!, output, tolerance, "y");
      const [dx, dgamma, dbeta] = await runKernel(
        batchNormGradientOp,
        [f32(x.shape, cotangent.data), inputs[0]!, f32([2, channels], statistics!.data), inputs[1]!],
        attributes,
      );
      const inverse = (c: number): number => 1 / Math.sqrt(statistics!.data[channels + c]! + options.epsilon);
      // |cotangent| ≤ 3, so that each of its means is too, and |x̂| ≤ √rows.
      expectNear(
        dx!,
        gradients.x,
        (index) => ULP * depth(rows) * inverse(index % channels) * Math.abs(weight.data[index % channels]!) * 3 * (2 + rows),
        "dx",
      );
      expectNear(dgamma!, gradients.weight, () => ULP * depth(rows) * 3 * rows * Math.sqrt(rows), "dgamma");
      expectNear(dbeta!, gradients.bias, () => ULP * depth(rows) * 3 * rows, "dbeta");
    }
  });

  it("hands a number that is not finite on to its whole channel", async () => {
    for (const bad of [Number.NaN, Infinity]) {
      const x = spread(64 * 8);
      x[8 * 10 + 3] = bad;
      const [y] = await runKernel(batchNormOp, [f32([64, 8], x)], { epsilon: 1e-5, affine: false });
      expect([...y!.data].filter((value) => !Number.isFinite(value)).length).toBeGreaterThanOrEqual(1);
      expect(y!.data.every((value, index) => Number.isFinite(value) || index % 8 === 3)).toBe(true);
    }
  });
});

/** What the first of the two kernels leaves for long batches, as an output: for each block the means − first elements, and sums of squares. */
const partialsOp: Op<{ epsilon: number; affine: boolean }> = {
  ...batchNormOp,
  name: "batchNormPartials",
  infer: ([x]) => ({ shape: [2 * Math.ceil(x.shape[0]! / BLOCK), x.shape[1]!], dtype: "f32" }),
  form: {
    kind: "kernel",
    kernel: (inputs, outputs, attributes, target) => {
      if (batchNormOp.form.kind !== "kernel") throw new Error("batchNorm is no kernel op");
      const [first] = batchNormOp.form.kernel(inputs, outputs, attributes, target).calls;
      return { calls: [{ ...first!, bindings: [{ input: 0 }, { output: 0 }] }] };
    },
  },
};

describe("the partial sums of a long batch", () => {
  // Blocks far from the column's first element, with a small spread: a wrong pivot of the block costs all digits of its sum of squares. A part
  // of a rounding step on top makes the first sum's rounding err in one direction, which the second sum makes good.
  it.each([1, 2, 5, 8])("keep the digits of each block's own spread, with %i channels", async (channels) => {
    const rows = 1024 + 200;
    const offset = (row: number, c: number): number =>
      (row / BLOCK + c) % 3 < 1 ? 0 : 200 + 30 * Math.floor(row / BLOCK) + 7 * c + 5 * 2 ** -10;
    const noise = spread(rows * channels);
    // Multiples of 2^-14 below 2^10 are exact, and so are their differences.
    const x = f32(
      [rows, channels],
      noise.map((value, index) => Math.round(value * 8) / 2 ** 14 + offset(Math.floor(index / channels), index % channels)),
    );
    const [found] = await runKernel(partialsOp, [x], { epsilon: 1e-5, affine: false });
    const truth = new Float64Array(found!.data.length);
    const tolerance = new Float64Array(truth.length);
    for (let block = 0; block < rows / BLOCK; block++)
      for (let c = 0; c < channels; c++) {
        const end = Math.min((block + 1) * BLOCK, rows);
        const own = Array.from({ length: end - block * BLOCK }, (_, row) => x.data[(block * BLOCK + row) * channels + c]! - x.data[c]!);
        const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
        const squares = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        // The block's pivot is the mean but for the rounding of a serial sum: half an ulp of half the sum for each term.
        const pivotOff = (ULP / 4) * own.length * Math.abs(mean);
        const [at, deviation] = [2 * block * channels + c, Math.sqrt(squares / own.length)];
        truth[at] = mean;
        tolerance[at] = ULP * (Math.abs(mean) + depth(own.length) * (deviation + pivotOff));
        truth[at + channels] = squares;
        tolerance[at + channels] = ULP * depth(own.length) * (squares + 2 * own.length * pivotOff ** 2);
      }
    expectNear(found!, { shape: found!.shape, data: truth }, (index) => tolerance[index]!, `partials of ${channels} channels`);
  });
});
