/** The kernels of layer, RMS and group norm and of normalised weights, against their float64 references. */
import { describe, expect, it } from "vitest";
import type { Op, Target } from "../../src/graph/op.ts";
import { type RowNormAttributes, rowNormGradientOp, rowNormOp } from "../../src/ops/rowNorm.ts";
import { spread } from "../support/float64.ts";
import { expectNear, f32, hardware, type KernelInput, referenceOf, runKernel, software } from "../support/runKernel.ts";

const ULP = 2 ** -23;
/** Below this a GPU may take a number for 0. */
const LEAST_NORMAL = 2 ** -126;

const KINDS = {
  layerNorm: { groups: 1, centered: true, epsilon: 1e-5, scale: "features", shift: true },
  groupNorm: { groups: 3, centered: true, epsilon: 1e-5, scale: "features", shift: true },
  rmsNorm: { groups: 1, centered: false, epsilon: 1e-6, scale: "features", shift: false },
  weightNorm: { groups: 1, centered: false, epsilon: 0, scale: "lines", shift: false },
  weightStandardization: { groups: 1, centered: true, epsilon: 1e-5, scale: "none", shift: false },
} as const satisfies Record<string, RowNormAttributes>;

interface Case {
  readonly kind: keyof typeof KINDS;
  readonly rows: number;
  readonly features: number;
  readonly target?: Target;
  /** Element `index` of x, from a number in (−1, 1). */
  readonly x?: (value: number, row: number, column: number) => number;
}

/** What the first of the two gradient kernels leaves for long batches, as an output, with blocks of so many rows. */
const partialsOp = (block: number): Op<RowNormAttributes> => ({
  ...rowNormGradientOp,
  name: "rowNormGradientPartials",
  infer: ([dy]) => ({ shape: [2 * Math.ceil(dy.shape[0]! / block), dy.shape[1]!], dtype: "f32" }),
  form: {
    kind: "kernel",
    kernel: (inputs, outputs, attributes, target) => {
      if (rowNormGradientOp.form.kind !== "kernel") throw new Error("rowNormGradient is no kernel op");
      const [first] = rowNormGradientOp.form.kernel(inputs, outputs, attributes, target).calls;
      const [rows, features] = inputs[0]!.shape as [number, number];
      if (features !== 1) throw new Error("one column, which one workgroup of a block owns");
      const bindings = [{ input: 0 }, { input: 1 }, { input: 2 }, { output: 0 }];
      const overrides = { ...first!.overrides, BLOCK: block };
      return { calls: [{ ...first!, overrides, workgroups: Math.ceil(rows / block), bindings }] };
    },
  },
});

/** Half an ulp for each term that one invocation adds up, and the rounding of a handful of operations. */
const depth = (terms: number): number => terms / 2 + 32;
const lineDepth = (length: number): number => depth(Math.min(length, Math.max(32, Math.ceil(length / 4))));
const columnDepth = (rows: number): number => depth(Math.min(rows, 1024) + Math.ceil(rows / 256));

