/** What goes row by row: the table, adaptive clipping and the max-norm constraint against numpy and PyTorch, and states that are written twice in one step. */
import { describe, expect, it } from "vitest";
import { clipOf, constraintOf } from "../../src/experiment/remedies.ts";
import type { Node } from "../../src/graph/node.ts";
import { type Dataset, init, nn, optim, type TrainerOptions } from "../../src/index.ts";
import { clipRows } from "../../src/ops/arena/clipRows.ts";
import { bitsOf, CHUNK, floatOf, STEP, SUMMARY } from "../../src/ops/arena/layout.ts";
import { maxNorm } from "../../src/ops/arena/maxNorm.ts";
import { ROW_TILE } from "../../src/ops/arena/rows.ts";
import { input, state } from "../../src/ops/define.ts";
import { lower } from "../../src/plan/lower.ts";
import { layOutArena, mostChunks } from "../../src/train/arena.ts";
import { longestRow, rowTable } from "../../src/train/rows.ts";
import { planFaults } from "../support/checkPlan.ts";
import { computeFloat64 } from "../support/float64.ts";
import { planTraining } from "../support/planningRuntime.ts";

describe("the row table", () => {
  it("lists every row once, in whole rows of about 4096 elements, with its parameter's first chunk", () => {
    const shapes = [[3, 5000], [700, 3], [4200], [5, 4, 2], [1, 1], [0, 3]] as const;
    const arena = layOutArena(shapes.map((shape, index) => ({ name: `p${index}`, role: "weight", shape })));
    const table = rowTable(arena);
    const tiles = Array.from({ length: table.length / ROW_TILE.words }, (_, tile) => [
      ...table.subarray(tile * ROW_TILE.words, (tile + 1) * ROW_TILE.words),
    ]);
    const rows = tiles.flatMap(([offset, count, length]) => Array.from({ length: count! }, (_, row) => [offset! + row * length!, length]));
    const expected = arena.segments.flatMap(({ offset, size, shape }) => {
      const count = size === 0 ? 0 : shape.length > 1 ? shape[0]! : 1;
      return Array.from({ length: count }, (_, row) => [offset + (row * size) / count, size / count]);
    });
    expect(rows).toEqual(expected);
    for (const [offset, count, length, lanes, chunk] of tiles as [number, number, number, number, number][]) {
      expect(count === 1 || count * length <= 4096).toBe(true);
      expect(Number.isInteger(Math.log2(lanes)) && lanes <= 256).toBe(true);
      const segment = arena.chunks[CHUNK.words * chunk + CHUNK.segment]!;
      const { offset: begin, size } = arena.segments[segment]!;
      expect(offset >= begin && offset < begin + size).toBe(true);
      expect(arena.segmentTable[2 * segment]).toBe(chunk);
    }
  });

  it("is a single empty record where there is nothing", () => {
    expect([...rowTable(layOutArena([]))]).toEqual([0, 0, 0, 0, 0]);
  });
});

const arena = layOutArena([
  { name: "0.weight", role: "weight", shape: [4, 3] },
  { name: "0.bias", role: "bias", shape: [4] },
]);
const longest = longestRow(arena, "all");
const WEIGHTS = [
  [3, 4, 0, 0.001, 0, 0.002, 0, 0, 0, 1, -2, 2],
  [0.5, -0.25, 0.125, 1],
];
const GRADIENTS = [
  [0.5, 0.25, -1, 1, 2, 2, 0.25, 0, 0, 0.001, 0.002, 0.002],
  [1, 2, -2, 4],
];
const filled = (parts: readonly (readonly number[])[]): Float64Array => {
  const data = new Float64Array(arena.size);
  for (const [index, part] of parts.entries()) data.set(part, arena.segments[index]!.offset);
  return data;
};
const partsOf = (data: Float64Array): number[] => arena.segments.flatMap(({ offset, size }) => [...data.subarray(offset, offset + size)]);

class Given {
  readonly values = new Map<Node, ArrayLike<number>>();
  of(data: ArrayLike<number>, dtype: "f32" | "u32" = "u32"): Node {
    const node = input([data.length], dtype);
    this.values.set(node, data);
    return node;
  }
}

