/** More than 65,535 workgroups, sums of many stages, norms of huge and tiny numbers: what small samples do not reach. */
import { describe, expect, it } from "vitest";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { argmax, argmin } from "../../src/ops/argReduce.ts";
import { add } from "../../src/ops/binary.ts";
import { concat } from "../../src/ops/concat.ts";
import { input, scalar } from "../../src/ops/define.ts";
import { gather } from "../../src/ops/gather.ts";
import { axisIndex } from "../../src/ops/indices.ts";
import { norm } from "../../src/ops/norm.ts";
import { amax, mean, sum, variance } from "../../src/ops/reduce.ts";
import { pad } from "../../src/ops/slice.ts";
import { broadcastTo, transpose } from "../../src/ops/views.ts";
import { lower } from "../../src/plan/lower.ts";
import { runGraphs } from "../support/runGraphs.ts";
import { hardware, software } from "../support/runKernel.ts";
import { EPSILON } from "../support/sample.ts";

const FOLD = 65_535;

async function run(root: Node, values: ReadonlyMap<Node, ArrayLike<number>>, target: Target = software): Promise<Float64Array> {
  const [data] = await runGraphs([{ what: root.op.name, root, values }], target);
  return data!;
}

/** Workgroups of the plan's largest dispatch. */
const workgroups = (root: Node, target: Target = software): number =>
  Math.max(...lower({ roots: [root], assignments: [], target }).plan.dispatches.map(({ workgroups: [x, y, z] }) => x * y * z));

/** The index of the first element that is not what `expected` says; −1 if all are. */
const wrong = (data: Float64Array, expected: (index: number) => number): number =>
  data.findIndex((value, index) => value !== expected(index));

describe("past 65,535 workgroups", () => {
  // Odd, so that nothing is taken by fours.
  const count = 64 * FOLD + 129;
  const numbers = Float32Array.from({ length: count }, (_, index) => index % 1021);
  const x = input([count], "f32");
  const values = new Map<Node, ArrayLike<number>>([[x, numbers]]);

  it("elementwise, alone and by fours", async () => {
    const root = add(x, scalar(1));
    expect(workgroups(root)).toBeGreaterThan(FOLD);
    expect(wrong(await run(root, values), (index) => numbers[index]! + 1)).toBe(-1);
    const wide = axisIndex([256 * FOLD + 512], 0);
    expect(workgroups(wide)).toBeGreaterThan(FOLD);
    expect(wrong(await run(wide, new Map()), (index) => index)).toBe(-1);
  });

  it("pad, concat and gather", async () => {
    const padded = pad(x, [[3, 2]], 5);
    expect(workgroups(padded)).toBeGreaterThan(FOLD);
    expect(wrong(await run(padded, values), (index) => (index < 3 || index >= count + 3 ? 5 : numbers[index - 3]!))).toBe(-1);
    const tail = input([2], "f32");
    const joined = concat([x, tail]);
    expect(workgroups(joined)).toBeGreaterThan(FOLD);
    expect(
      wrong(await run(joined, new Map([...values, [tail, [9, 8]]])), (index) =>
        index < count ? numbers[index]! : index === count ? 9 : 8,
      ),
    ).toBe(-1);
    const index = input([count], "u32");
    const rows = Uint32Array.from({ length: count }, (_, place) => (place * 7) % 1021);
    const table = input([1021], "f32");
    const picked = gather(table, index);
    expect(workgroups(picked)).toBeGreaterThan(FOLD);
    const entries = numbers.slice(0, 1021).map((value) => value * 3);
    expect(
      wrong(
        await run(
          picked,
          new Map<Node, ArrayLike<number>>([
            [table, entries],
            [index, rows],
          ]),
        ),
        (place) => entries[rows[place]!]!,
      ),
    ).toBe(-1);
  });

  it("reductions of many short rows", async () => {
    const rows = count - (count % 2);
    const pairs = input([rows, 2], "u32");
    const words = Uint32Array.from({ length: 2 * rows }, (_, index) => index);
    for (const [root, expected] of [
      [sum(pairs, 1), (row: number) => 4 * row + 1],
      [amax(pairs, 1), (row: number) => 2 * row + 1],
      [argmax(pairs, 1), () => 1],
      [argmin(pairs, 1), () => 0],
    ] as const) {
      expect(workgroups(root)).toBeGreaterThan(FOLD);
      expect(wrong(await run(root, new Map([[pairs, words]])), expected)).toBe(-1);
    }
  });

  it("reductions of many long rows, a workgroup for each", async () => {
    // One row in memory, for each output to read.
    const row = input([1, 1030], "i32");
    const root = argmax(broadcastTo(row, [FOLD + 2, 1030]), 1);
    expect(workgroups(root)).toBeGreaterThan(FOLD);
    const words = Int32Array.from({ length: 1030 }, (_, index) => (index * 7) % 1013);
    expect(wrong(await run(root, new Map([[row, words]])), () => words.indexOf(1012))).toBe(-1);
  });
});

