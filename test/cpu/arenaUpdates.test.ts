/** The references of the arena's kernels against PyTorch: three steps of clip_grad_norm_ and an optimizer. The kernels are held against the references. */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import type { Node } from "../../src/graph/node.ts";
import { commitRunning, runningTable } from "../../src/ops/arena/commitRunning.ts";
import { elementUpdate } from "../../src/ops/arena/elementUpdate.ts";
import { finishStatistics } from "../../src/ops/arena/finishStatistics.ts";
import { gatherBatch } from "../../src/ops/arena/gatherBatch.ts";
import { gradientStatistics } from "../../src/ops/arena/gradientStatistics.ts";
import { bitsOf, COUNTERS, RECORD, recordWords, STEP, SUMMARY } from "../../src/ops/arena/layout.ts";
import { updateAdamOp } from "../../src/ops/arena/updateAdam.ts";
import { updateSgdOp } from "../../src/ops/arena/updateSgd.ts";
import { batchNormEvaluate, batchNormTrain } from "../../src/ops/batchNorm.ts";
import { input } from "../../src/ops/define.ts";
import { pack } from "../../src/ops/pack.ts";
import { slice } from "../../src/ops/views.ts";
import { adamTable } from "../../src/optim/adamTable.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { computeFloat64 } from "../support/float64.ts";
import { batchNormCases } from "../support/opsFixture.ts";

const START = [0.5, -1.25, 2.0, 0.0];
const GRADIENTS = [
  [0.25, -0.5, 1.0, 0.125],
  [-0.75, 0.0, 2.0, -0.25],
  [0.5, 0.5, -1.0, 3.0],
];
const RATES = [0.125, 0.25, 0.0625];
const CLIP = 1.5;

const sgd = { type: "sgd", momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 } as const;
const adam = { type: "adam", beta1: 0.875, beta2: 0.9375, epsilon: 1e-8, weightDecay: 0 } as const;

/** PyTorch in float64: p.grad = g; clip_grad_norm_([p], 1.5); lr = rate; step(), for the three steps above. */
const PYTORCH = [
  { optimizer: sgd, expected: [0.5850625981813524, -1.2019659345946618, 1.5551891151199526, -0.058827763309299286] },
  {
    optimizer: { ...sgd, weightDecay: 0.25 },
    expected: [0.5324362978645396, -1.0743032759032556, 1.3583066776835364, -0.058303457164903524],
  },
  { optimizer: { ...sgd, momentum: 0.75 }, expected: [0.5539195105768551, -1.0906378095946618, 1.2671435987319455, -0.0784861362607984] },
  {
    optimizer: { ...sgd, momentum: 0.75, dampening: 0.5, weightDecay: 0.125 },
    expected: [0.4514227084409646, -1.0034018191497478, 1.3331264574549755, -0.06061517482084583],
  },
  {
    optimizer: { ...sgd, momentum: 0.75, nesterov: true, weightDecay: 0.125 },
    expected: [0.5677843684313796, -0.9437628353440105, 0.7955352205544214, -0.11652611220209655],
  },
  {
    optimizer: { ...adam, beta1: 0.5, beta2: 0.75, epsilon: 1e-3 },
    expected: [0.5269409963213024, -1.0114181455695255, 1.6032914362758135, -0.05624558821340855],
  },
  {
    optimizer: { ...adam, weightDecay: 0.25 },
    expected: [0.3931747285765116, -0.8622245870441829, 1.5782584479173967, -0.08691079338928968],
  },
  {
    optimizer: { ...adam, type: "adamW", weightDecay: 0.25 },
    expected: [0.4304104710294442, -0.8255605954254673, 1.393021974731662, -0.0970976948151844],
  },
  {
    optimizer: { ...adam, type: "adamW", beta1: 0.5, beta2: 0.75, epsilon: 0.25 },
    expected: [0.5334618568647955, -1.1015383963716152, 1.6741713145127473, -0.03630609169784797],
  },
] as const;

const arena = layOutArena([{ name: "p", role: "weight", shape: [4] }]);
const filled = (values: readonly number[]): Float64Array => {
  const data = new Float64Array(arena.size);
  data.set(values);
  return data;
};

