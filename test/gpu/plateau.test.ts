/** The plateau on the GPU: the kernel step for step against its float64 reference, and a training run whose reports must agree with their own losses. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { type Dataset, data, nn, open, optim, schedule, type TrainerOptions } from "../../src/index.ts";
import { finishStatistics, type NonFinitePolicy } from "../../src/ops/arena/finishStatistics.ts";
import { bitsOf, COUNTERS, floatOf, RECORD, STEP } from "../../src/ops/arena/layout.ts";
import { advancePlateau, type PlateauAttributes, plateauFactor } from "../../src/ops/arena/plateau.ts";
import answers from "../oracle/schedules.json" with { type: "json" };
import { reportsOf } from "../support/oracleRun.ts";

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

interface Given {
  readonly loss: number;
  /** Of the step's word. */
  readonly word: number;
}

const RATE = 0.75;

/** The kernel alone, on gradients of 0: the counters after each step, and the step's rate. */
async function advance(plateau: PlateauAttributes, policy: NonFinitePolicy, initial: ArrayLike<number>, steps: readonly Given[]) {
  const state = (name: string, dtype: "u32" | "f32", values: ArrayLike<number>) =>
    gpu.state(name, dtype, values.length, dtype === "u32" ? Uint32Array.from(values) : Float32Array.from(values));
  const partials = state("partials", "u32", [-126 >>> 0, 0, 0, 0]);
  const segments = state("segments", "u32", [0, 1]);
  const step = state("step", "u32", new Uint32Array(STEP.words));
  const loss = state("loss", "f32", [0]);
  const counters = state("counters", "u32", initial);
  const flags = state("flags", "u32", new Uint32Array(64));
  const ring = state("ring", "u32", new Uint32Array(17));
  const made = finishStatistics(
    {
      partials: partials.node(),
      segments: segments.node(),
      step: step.node(),
      loss: loss.node(),
      counters: counters.node(),
      flags: flags.node(),
      ring: ring.node(),
    },
    { segments: 1, layers: 1, slots: 1, clip: "none", policy, plateau },
  );
  const program = await gpu.compileProgram({
    label: "plateau",
    assignments: [
      { state: counters, node: made.counters },
      { state: flags, node: made.flags },
      { state: ring, node: made.ring },
    ],
    states: [partials, segments, step, loss],
  });
  const words = new Uint32Array(STEP.words);
  const seen: Promise<{ counters: Uint32Array; rate: number }>[] = [];
  for (const [index, given] of steps.entries()) {
    words[STEP.attemptedStep] = index;
    words[STEP.learningRate] = bitsOf(RATE);
    words[STEP.plateau] = given.word;
    step.write(words);
    loss.write(Float32Array.of(given.loss));
    const record = gpu.submit([program], [{ state: ring, offset: 0, length: 17 }])!;
    const after = counters.read();
    seen.push(
      Promise.all([after, record]).then(([all, [read]]) => ({ counters: all as Uint32Array, rate: floatOf(read![RECORD.learningRate]!) })),
    );
    if (index % 50 === 49) await seen.at(-1);
  }
  const results = await Promise.all(seen);
  program.dispose();
  for (const one of [partials, segments, step, loss, counters, flags, ring]) one.dispose();
  return results;
}

const numbers: readonly number[] = [COUNTERS.plateauBetter, COUNTERS.plateauBad, COUNTERS.plateauCooldown, COUNTERS.plateauSteps];

async function compare(
  plateau: PlateauAttributes,
  steps: readonly Given[],
  initial = new Uint32Array(COUNTERS.words),
): Promise<Set<number>> {
  const truth = Float64Array.from(initial);
  const seen = await advance(plateau, "skip", initial, steps);
  for (const [index, { counters, rate }] of seen.entries()) {
    const { loss, word } = steps[index]!;
    expect(Math.abs(rate / (RATE * plateauFactor(truth)) - 1), `rate of step ${index}`).toBeLessThan(1e-6);
    advancePlateau(
      truth,
      Object.assign(new Array<number>(STEP.words).fill(0), { [STEP.plateau]: word }),
      loss,
      !Number.isFinite(loss),
      plateau,
    );
    expect(
      numbers.map((at) => counters[at]),
      `step ${index}`,
    ).toEqual(numbers.map((at) => truth[at]));
    const sum = (of: ArrayLike<number>): number => floatOf(of[COUNTERS.plateauSum]!) + floatOf(of[COUNTERS.plateauLost]!);
    expect(Math.abs(sum(counters) - sum(truth)), `sum of step ${index}`).toBeLessThanOrEqual(2 ** -40 * Math.abs(sum(truth)));
    // A sum, a quotient within 2.5 ulps, and their rounding.
    const best = floatOf(truth[COUNTERS.plateauBest]!);
    expect(Math.abs(floatOf(counters[COUNTERS.plateauBest]!) - best), `best of step ${index}`).toBeLessThanOrEqual(4 * 2 ** -23 * best);
    expect(counters[15]).toBe(0);
  }
  return new Set(seen.map(({ rate }) => rate));
}