describe("sums of many stages", () => {
  const count = 1_000_003;
  const data = Float32Array.from({ length: count }, (_, index) => 1 + ((index * 7919) % 1000) / 1000);
  const x = input([count], "f32");
  /** A stage has at most 64 roundings in a row; so many stages are needed. */
  const depth = 64 * 3;

  it.each([software, hardware])(
    "for a $adapterClass adapter: the error grows with the tree's depth, not with the count",
    async (target) => {
      // Equal numbers are rounded to the same side again and again: one after another, the sum is off by far more than the bound.
      const tenths = new Float32Array(count).fill(0.1);
      const truth = count * tenths[0]!;
      const [value] = await run(sum(x), new Map([[x, tenths]]), target);
      expect(Math.abs(value! / truth - 1)).toBeLessThanOrEqual(depth * EPSILON);
      const naive = tenths.reduce((total, each) => Math.fround(total + each), 0);
      expect(Math.abs(naive / truth - 1)).toBeGreaterThan(100 * depth * EPSILON);
    },
  );

  it("give the same bits each time", async () => {
    const [first] = await run(sum(x), new Map([[x, data]]));
    const [second] = await run(sum(x), new Map([[x, data]]));
    expect(second).toBe(first);
  });

  it("by columns", async () => {
    const [rows, columns] = [10_000, 70];
    const table = input([rows, columns], "f32");
    const own = data.subarray(0, rows * columns);
    const truth = new Float64Array(columns);
    for (const [index, value] of own.entries()) truth[index % columns]! += value;
    for (const target of [software, hardware]) {
      const sums = await run(sum(table, 0), new Map([[table, own]]), target);
      expect(sums.every((value, column) => Math.abs(value / truth[column]! - 1) <= depth * EPSILON)).toBe(true);
    }
    const looked = await run(sum(transpose(table), 1), new Map([[table, own]]));
    expect(looked.every((value, column) => Math.abs(value / truth[column]! - 1) <= depth * EPSILON)).toBe(true);
  });

  it("variance keeps a small spread about a large mean", async () => {
    const far = data.map((value) => value + 10_000);
    const center = far.reduce((sum, value) => sum + value, 0) / count;
    const truth = far.reduce((sum, value) => sum + (value - center) ** 2, 0) / (count - 1);
    const [value] = await run(variance(x), new Map([[x, far]]));
    // The mean is off by at most this, and its square is what that adds; each difference is rounded by half an ulp of itself.
    const shift = (depth + 3) * EPSILON * center;
    expect(Math.abs(value! - truth)).toBeLessThanOrEqual((depth + 8) * EPSILON * truth + shift * shift);
  });
});

describe("norms of every size", () => {
  it.each([1e-30, 1e-19, 1, 1e19, 1e30, 3e37])("of elements about %d", async (size) => {
    const count = 5000;
    const data = Float32Array.from({ length: count }, (_, index) => size * (1 + (index % 10) / 10) * (index % 2 === 0 ? 1 : -1));
    const x = input([count], "f32");
    const truth = Math.sqrt(data.reduce((sum, value) => sum + (value / size) ** 2, 0)) * size;
    const expected = truth > 3.4028234663852886e38 ? Infinity : truth;
    for (const target of [software, hardware]) {
      const [value] = await run(norm(x), new Map([[x, data]]), target);
      if (expected === Infinity) expect(value).toBe(Infinity);
      else expect(Math.abs(value! / truth - 1)).toBeLessThanOrEqual(80 * EPSILON);
    }
  });

  it("of zeros is 0, of an infinity infinite, of a NaN NaN", async () => {
    const x = input([4, 3], "f32");
    const data = [0, 0, 0, 1, Infinity, 2, 1, Number.NaN, 2, 3, 0, -4];
    expect([...(await run(norm(x, 1), new Map([[x, data]])))]).toEqual([0, Infinity, Number.NaN, 5]);
  });
});

describe("NaN", () => {
  it("is the largest, the smallest, and where they are", async () => {
    const x = input([2, 200], "f32");
    const data = Float32Array.from({ length: 400 }, (_, index) => (index === 150 || index === 170 ? Number.NaN : index % 97));
    const values = new Map([[x, data]]);
    for (const target of [software, hardware]) {
      expect([...(await run(amax(x, 1), values, target))]).toEqual([Number.NaN, 96]);
      expect([...(await run(argmax(x, 1), values, target))]).toEqual([150, 90]);
      expect([...(await run(argmin(x, 1), values, target))]).toEqual([150, 91]);
    }
  });

  it("is the mean of nothing, and 0 the sum", async () => {
    const x = input([0, 3], "f32");
    const values = new Map([[x, []]]);
    expect([...(await run(mean(x, 0), values))]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([...(await run(sum(x, 0), values))]).toEqual([0, 0, 0]);
    const one = input([1, 2], "f32");
    expect([...(await run(variance(one, 0), new Map([[one, [1, 2]]])))]).toEqual([Number.NaN, Number.NaN]);
  });

  it("is a row that is not there", async () => {
    const table = input([2, 2], "f32");
    const index = input([4], "i32");
    const values = new Map<Node, ArrayLike<number>>([
      [table, [1, 2, 3, 4]],
      [index, [1, 2, -1, 0]],
    ]);
    expect([...(await run(gather(table, index), values))]).toEqual([3, 4, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 1, 2]);
  });
});