describe("adaptive clipping", () => {
  it("is the paper's, row by row and for a vector as one: numpy's answers", () => {
    const given = new Given();
    const step = new Float64Array(STEP.words);
    step[STEP.l2] = bitsOf(1e6);
    const nodes = {
      gradients: given.of(filled(GRADIENTS), "f32"),
      parameters: given.of(filled(WEIGHTS), "f32"),
      rows: given.of(rowTable(arena)),
      chunks: given.of(arena.chunks),
      step: given.of(step),
    };
    const made = clipRows(nodes, { ratio: 0.25, epsilon: 0.5, regularizer: false, longest });
    const [clipped, least] = computeFloat64([made.gradients, made.least], given.values);
    const expected = [
      0.5, 0.25, -1.0, 0.041666666666666664, 0.08333333333333333, 0.08333333333333333, 0.125, 0.0, 0.0, 0.001, 0.002, 0.002,
      0.05762215285808055, 0.1152443057161611, -0.1152443057161611, 0.2304886114323222,
    ];
    for (const [index, value] of expected.entries()) expect(partsOf(clipped!)[index], `element ${index}`).toBeCloseTo(value, 14);
    expect([...least!].map(floatOf)).toEqual([0.041666666666666664, 0.05762215285808055].map((value) => Math.fround(value)));
  });

  it("has the paper's defaults, and says what it was given that it does not take", () => {
    expect(optim.clipAdaptive()).toEqual({ type: "adaptive", ratio: 0.01, epsilon: 1e-3 });
    expect(clipOf({ type: "adaptive", ratio: 0.5, epsilon: 2 })).toEqual(optim.clipAdaptive({ ratio: 0.5, epsilon: 2 }));
    expect(() => optim.clipAdaptive({ ratio: 0 })).toThrow("optim.clipAdaptive: ratio is 0; use a finite number above 0");
    expect(() => optim.clipAdaptive({ epsilon: -1 })).toThrow("optim.clipAdaptive: epsilon is -1; use a finite number above 0");
    expect(() => optim.clipAdaptive({ max: 1 } as never)).toThrow(/there is no option "max"; it has ratio, epsilon/);
  });
});

describe("the max-norm constraint", () => {
  const run = (chunks: ArrayLike<number>, skip: number): number[] => {
    const given = new Given();
    const summary = new Float64Array(SUMMARY.words);
    summary[SUMMARY.skip] = skip;
    const nodes = {
      rows: given.of(rowTable(arena)),
      chunks: given.of(chunks),
      summary: given.of(summary),
      parameters: given.of(filled([WEIGHTS[0]!, [5, 5, 5, 5]]), "f32"),
    };
    return partsOf(computeFloat64([maxNorm(nodes, { max: 2.5, longest })], given.values)[0]!);
  };

  it("is torch.renorm of weights alone", () => {
    const expected = [
      1.4999999700000006, 1.9999999600000007, 0.0, 0.001, 0.0, 0.002, 0.0, 0.0, 0.0, 0.8333333055555565, -1.666666611111113,
      1.666666611111113,
    ];
    for (const [index, value] of [...expected, 5, 5, 5, 5].entries())
      expect(run(arena.chunks, 0)[index], `element ${index}`).toBeCloseTo(value, 14);
  });

  it("leaves all as it is where the step is skipped, and frozen parameters ever", () => {
    const before = [...WEIGHTS[0]!, 5, 5, 5, 5];
    expect(run(arena.chunks, 1)).toEqual(before);
    const frozen = Uint32Array.from(arena.chunks);
    frozen[CHUNK.rateFactor] = 0;
    expect(run(frozen, 0)).toEqual(before);
  });

  it("is what an experiment names, and says what it was given that it does not take", () => {
    expect(constraintOf({ type: "maxNorm", max: 3 })).toEqual(optim.maxNorm(3));
    expect(() => optim.maxNorm(0)).toThrow("optim.maxNorm: max is 0; use a finite number above 0");
  });
});