describe("an update of the arena", () => {
  it.each(PYTORCH)("is PyTorch's: $optimizer", ({ optimizer, expected }) => {
    const state = { parameters: filled(START), moments: new Float64Array(2 * arena.size), counters: new Float64Array(COUNTERS.words) };
    const table = optimizer.type === "sgd" ? new Float32Array(2) : adamTable(optimizer.beta1, optimizer.beta2);
    const kept = optimizer.type === "sgd" ? 1 : 2;
    for (const [attempted, gradients] of GRADIENTS.entries()) {
      const step = new Float64Array(STEP.words);
      step.set([attempted, 0, 0, bitsOf(RATES[attempted]!), 0, 0, bitsOf(CLIP), bitsOf(optimizer.weightDecay)]);
      const values = new Map<Node, ArrayLike<number>>();
      const given = (data: ArrayLike<number>, dtype: "f32" | "u32" = "f32", shape: readonly number[] = [data.length]): Node => {
        const node = input(shape, dtype);
        values.set(node, data);
        return node;
      };
      const nodes = {
        parameters: given(state.parameters),
        gradients: given(filled(gradients)),
        moments: given(state.moments.subarray(0, kept * arena.size)),
        chunks: given(arena.chunks, "u32"),
        step: given(step, "u32"),
        counters: given(state.counters, "u32"),
      };
      const partials = gradientStatistics(nodes, { regularizer: false });
      const ring = given(new Float64Array(recordWords(1)), "u32");
      const rest = {
        segments: given(arena.segmentTable, "u32"),
        loss: given([1], "f32", []),
        flags: given(new Float64Array(64), "u32"),
        ring,
      };
      const finished = finishStatistics(
        { ...nodes, ...rest, partials },
        { segments: 1, layers: 1, slots: 1, clip: "globalNorm", policy: "stop", plateau: null },
      );
      const summary = finished.summary;
      const updated =
        optimizer.type === "sgd"
          ? elementUpdate(
              updateSgdOp,
              { ...nodes, moments: optimizer.momentum === 0 ? null : nodes.moments, summary, table: null },
              { ...optimizer, decoupled: false, regularizer: false, clip: "scale" },
            )
          : elementUpdate(
              updateAdamOp,
              { ...nodes, summary, table: given(table) },
              { ...optimizer, decoupled: optimizer.type === "adamW", regularizer: false, clip: "scale" },
            );
      const [parameters, counters, moments] = computeFloat64(
        [updated.parameters, finished.counters, ...(updated.moments ? [updated.moments] : [])],
        values,
      );
      state.parameters.set(parameters!);
      state.counters.set(counters!);
      if (moments) state.moments.set(moments);
    }
    // Clip scale and bias corrections pass through float32: 2⁻²⁴ each, of steps that sum to less than 4.
    for (const [index, value] of expected.entries()) expect(Math.abs(state.parameters[index]! - value)).toBeLessThan(8 * 2 ** -24);
    expect(state.counters[COUNTERS.appliedStep]).toBe(3);
  });
});

describe("arena ops", () => {
  it("have places of their own for every word", () => {
    for (const places of [STEP, COUNTERS, SUMMARY, RECORD]) {
      const words = Object.entries(places).flatMap(([name, word]) => (name === "words" ? [] : [word]));
      expect(new Set(words).size).toBe(words.length);
    }
  });

  it("refuse buffers of the wrong size by name", () => {
    const word = (size: number, dtype: "f32" | "u32" = "u32"): Node => input([size], dtype);
    const f = (size: number): Node => word(size, "f32");
    const nodes = { parameters: f(64), gradients: f(128), chunks: word(8), step: word(16) };
    expect(() => gradientStatistics(nodes, { regularizer: false })).toThrow(/gradients is f32\[128\] and must have 64 elements/);
    const sgdNodes = { ...nodes, gradients: f(64), moments: f(128), summary: word(16), table: null };
    const sgdAttributes = { momentum: 0.5, dampening: 0, nesterov: false, decoupled: false, regularizer: false, clip: "scale" } as const;
    expect(() => elementUpdate(updateSgdOp, sgdNodes, sgdAttributes)).toThrow(/moments is f32\[128\] and must have 64/);
    const gather = { x: f(10), y: word(2), step: word(16) };
    expect(() => gatherBatch(gather, { count: 2, batch: 1, sampleShape: [4], yShape: [], xKind: "f32", scale: 1, yDtype: "u32" })).toThrow(
      /x data is f32\[10\] and must have 8/,
    );
  });

  it("make a running table that an unbiased variance comes from", () => {
    const running = input([128], "f32");
    const nodes = {
      running,
      statistics: pack([{ node: input([2, 2], "f32"), offset: 0 }], 64),
      table: input([8], "u32"),
      summary: input([16], "u32"),
    };
    const table = runningTable([{ mean: 0, variance: 64, statistics: 0, features: 2, momentum: 0.25, batch: 5 }]);
    const values = new Map<Node, ArrayLike<number>>([
      [running, new Float64Array(128).fill(8)],
      [nodes.statistics.inputs[0]!, [4, 0, 16, 4]],
      [nodes.table, table],
      [nodes.summary, new Float64Array(16)],
    ]);
    const [after] = computeFloat64([commitRunning(nodes)], values);
    expect([after![0], after![1], after![64], after![65], after![2]]).toEqual([7, 6, 11, 7.25, 8]);
  });
});