describe("the kernel", () => {
  it.each(answers.plateaus.map(({ schedule: spec, losses }) => [JSON.stringify(spec), spec, losses] as const))(
    "%s",
    async (_, spec, losses) => {
      const { type: _type, initial, ...options } = spec;
      const { plateau } = schedule.plateau(initial, options as schedule.PlateauOptions);
      expect(
        (
          await compare(
            plateau!,
            losses.map((loss) => ({ loss, word: 3 })),
          )
        ).size,
      ).toBeGreaterThan(4);
    },
  );

  it("averages intervals without what was skipped, and loses nothing of small losses in a large sum", async () => {
    const { plateau } = schedule.plateau(1, { patience: 0, factor: 0.5, threshold: 0 });
    const initial = new Uint32Array(COUNTERS.words);
    initial[COUNTERS.plateauSum] = bitsOf(2 ** 17);
    initial[COUNTERS.plateauSteps] = 100_000;
    const steps = Array.from({ length: 150 }, (_, step) => ({
      loss: step % 7 === 3 ? Number.NaN : Math.fround(0.001 * (1 + (step % 3))),
      word: step > 60 && step % 10 === 9 ? 3 : 1,
    }));
    expect((await compare(plateau!, steps, initial)).size).toBeGreaterThan(2);
  });

  it("takes the mean of an interval with an infinite loss, where those count, for NaN", async () => {
    const { plateau } = schedule.plateau(1, { patience: 5 });
    const steps = [1, Number.POSITIVE_INFINITY, 2, 1, 1].map((loss, index) => ({ loss, word: index === 3 ? 3 : 1 }));
    const seen = await advance(plateau!, "ignore", new Uint32Array(COUNTERS.words), steps);
    expect(seen.map(({ counters }) => floatOf(counters[COUNTERS.plateauSum]!))).toEqual([1, Number.NaN, Number.NaN, 0, 1]);
    expect(seen.map(({ counters }) => counters[COUNTERS.plateauBad])).toEqual([0, 0, 0, 1, 1]);
  });

  it("does not move once training has stopped", async () => {
    const { plateau } = schedule.plateau(1, { patience: 0 });
    const steps = [1, Number.NaN, 2, 3].map((loss) => ({ loss, word: 3 }));
    const seen = await advance(plateau!, "stop", new Uint32Array(COUNTERS.words), steps);
    for (const { counters, rate } of seen) {
      expect([...counters.subarray(COUNTERS.plateauFactor)]).toEqual([...seen[0]!.counters.subarray(COUNTERS.plateauFactor)]);
      expect(rate).toBe(RATE);
    }
  });
});

describe("training", () => {
  const model = () => nn.sequential(nn.linear(2, 5), nn.tanh(), nn.linear(5, 2));
  const options = (learningRate: schedule.Schedule, more: Partial<TrainerOptions> = {}): TrainerOptions => ({
    model: model(),
    loss: nn.softmaxCrossEntropy(),
    batchSize: 8,
    seed: 3,
    optimizer: optim.sgd({ learningRate }),
    nonFinite: "skip",
    ...more,
  });
  /** 30 rows, so that epochs end within batches; row 17 of them is not finite. */
  function points(): Dataset {
    const all = data.xor({ samples: 30, testFraction: 0, noise: 0.3, seed: 1 });
    const x = Float32Array.from(all.train.x);
    x[2 * 17] = Infinity;
    return { ...all, train: { ...all.train, x } };
  }

  it("multiplies the rate of a warm-up's plateau, counted in epochs; a checkpoint takes the plateau along", async () => {
    // Too large a rate to get better for long.
    const rate = schedule.perEpoch(schedule.warmUp(2, schedule.plateau(8, { patience: 1, factor: 0.5, cooldown: 1, threshold: 0.01 })));
    const dataset = points();
    const whole = await gpu.train(options(rate));
    const reports = await reportsOf(whole, dataset, { steps: 120 });
    expect(reports.some(({ skipped }) => skipped)).toBe(true);

    const counters = new Float64Array(COUNTERS.words);
    const run = { samples: 30, batchSize: 8 };
    for (const { step, learningRate, loss, skipped } of reports) {
      const expected = rate(step, run) * plateauFactor(counters);
      expect(Math.abs(learningRate - expected), `step ${step}`).toBeLessThanOrEqual(2 ** -22 * expected);
      // Epochs end with rows 30, 60, …: with the step in whose batch those lie.
      const ends = Math.floor((8 * (step + 1)) / 30) > Math.floor((8 * step) / 30);
      const word = 8 * step < 60 && Math.floor((8 * step) / 30) < 2 ? 0 : ends ? 3 : 1;
      advancePlateau(
        counters,
        Object.assign(new Array<number>(STEP.words).fill(0), { [STEP.plateau]: word }),
        loss,
        skipped,
        rate.plateau!,
      );
    }
    expect(plateauFactor(counters)).toBeLessThan(0.3);

    const first = await gpu.train(options(rate));
    const before = await reportsOf(first, dataset, { steps: 71 });
    const second = await gpu.train(options(rate));
    await second.restore(await first.checkpoint());
    expect([...before, ...(await reportsOf(second, dataset, { steps: 49 }))]).toEqual(reports);
    for (const trainer of [whole, first, second]) trainer.dispose();
  });

  it("goes on after a stop as if the steps in flight had never been", async () => {
    const rate = schedule.plateau(4, { patience: 0, factor: 0.9 });
    const good = data.xor({ samples: 30, testFraction: 0, noise: 0.3, seed: 1 });
    const order = { order: "sequential", nonFinite: "stop" } as const;
    const trainer = await gpu.train(options(rate, order));
    await expect(reportsOf(trainer, points(), { steps: 50, every: 50 })).rejects.toMatchObject({
      code: "non-finite",
      details: { step: 2 },
    });
    const after = await reportsOf(trainer, good, { steps: 20 });
    const other = await gpu.train(options(rate, order));
    // Rows 0 to 15 are the same in both.
    const all = await reportsOf(other, good, { steps: 22 });
    expect(after).toEqual(all.slice(2));
    expect(all.at(-1)!.learningRate).toBeLessThan(4);
    trainer.dispose();
    other.dispose();
  });
});