describe("rows that an invocation of a software adapter could not go through", () => {
  const target = { adapterClass: "software", subgroups: false } as const;
  const named = (name: string, size: number, dtype: "f32" | "u32" = "u32"): Node =>
    state({ state: name, offset: 0, size, shape: [size], dtype });
  const nodes = { rows: named("rows", 5), chunks: named("chunks", 8), summary: named("summary", 16), step: named("step", 16) };
  const floats = { gradients: named("gradients", 64, "f32"), parameters: named("parameters", 64, "f32") };
  const shared = (node: Node): unknown => {
    const { plan } = lower({ roots: [], assignments: [{ state: "parameters", node }], target });
    return plan.kernels[plan.dispatches[0]!.kernel]!.defines["SIZE"];
  };
  const clip = (length: number) =>
    clipRows({ ...nodes, ...floats }, { ratio: 1, epsilon: 1, regularizer: false, longest: length }).gradients;
  const hold = (length: number) => maxNorm({ ...nodes, ...floats }, { max: 1, longest: length });

  it("are shared by as many as it takes", () => {
    // 5⅛ and 3 1/16 passes of 60,000 rounds by four.
    expect([46_829, 46_830, 2_990_000].map((length) => shared(clip(length)))).toEqual([4, 8, 256]);
    expect([78_367, 78_368, 5_000_000].map((length) => shared(hold(length)))).toEqual([4, 8, 256]);
  });

  it("are refused where no workgroup is wide enough", () => {
    expect(() => shared(clip(3_000_000))).toThrow(
      "optim.clipAdaptive over a row of 3000000 elements: takes 60059 rounds of an invocation's loops, and software adapters end them past 60000. Clip each parameter's norm instead, or use fewer inputs",
    );
    expect(() => shared(hold(5_100_000))).toThrow("optim.maxNorm over a row of 5100000 elements: takes 61011 rounds");
  });

  it("are a net's own: of all its parameters where they are clipped, of its weights where these are held; and so are its histograms", async () => {
    const sizes = async (inputs: number, outputs: number): Promise<unknown[]> => {
      const split = { count: 1, x: new Float32Array(inputs), xScale: 1, y: new Float32Array(outputs), yShape: [outputs] };
      const dataset: Dataset = { name: "zeros", sampleShape: [inputs], classes: null, train: split, test: null };
      const options: TrainerOptions = {
        model: nn.linear(inputs, outputs, { init: init.zeros() }),
        loss: nn.meanSquaredError(),
        batchSize: 1,
        optimizer: optim.sgd({ learningRate: 1 }),
        clip: optim.clipAdaptive(),
        constraint: optim.maxNorm(1),
        insight: { histograms: true },
      };
      const { plan } = (await planTraining(options, dataset, target)).at(-1)!;
      return ["clip_rows", "max_norm", "finish_insight"].map(
        (name) => plan.kernels.find((kernel) => kernel.name === name)?.defines["SIZE"],
      );
    };
    expect(await sizes(80_000, 1)).toEqual([8, 8, 4]);
    expect(await sizes(1, 80_000)).toEqual([8, 4, 4]);
    expect(await sizes(4096, 4096)).toEqual([4, 4, 8]);
  });

  it("are the longest of all, or of weights", () => {
    const shapes = [
      ["weight", [2, 3, 4]],
      ["bias", [50]],
      ["weight", [30, 1]],
    ] as const;
    const mixed = layOutArena(shapes.map(([role, shape], index) => ({ name: `p${index}`, role, shape })));
    expect([longestRow(mixed, "all"), longestRow(mixed, "weights"), mostChunks(mixed)]).toEqual([50, 12, 1]);
    expect(mostChunks(layOutArena([4096, 4096 * 5 + 1, 8000].map((size) => ({ name: "p", role: "weight", shape: [size] }))))).toBe(6);
  });
});

describe("a state that is written twice in one plan", () => {
  const target = { adapterClass: "software", subgroups: false } as const;
  const named = (name: string, size: number, dtype: "f32" | "u32"): Node => state({ state: name, offset: 0, size, shape: [size], dtype });
  const nodes = { rows: named("rows", 5, "u32"), chunks: named("chunks", 8, "u32"), summary: named("summary", 16, "u32") };
  const parameters = named("parameters", 64, "f32");
  const first = maxNorm({ ...nodes, parameters }, { max: 1, longest });

  it("is written in order, without a copy", () => {
    const second = maxNorm({ ...nodes, parameters: first }, { max: 2, longest });
    const third = maxNorm({ ...nodes, parameters: second }, { max: 3, longest });
    const { plan } = lower({ roots: [], assignments: [{ state: "parameters", node: third }], target });
    expect(plan.dispatches.map(({ kernel }) => plan.kernels[kernel]!.constants["MAX"])).toEqual([1, 2, 3]);
    for (const { bindings } of plan.dispatches) expect(bindings.at(-1)!.buffer).toEqual({ kind: "state", name: "parameters" });
    expect(planFaults(plan)).toBe("");
  });

  it("is not written by two over the same value", () => {
    const assignments = [2, 3].map((max) => ({ state: "parameters", node: maxNorm({ ...nodes, parameters: first }, { max, longest }) }));
    expect(() => lower({ roots: [], assignments, target })).toThrow("state parameters is assigned 3 times in one plan");
  });
});