async function compare({ kind, rows, features, target = software, x: make = (value) => value }: Case): Promise<void> {
  const attributes: RowNormAttributes = KINDS[kind];
  const { groups, scale, shift, centered } = attributes;
  const [length, lines] = [features / groups, rows * groups];
  const lineOf = (index: number): number => Math.floor(index / length);
  const raw = spread(rows * features);
  const x = f32(
    [rows, features],
    raw.map((value, index) => make(value, Math.floor(index / features), index % features)),
  );
  const gamma = f32(scale === "lines" ? [rows, 1] : [features], spread(scale === "lines" ? rows : features, 2));
  const inputs = [x, ...(scale === "none" ? [] : [gamma]), ...(shift ? [f32([features], spread(features, 3))] : [])];
  const what = `${kind} ${rows} × ${features}`;
  const [y, statistics] = await runKernel(rowNormOp, inputs, attributes, target);
  const [trueY, trueStatistics] = referenceOf(rowNormOp, inputs, attributes);
  const inverse = (line: number): number => trueStatistics!.data[line]!;
  const means = centered ? trueStatistics!.data.subarray(lines, 2 * lines) : new Float64Array(lines);
  const at = Float64Array.from(x.data, (value, index) => (value - means[lineOf(index)]!) * inverse(lineOf(index)));
  const factor = (index: number): number => {
    if (scale === "none") return 1;
    return Math.abs(scale === "features" ? gamma.data[index % features]! : gamma.data[lineOf(index)]! / Math.sqrt(length));
  };
  expectNear(
    y!,
    trueY!,
    (index) => ULP * (lineDepth(length) * (Math.abs(at[index]!) + 1) * factor(index) + 1) + LEAST_NORMAL,
    `y of ${what}`,
  );
  const part = ({ data }: { data: Float64Array }, at: number) => ({ shape: [lines], data: data.slice(at * lines, (at + 1) * lines) });
  expectNear(part(statistics!, 0), part(trueStatistics!, 0), (line) => ULP * lineDepth(length) * inverse(line), `1/√ of ${what}`);
  if (centered) {
    const [pivot, rest] = [part(statistics!, 1), part(statistics!, 2)];
    const mean = { shape: [lines], data: pivot.data.map((value, line) => value + rest.data[line]!) };
    expectNear(mean, part(trueStatistics!, 1), (line) => (ULP * lineDepth(length)) / inverse(line) + LEAST_NORMAL, `mean of ${what}`);
  }
  await compareGradient({ x, gamma, statistics: f32(statistics!.shape, statistics!.data), at, factor, inverse, lineOf, what });

  async function compareGradient(forward: {
    x: KernelInput;
    gamma: KernelInput;
    statistics: KernelInput;
    at: Float64Array;
    factor: (index: number) => number;
    inverse: (line: number) => number;
    lineOf: (index: number) => number;
    what: string;
  }): Promise<void> {
    const dy = f32([rows, features], spread(rows * features, 4));
    const given = [dy, x, forward.statistics, ...(scale === "none" ? [] : [gamma])];
    const found = await runKernel(rowNormGradientOp, given, attributes, target);
    const truth = referenceOf(rowNormGradientOp, given, attributes);
    const sums = {
      g: new Float64Array(lines),
      along: new Float64Array(lines),
      column: new Float64Array(features),
      line: new Float64Array(lines),
    };
    const beta = new Float64Array(features);
    at.forEach((value, index) => {
      const size = Math.abs(dy.data[index]!);
      sums.g[lineOf(index)]! += size * factor(index);
      sums.along[lineOf(index)]! += size * factor(index) * Math.abs(value);
      sums.line[lineOf(index)]! += (size * Math.abs(value)) / Math.sqrt(length);
      // x̂ itself is off by a part of 1.
      sums.column[index % features]! += size * (Math.abs(value) + 1);
      beta[index % features]! += size;
    });
    expectNear(
      found[0]!,
      truth[0]!,
      (index) => {
        const line = lineOf(index);
        const terms =
          Math.abs(dy.data[index]!) * factor(index) +
          (sums.g[line]! + (Math.abs(at[index]!) + 1) * (sums.along[line]! + sums.g[line]!)) / length;
        return 2 * ULP * lineDepth(length) * inverse(line) * terms + LEAST_NORMAL * (1 + inverse(line) + terms);
      },
      `dx of ${what}`,
    );
    if (scale === "features")
      expectNear(found[1]!, truth[1]!, (c) => ULP * (columnDepth(rows) + lineDepth(length)) * sums.column[c]!, `dgamma of ${what}`);
    if (scale === "lines") expectNear(found[1]!, truth[1]!, (line) => 2 * ULP * lineDepth(length) * sums.line[line]!, `dgamma of ${what}`);
    if (shift) expectNear(found[2]!, truth[2]!, (c) => ULP * columnDepth(rows) * beta[c]!, `dbeta of ${what}`);
  }
}

const cases = (kind: Case["kind"], shapes: readonly (readonly [number, number])[]): Case[] =>
  shapes.map(([rows, features]) => ({ kind, rows, features }));

