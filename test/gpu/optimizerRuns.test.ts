/** Optimizers in training: dispatches at any depth, runs that go on from a checkpoint, and norms of any magnitude. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { nn, open, optim, type TrainerOptions } from "../../src/index.ts";
import { decodeSafetensors } from "../../src/io/safetensors.ts";
import { lambMomentsOp, updateLambOp } from "../../src/ops/arena/lamb.ts";
import { bitsOf, floatOf, STEP, SUMMARY } from "../../src/ops/arena/layout.ts";
import { muonMomentsOp, muonStackOp, updateMuonOp } from "../../src/ops/arena/muon.ts";
import { normOf, PAIR_WORDS, segmentNormsOp } from "../../src/ops/arena/segmentNorms.ts";
import { adamTable } from "../../src/optim/adamTable.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { layOutStacks, stackedChunks } from "../../src/train/muonStacks.ts";
import { spread } from "../support/float64.ts";
import { reportsOf } from "../support/oracleRun.ts";
import { f32, hardware, type KernelInput, referenceOf, runKernel, software, u32 } from "../support/runKernel.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";
import { waves } from "../support/waves.ts";

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const dataset = waves(12, 4);
const rate = { learningRate: 0.01 };
const optionsOf = (optimizer: TrainerOptions["optimizer"], hidden = 2): TrainerOptions => ({
  model: nn.sequential(
    nn.repeat(hidden, () => [nn.linear(4, 4), nn.tanh()]),
    nn.linear(4, 2),
  ),
  loss: nn.meanSquaredError(),
  batchSize: 5,
  seed: 4,
  optimizer,
});

describe("dispatches", () => {
  it("of an update are one at any depth; Lamb's are three, and Muon's 4 and 15 for each shape of matrix", async () => {
    const counts = async (optimizer: TrainerOptions["optimizer"], hidden: number): Promise<number> => {
      const trainer = await gpu.train(optionsOf(optimizer, hidden));
      await trainer.prepare(dataset);
      const { dispatches } = trainer.counters;
      trainer.dispose();
      return dispatches;
    };
    for (const hidden of [2, 9]) {
      const plain = await counts(optim.sgd(rate), hidden);
      for (const optimizer of [
        optim.rmsprop({ ...rate, centered: true, momentum: 0.5 }),
        optim.adagrad(rate),
        optim.adamW(rate),
        optim.nadam(rate),
        optim.radam(rate),
        optim.lion(rate),
      ])
        expect(await counts(optimizer, hidden), `${optimizer.type}, ${hidden} layers`).toBe(plain);
      expect(await counts(optim.lamb(rate), hidden)).toBe(plain + 2);
      // Matrices of 4 × 4 and of 2 × 4.
      expect(await counts(optim.muon(rate), hidden)).toBe(plain + 3 + 2 * 15);
    }
  });
});

describe("a run that goes on from a checkpoint", () => {
  it.each([
    [
      optim.rmsprop({ ...rate, centered: true, momentum: 0.5 }),
      ["grad_avg.0.0.0.weight", "momentum_buffer.0.0.0.bias", "square_avg.1.bias"],
    ],
    [optim.adagrad({ ...rate, initialAccumulator: 0.25, learningRateDecay: 0.1 }), ["sum.0.0.0.weight"]],
    [optim.nadam(rate), ["exp_avg.0.0.0.weight", "exp_avg_sq.0.0.0.weight"]],
    [optim.lamb(rate), ["exp_avg.0.0.0.weight", "exp_avg_sq.0.0.0.weight"]],
    [optim.muon(rate), ["momentum_buffer.0.0.0.weight", "exp_avg.0.0.0.bias", "exp_avg_sq.0.0.0.bias"]],
  ])("equals one that was not cut, bit for bit: $type", async (optimizer, names) => {
    const whole = await gpu.train(optionsOf(optimizer));
    const expected = await reportsOf(whole, dataset, { steps: 14 });
    const first = await gpu.train(optionsOf(optimizer));
    await reportsOf(first, dataset, { steps: 6 });
    const file = await first.checkpoint();
    const stored = [...decodeSafetensors(file, "a checkpoint").tensors.keys()];
    for (const name of names) expect(stored).toContain(`optimizer.${name}`);
    if (optimizer.type === "muon") expect(stored).not.toContain("optimizer.exp_avg.0.0.0.weight");
    const second = await gpu.train(optionsOf(optimizer));
    await second.restore(file);
    expect(await reportsOf(second, dataset, { steps: 8 })).toEqual(expected.slice(6));
    expect(await second.checkpoint()).toEqual(await whole.checkpoint());
    for (const trainer of [whole, first, second]) trainer.dispose();
  });
});

describe("frozen matrices", () => {
  it("leave Muon's stacks, and come back", async () => {
    const frozen = [{ parameters: "0.*", learningRateFactor: 0 }];
    const trainer = await gpu.train({ ...optionsOf(optim.muon(rate)), groups: frozen });
    const weights = async () => readSafetensors(await trainer.save());
    const before = await weights();
    await reportsOf(trainer, dataset, { steps: 2 });
    const after = await weights();
    expect(after.get("0.1.0.weight")!.data).toEqual(before.get("0.1.0.weight")!.data);
    expect(after.get("1.weight")!.data).not.toEqual(before.get("1.weight")!.data);
    const { dispatches } = trainer.counters;
    await trainer.setGroups([]);
    expect(trainer.counters.dispatches).toBeGreaterThan(dispatches + 14);
    await reportsOf(trainer, dataset, { steps: 2 });
    expect((await weights()).get("0.1.0.weight")!.data).not.toEqual(before.get("0.1.0.weight")!.data);
    // With no matrix left it is AdamW.
    await trainer.setGroups([{ parameters: "*", role: "weight", learningRateFactor: 0 }]);
    await reportsOf(trainer, dataset, { steps: 1 });
    trainer.dispose();
  });
});

describe("norms", () => {
  const arena = layOutArena([
    { name: "a", role: "weight", shape: [90, 60] },
    { name: "b", role: "bias", shape: [7] },
    { name: "c", role: "weight", shape: [3, 5] },
    { name: "d", role: "weight", shape: [90, 60] },
  ]);
  const ones = arena.segments.map(() => ({ rate: 1, decay: 1 }));
  const muon = optim.muon(rate);
  const stacks = layOutStacks(muon as never, arena.segments, ones);
  const noise = spread(arena.size, 5);
  const fill = (copies: number, value: (segment: number, index: number) => number): KernelInput => {
    const data = new Float32Array(copies * arena.size);
    for (let copy = 0; copy < copies; copy++)
      for (const [segment, { offset, size }] of arena.segments.entries())
        for (let index = 0; index < size; index++) data[copy * arena.size + offset + index] = value(segment, index);
    return f32([data.length], data);
  };
  const summary = new Uint32Array(SUMMARY.words);
  summary.set([0, bitsOf(1), 3]);
  summary[SUMMARY.learningRate] = bitsOf(0.125);
  const step = new Uint32Array(STEP.words);
  step[STEP.weightDecay] = bitsOf(0.25);
  const table = f32([adamTable(0.9, 0.99).length], adamTable(0.9, 0.99));
  const common = { beta1: 0.9, beta2: 0.99, epsilon: 1e-6, regularizer: false, clip: "scale" } as const;

  /** Pairs of exponent and value; the exponents are exact. */
  function expectPairs(actual: ArrayLike<number>, truth: ArrayLike<number>): void {
    for (let at = 0; at < truth.length; at += 2) {
      expect(actual[at], `exponent ${at}`).toBe(truth[at]);
      const value = floatOf(truth[at + 1]!);
      expect(Math.abs(floatOf(actual[at + 1]!) - value), `value ${at}`).toBeLessThanOrEqual(100 * 2 ** -24 * value);
    }
  }
  function expectClose(actual: ArrayLike<number>, truth: ArrayLike<number>, what: string): void {
    let worst = 0;
    for (let at = 0; at < truth.length; at++) {
      const off = Math.abs(actual[at]! - truth[at]!) / Math.max(Math.abs(truth[at]!), 1e-30);
      worst = Math.max(worst, Number.isNaN(off) ? Infinity : off);
    }
    expect(worst, what).toBeLessThan(200 * 2 ** -24);
  }

  it.each([
    { target: software, magnitude: 1 },
    { target: hardware, magnitude: 1 },
    { target: software, magnitude: 1e-18 },
    { target: software, magnitude: 1e17 },
  ])(
    "of weights and directions of $magnitude are Lamb's trust ratio, for a $target.adapterClass adapter",
    async ({ target, magnitude }) => {
      // Positive, so that no direction is a small difference.
      const weights = fill(1, (segment, index) => (segment === 2 ? 0 : Math.abs(noise[index]!) * magnitude));
      const slopes = fill(1, (_, index) => 0.25 + Math.abs(noise[index + 9]!));
      const head = [slopes, u32(arena.chunks), u32(summary), u32(step), table, weights];
      const first = [...head, fill(2, () => 0.5)];
      const [moments, partials] = await runKernel(lambMomentsOp, first, common, target);
      const [trueMoments, truePartials] = referenceOf(lambMomentsOp, first, common);
      expectClose(moments!.data, trueMoments!.data, "moments");
      expectPairs(partials!.data, truePartials!.data);
      const sums = [u32(partials!.data), u32(arena.segmentTable)];
      const [norms] = await runKernel(segmentNormsOp, sums, undefined, target);
      expectPairs(norms!.data, referenceOf(segmentNormsOp, sums, undefined)[0]!.data);
      const { offset, size } = arena.segments[3]!;
      const length = Math.hypot(...Array.from(weights.data).slice(offset, offset + size));
      const [exponent, root] = norms!.data.subarray(3 * PAIR_WORDS) as unknown as [number, number];
      expect(Math.abs(normOf(exponent, root) / length - 1)).toBeLessThan(1e-5);
      const last = [...head, f32([moments!.data.length], moments!.data), u32(norms!.data)];
      const [parameters] = await runKernel(updateLambOp, last, common, target);
      // A weight may be all but undone: what counts is how long its tensor's weights are.
      const [truth] = referenceOf(updateLambOp, last, common);
      for (const own of arena.segments) {
        const part = (data: Float64Array): Float64Array => data.subarray(own.offset, own.offset + own.size);
        const most = part(truth!.data).reduce((highest, value) => Math.max(highest, Math.abs(value)), 0);
        for (const [index, value] of part(truth!.data).entries())
          if (!(Math.abs(part(parameters!.data)[index]! - value) <= 64 * 2 ** -24 * most))
            expect.fail(`${own.name} ${index}: ${part(parameters!.data)[index]} for ${value}`);
      }
    },
  );

  it.each([
    { target: software, magnitude: 1 },
    { target: hardware, magnitude: 1 },
    { target: software, magnitude: 1e-30 },
    { target: software, magnitude: 1e-12 },
    { target: software, magnitude: 1e30 },
  ])("of gradients of $magnitude are what Muon divides by, for a $target.adapterClass adapter", async ({ target, magnitude }) => {
    const attributes = { ...common, momentum: 0.95, nesterov: true };
    const chunks = u32(stackedChunks(arena.chunks, arena.segments, stacks));
    const weights = fill(1, (_, index) => 1 + Math.abs(noise[index]!));
    const slopes = fill(1, (segment, index) => (0.25 + Math.abs(noise[index]!)) * (segment === 1 ? 1 : magnitude));
    const head = [slopes, chunks, u32(summary), u32(step)];
    const first = [...head, weights, fill(2, (segment) => (segment === 1 ? 0.5 : 0))];
    const [moments, partials] = await runKernel(muonMomentsOp, first, attributes, target);
    const [trueMoments, truePartials] = referenceOf(muonMomentsOp, first, attributes);
    expectClose(moments!.data, trueMoments!.data, "moments");
    expectPairs(partials!.data, truePartials!.data);
    const [norms] = await runKernel(segmentNormsOp, [u32(partials!.data), u32(arena.segmentTable)], undefined, target);
    const kept = f32([moments!.data.length], moments!.data);
    const second = [...head, weights, kept, u32(norms!.data)];
    const [stacked] = await runKernel(muonStackOp, second, { ...attributes, size: stacks.size }, target);
    for (const begin of stacks.begins)
      if (begin !== null && magnitude !== 1e-30 && magnitude !== 1e-12) expect(stacked!.data[begin]).toBeGreaterThan(0);
    const [truth] = referenceOf(muonStackOp, second, { ...attributes, size: stacks.size });
    for (const [segment, begin] of stacks.begins.entries()) {
      if (begin === null) continue;
      const own = (data: Float64Array): Float64Array => data.slice(begin, begin + arena.segments[segment]!.size);
      expectClose(own(stacked!.data), own(truth!.data), `stack of ${segment}`);
    }
    const last = [...head, table, weights, kept, f32([stacks.size], truth!.data)];
    const [parameters] = await runKernel(updateMuonOp, last, attributes, target);
    expectClose(parameters!.data, referenceOf(updateMuonOp, last, attributes)[0]!.data, "parameters");
  });
});