describe("batch-norm over several batches", () => {
  it.each(batchNormCases)("keeps PyTorch's running statistics and evaluates by them: $note", ({ options, weight, bias, steps }) => {
    const channels = weight.shape[0]!;
    let running = new Float64Array(2 * 64);
    running.fill(1, 64, 64 + channels);
    for (const { mode, x, output, cotangent, gradients, runningMean, runningVariance } of steps) {
      const nodes = {
        x: input(x.shape, "f32"),
        scale: input([channels], "f32"),
        shift: input([channels], "f32"),
        dy: input(x.shape, "f32"),
      };
      const state = { running: input([128], "f32"), table: input([8], "u32"), summary: input([16], "u32") };
      const values = new Map<Node, ArrayLike<number>>([
        [nodes.x, x.data],
        [nodes.scale, weight.data],
        [nodes.shift, bias.data],
        [nodes.dy, cotangent.data],
        [state.running, running],
        [
          state.table,
          runningTable([{ mean: 0, variance: 64, statistics: 0, features: channels, momentum: options.momentum, batch: x.shape[0]! }]),
        ],
        [state.summary, new Float64Array(16)],
      ]);
      const train = mode === "train" ? batchNormTrain(nodes.x, nodes.scale, nodes.shift, options.epsilon) : null;
      const part = (offset: number): Node => slice(state.running, [{ start: offset, end: offset + channels }]);
      const y = train?.y ?? batchNormEvaluate(nodes.x, part(0), part(64), nodes.scale, nodes.shift, options.epsilon);
      const wanted = backward([{ node: y, gradient: nodes.dy }], [nodes.x, nodes.scale, nodes.shift]) as Node[];
      const [actual, dx, dscale, dshift] = computeFloat64([y, ...wanted], values);
      // Both sides are float64, but for the running statistics, into which momentum and B/(B − 1) went as float32.
      const off = (truth: Float64Array): number => (train ? 1e-9 : 8 * 2 ** -24) * largest(truth);
      expectClose(actual!, output.data, off(output.data));
      expectClose(dx!, gradients.x.data, off(gradients.x.data));
      expectClose(dscale!, gradients.weight.data, off(gradients.weight.data));
      expectClose(dshift!, gradients.bias.data, off(gradients.bias.data));
      if (train)
        running = computeFloat64(
          [commitRunning({ ...state, statistics: pack([{ node: train.statistics, offset: 0 }], 64) })],
          values,
        )[0]!.slice();
      expectClose(running.subarray(0, channels), runningMean.data, 8 * 2 ** -24 * largest(runningMean.data));
      expectClose(running.subarray(64, 64 + channels), runningVariance.data, 8 * 2 ** -24 * largest(runningVariance.data));
    }
  });
});

const largest = (list: Float64Array): number => list.reduce((most, value) => Math.max(most, Math.abs(value)), 1);

function expectClose(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries())
    expect(Math.abs(actual[index]! - value), `element ${index}: ${actual[index]} for ${value}`).toBeLessThanOrEqual(tolerance);
}