describe("row norms", () => {
  it.each([
    ...cases("layerNorm", [
      [1, 1],
      [7, 3],
      [65, 8],
      [3, 260],
      [2, 4099],
    ]),
    ...cases("groupNorm", [
      [5, 12],
      [9, 6],
      [3, 300],
    ]),
    ...cases("rmsNorm", [
      [7, 5],
      [33, 64],
    ]),
    ...cases("weightNorm", [
      [5, 3],
      [17, 64],
      [1, 1],
    ]),
    ...cases("weightStandardization", [
      [6, 10],
      [64, 8],
    ]),
  ])("equal the reference: $kind of $rows × $features", compare);

  // Software adapters are slow to compile workgroups of 256, so these are few.
  it.each([...cases("layerNorm", [[9, 65]]), ...cases("weightNorm", [[5, 100]]), ...cases("groupNorm", [[90, 36]])])(
    "equal the reference as hardware does it: $kind of $rows × $features",
    (one) => compare({ ...one, target: hardware }),
  );

  it.each<Case>([
    { kind: "layerNorm", rows: 1024, features: 5 },
    { kind: "layerNorm", rows: 1025, features: 4 },
    { kind: "groupNorm", rows: 5001, features: 6 },
    { kind: "rmsNorm", rows: 6000, features: 12 },
    // No row beyond the last block, which would be of none.
    { kind: "layerNorm", rows: 2048, features: 4 },
    { kind: "layerNorm", rows: 5000, features: 4, target: hardware },
  ])("add up long batches in blocks: $kind of $rows × $features", compare);

  it.each<Case>([
    { kind: "layerNorm", rows: 8, features: 64 },
    { kind: "layerNorm", rows: 9, features: 3 },
    { kind: "layerNorm", rows: 5, features: 12289 },
    { kind: "groupNorm", rows: 4, features: 300 },
    { kind: "layerNorm", rows: 1100, features: 3 },
  ])("lose nothing to a mean a million times the spread: $kind of $rows × $features", (one) =>
    compare({ ...one, x: (value) => value + 1e6 }),
  );

  // Squares of that number overflow, or all others vanish, at a scale that is not its own.
  it.each<Case>([
    { kind: "layerNorm", rows: 9, features: 65, target: hardware },
    { kind: "layerNorm", rows: 16, features: 260 },
    { kind: "rmsNorm", rows: 16, features: 64 },
    { kind: "weightNorm", rows: 16, features: 259 },
  ])("find the largest number wherever it is: $kind of $rows × $features", (one) =>
    compare({ ...one, x: (value, row, column) => (column === (row * 7) % one.features ? 1e30 : 1e-30) * (0.5 + value / 4) }),
  );

  // A pivot on the other side of it than the mean would cost the digits of what is left.
  it("lose nothing to a first element far from the others", () =>
    compare({ kind: "layerNorm", rows: 5, features: 12289, x: (value, _, column) => (column === 0 ? 1000 : value) }));

  // The sum of squares from the first element has 8 bits or more than that from the mean, so that one pass would not do.
  it.each([
    ["high up", 1e4, 16, 1],
    ["by itself", 0, 16, 1],
    ["of a small row", 0, 0.15, 1 / 256],
  ])("lose nothing to a first element some deviations away, %s", (_, level, first, rest) =>
    compare({ kind: "layerNorm", rows: 9, features: 256, x: (value, __, column) => level + (column === 0 ? first : rest * value) }),
  );

  it("take rows of any size side by side, constant rows and rows of zeros among them", async () => {
    const sizes = [1e-30, 1e-20, 1e-10, 1, 1e10, 1e20, 1e30, 1e37];
    const x = (value: number, row: number): number => (row < sizes.length ? value * sizes[row]! : row % 2 === 0 ? 0 : 1.7e6);
    const rows = sizes.length + 3;
    await compare({
      kind: "weightNorm",
      rows,
      features: 16,
      x: (value, row, column) => (row < sizes.length ? x(value, row) : row === rows - 1 ? 0 : x(column, row)),
    });
    await compare({ kind: "layerNorm", rows, features: 16, x });
    await compare({ kind: "rmsNorm", rows, features: 16, x });
    await compare({ kind: "weightStandardization", rows, features: 7, x });
  });

  it("give exactly the shift for a constant row, whatever its size and length", async () => {
    const rows = [...spread(48)].map((value, row) => value * [1, 1e6, 1e30][row % 3]!);
    for (const features of [7, 11, 12, 13]) {
      const x = f32(
        [rows.length, features],
        rows.flatMap((value) => new Array<number>(features).fill(value)),
      );
      const ones = f32([features], new Float32Array(features).fill(1));
      const shift = f32([features], spread(features, 3));
      const [y] = await runKernel(rowNormOp, [x, ones, shift], KINDS.layerNorm);
      expect(y!.data).toEqual(Float64Array.from(rows.flatMap(() => [...(shift.data as Float32Array)])));
    }
  });

  it("take more lines than one dimension has workgroups", async () => {
    await compare({ kind: "rmsNorm", rows: 65535 * 4 + 33, features: 1 });
  });

  it("leave partial sums of more blocks than one dimension has workgroups, and nothing behind them", async () => {
    const [block, blocks] = [2, 65535 + 9];
    const rows = block * blocks;
    const [dy, x] = [spread(rows, 4), spread(rows)];
    const statistics = f32([1, rows], new Float32Array(rows).fill(2));
    const attributes = KINDS.rmsNorm;
    const [found] = await runKernel(partialsOp(block), [f32([rows, 1], dy), f32([rows, 1], x), statistics, f32([1], [1])], attributes);
    for (let at = 0; at < blocks; at++) {
      const [a, b] = [block * at, block * at + 1];
      const [along, sum] = [2 * (dy[a]! * x[a]! + dy[b]! * x[b]!), dy[a]! + dy[b]!];
      expect(Math.abs(found!.data[2 * at]! - along), `block ${at}`).toBeLessThanOrEqual(8 * ULP);
      expect(Math.abs(found!.data[2 * at + 1]! - sum), `block ${at}`).toBeLessThanOrEqual(4 * ULP);
    }
  });

  it("hand a number that is not finite on to its own line", async () => {
    for (const bad of [Number.NaN, Infinity])
      for (const kind of ["layerNorm", "rmsNorm"] as const) {
        const x = spread(6 * 8);
        x[8 * 3 + 2] = bad;
        const [y] = await runKernel(rowNormOp, [f32([6, 8], x)], { ...KINDS[kind], scale: "none", shift: false });
        const rows = [...y!.data].flatMap((value, index) => (Number.isFinite(value) ? [] : [Math.floor(index / 8)]));
        expect(new Set(rows)).toEqual(new Set([3]));
      }
  });
});
