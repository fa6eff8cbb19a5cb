import { describe, expect, it } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import { parseExperiment, scheduleOf } from "../../src/experiment/index.ts";
import type { ScheduleSpec } from "../../src/experiment/schema/index.ts";
import * as schedule from "../../src/optim/schedule.ts";
import { plateauWord } from "../../src/optim/schedules/plateau.ts";
import answers from "../oracle/schedules.json" with { type: "json" };

function parseSchedule(spec: unknown): ScheduleSpec {
  const other = { format: "fathom-experiment/1", seed: 0, dataset: "digits", batchSize: 1, steps: 1, loss: "softmaxCrossEntropy" };
  return parseExperiment({ ...other, model: ["relu"], optimizer: "sgd", schedule: spec }).schedule;
}

/** Relative, a few roundings of float64. */
function expectClose(actual: number, expected: number) {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(8 * 2 ** -53 * Math.abs(expected));
}

/** The rates of some steps. */
const at = (rate: schedule.Schedule, steps: readonly number[]): number[] => steps.map((step) => rate(step));
/** `end + (from − end)(1 + cos(π·share))/2`, written otherwise than in the source. */
const halfWave = (from: number, end: number, share: number): number => end + (from - end) * Math.cos((Math.PI * share) / 2) ** 2;

describe("closed forms", () => {
  it("constant", () => {
    for (const t of [0, 1, 1e6]) expect(schedule.constant(0.3)(t)).toBe(0.3);
  });

  it("linear falls to 0 at T and stays there", () => {
    const rate = schedule.linear(0.1, { steps: 300 });
    for (const t of [0, 1, 150, 299]) expectClose(rate(t), 0.1 * (1 - t / 300));
    for (const t of [300, 301, 1e9]) expect(rate(t)).toBe(0);
  });

  it("linear can end elsewhere, above or below", () => {
    const down = schedule.linear(1, { steps: 4, end: 0.5 });
    expect(at(down, [0, 1, 2, 3, 4, 5])).toEqual([1, 0.875, 0.75, 0.625, 0.5, 0.5]);
    const up = schedule.linear(0, { steps: 2, end: 1 });
    expect(at(up, [0, 1, 2, 3])).toEqual([0, 0.5, 1, 1]);
  });

  it("cosine is level at both ends and half way in the middle", () => {
    const rate = schedule.cosine(3e-3, { steps: 2000, end: 1e-3 });
    expect(rate(0)).toBe(3e-3);
    expectClose(rate(1000), 2e-3);
    expectClose(rate(500), 1e-3 + 2e-3 * (0.5 + Math.SQRT1_2 / 2));
    for (const t of [2000, 5000]) expect(rate(t)).toBe(1e-3);
    expectClose(schedule.cosine(1, { steps: 3 })(1), 0.75);
  });

  it("step drops every k steps", () => {
    const rate = schedule.step(8, { every: 10, gamma: 0.5 });
    expect(at(rate, [0, 9, 10, 19, 20, 30])).toEqual([8, 8, 4, 4, 2, 1]);
    expectClose(schedule.step(1, { every: 1 })(3), 1e-3);
  });

  it("exponential", () => {
    const rate = schedule.exponential(0.1, { gamma: 0.99 });
    for (const t of [0, 1, 50]) expectClose(rate(t), 0.1 * 0.99 ** t);
  });

  it("inverse scaling", () => {
    const rate = schedule.inverseScaling(0.5);
    expect(at(rate, [0, 3, 99])).toEqual([0.5, 0.25, 0.05]);
    expectClose(schedule.inverseScaling(1, { power: 2 })(9), 0.01);
  });

  it("inverse time", () => {
    const rate = schedule.inverseTime(0.5, { decay: 0.25 });
    for (const t of [0, 1, 4, 1000]) expectClose(rate(t), 0.5 / (1 + t / 4));
    expect(schedule.inverseTime(0.5, { decay: 0 })(7)).toBe(0.5);
  });

  it("polynomial, and stays at its end", () => {
    const rate = schedule.polynomial(2, { steps: 4, power: 3, end: 1 });
    expect(at(rate, [0, 1, 2, 3, 4, 99])).toEqual([2, 1 + 27 / 64, 1 + 1 / 8, 1 + 1 / 64, 1, 1]);
    expect(schedule.polynomial(2, { steps: 4 })(1)).toBe(1.5);
  });

  it("multi-step drops at each milestone", () => {
    const rate = schedule.multiStep(8, { milestones: [2, 3, 10], gamma: 0.5 });
    expect(at(rate, [0, 1, 2, 3, 9, 10, 1e9])).toEqual([8, 8, 4, 2, 2, 1, 1]);
    expectClose(schedule.multiStep(1, { milestones: [1] })(1), 0.1);
    expect(schedule.multiStep(8, { milestones: [] })(5)).toBe(8);
  });

  it("piecewise takes each value from its boundary on", () => {
    const rate = schedule.piecewise({ boundaries: [2, 5], values: [3, 0, 7] });
    expect(at(rate, [0, 1, 2, 4, 5, 1e9])).toEqual([3, 3, 0, 0, 7, 7]);
  });

  it("cosine with restarts begins anew, in cycles that grow", () => {
    const equal = schedule.cosineRestarts(3, { steps: 4, end: 1 });
    for (const t of [0, 1, 3, 4, 5, 4_000_001]) expectClose(equal(t), halfWave(3, 1, (t % 4) / 4));
    const growing = schedule.cosineRestarts(1, { steps: 2, factor: 3 });
    // Cycles of 2, 6 and 18 steps.
    for (const [t, share] of [
      [0, 0],
      [1, 1 / 2],
      [2, 0],
      [7, 5 / 6],
      [8, 0],
      [17, 9 / 18],
      [26, 0],
    ] as const)
      expectClose(growing(t), halfWave(1, 0, share));
  });

  it("one cycle rises to its maximum and falls far below where it began, and stays there", () => {
    const rate = schedule.oneCycle(1, { steps: 21, warmUpFraction: 1 / 3, divideBy: 10, finalDivideBy: 100, anneal: "linear" });
    expectClose(rate(0), 0.1);
    expectClose(rate(3), 0.55);
    expectClose(rate(6), 1);
    expectClose(rate(13), (1 + 0.001) / 2);
    for (const t of [20, 21, 1e9]) expectClose(rate(t), 0.001);
    const standard = schedule.oneCycle(1, { steps: 100 });
    expectClose(standard(0), 0.04);
    expectClose(standard(29), 1);
    expectClose(standard(10), halfWave(0.04, 1, 10 / 29));
    expectClose(standard(64), halfWave(1, 4e-6, 35 / 70));
    expectClose(standard(99), 4e-6);
    // The maximum at step 0, where PyTorch divides by 0.
    expect(schedule.oneCycle(1, { steps: 4, warmUpFraction: 0.25 })(0)).toBe(1);
  });

  it("a plateau holds its rate: the losses decide", () => {
    for (const t of [0, 1e6]) expect(schedule.plateau(0.3)(t)).toBe(0.3);
  });

  it("warm-up rises in a line that meets the schedule after it", () => {
    const rate = schedule.warmUp(4, schedule.linear(1, { steps: 10 }));
    expect(at(rate, [0, 1, 2, 3, 4])).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    expectClose(rate(9), 0.5);
    expect(rate(14)).toBe(0);
    expect(schedule.warmUp(0, 0.25)(0)).toBe(0.25);
  });

  it("joins, each part from its own step 0", () => {
    const rate = schedule.join([
      { until: 2, schedule: 5 },
      { until: 6, schedule: schedule.linear(4, { steps: 4 }) },
      { schedule: (t) => 100 + t },
    ]);
    expect(at(rate, [0, 1, 2, 3, 5, 6, 7])).toEqual([5, 5, 4, 3, 1, 100, 101]);
  });
});

describe("per epoch", () => {
  it("counts epochs: t is the number of epochs that are through", () => {
    const rate = schedule.perEpoch(schedule.warmUp(1, schedule.step(8, { every: 2, gamma: 0.5 })));
    const run = { samples: 10, batchSize: 4 };
    // Epochs are through before steps 3 (12 rows), 5 (20 rows), 8 (32 rows), 10.
    expect(Array.from({ length: 11 }, (_, step) => rate(step, run))).toEqual([4, 4, 4, 8, 8, 8, 8, 8, 4, 4, 4]);
    // A batch of more rows than there are.
    expect([0, 1, 2, 3].map((step) => rate(step, { samples: 4, batchSize: 6 }))).toEqual([4, 8, 4, 4]);
    expect(rate.description).toBe("warmUp(1 steps) then step(8 × 0.5 every 2 steps) per epoch");
  });

  it("hands the size of the run on", () => {
    const seen = schedule.perEpoch(schedule.join([{ schedule: schedule.warmUp(1, (t, run) => t + (run?.samples ?? 0)) }]));
    expect(seen(7, { samples: 100, batchSize: 50 })).toBe(102);
  });
});

describe("where a plateau's intervals end", () => {
  const words = (rate: schedule.DescribedSchedule, steps: number, run = { samples: 10, batchSize: 4 }): string =>
    Array.from({ length: steps }, (_, step) => plateauWord(rate, step, run)).join("");

  it("after every so many steps, counted from where it begins", () => {
    expect(words(schedule.plateau(1), 3)).toBe("333");
    expect(words(schedule.plateau(1, { every: 3 }), 8)).toBe("11311311");
    expect(words(schedule.warmUp(2, schedule.plateau(1, { every: 3 })), 9)).toBe("001131131");
    expect(words(schedule.warmUp(2, schedule.warmUp(1, schedule.plateau(1, { every: 2 }))), 6)).toBe("000131");
    expect(words(schedule.constant(1), 3)).toBe("000");
  });

  it("with the step that takes the last row of an epoch", () => {
    // Batches end at rows 4, 8, 12, 16, 20, …; epochs at 10, 20, 30, 40.
    expect(words(schedule.perEpoch(schedule.plateau(1)), 10)).toBe("1131311313");
    expect(words(schedule.perEpoch(schedule.plateau(1, { every: 2 })), 10)).toBe("1111311113");
    // Two epochs end in one batch.
    expect(words(schedule.perEpoch(schedule.plateau(1)), 3, { samples: 3, batchSize: 7 })).toBe("333");
    // After one epoch of warming up: a batch that begins before it is of no interval.
    expect(words(schedule.perEpoch(schedule.warmUp(1, schedule.plateau(1))), 10)).toBe("0001311313");
  });
});

describe("PyTorch's values", () => {
  it.each(answers.closed.map((one) => [JSON.stringify(one.schedule), one] as const))("%s", (_, { schedule: spec, rates }) => {
    const made = scheduleOf(parseSchedule(spec));
    // PyTorch multiplies step by step; each product may round.
    const allowed = 4 * rates.length * 2 ** -53 * Math.max(...rates);
    for (const [step, rate] of rates.entries()) expect(Math.abs(made(step) - rate), `step ${step}`).toBeLessThanOrEqual(allowed);
  });

  it("are held for every schedule that PyTorch has", () => {
    expect([...new Set(answers.closed.map((one) => one.schedule["type"]))].sort()).toEqual(
      ["cosine", "cosineRestarts", "exponential", "linear", "multiStep", "oneCycle", "polynomial", "step", "warmUp"].sort(),
    );
  });
});

it("prints what it is, with every number", () => {
  const all = schedule.join([
    { until: 100, schedule: schedule.warmUp(10, schedule.cosine(3e-3, { steps: 2000 })) },
    { until: 200, schedule: schedule.linear(0.1, { steps: 300, end: 0.01 }) },
    { until: 300, schedule: schedule.step(1, { every: 5, gamma: 0.5 }) },
    { until: 400, schedule: schedule.exponential(1, { gamma: 0.9 }) },
    { until: 500, schedule: schedule.inverseScaling(1, { power: 0.25 }) },
    { until: 600, schedule: () => 1 },
    { until: 700, schedule: schedule.polynomial(1, { steps: 9, power: 2 }) },
    { until: 800, schedule: schedule.cosineRestarts(1, { steps: 9, factor: 2 }) },
    { until: 900, schedule: schedule.oneCycle(1, { steps: 9, finalDivideBy: 10, anneal: "linear" }) },
    { until: 1000, schedule: schedule.multiStep(1, { milestones: [3, 4] }) },
    { until: 1100, schedule: schedule.piecewise({ boundaries: [3], values: [1, 2] }) },
    { until: 1200, schedule: schedule.inverseTime(1, { decay: 0.5 }) },
    { schedule: 0.2 },
  ]);
  expect(all.description).toBe(
    "join(warmUp(10 steps) then cosine(0.003 → 0, 2000 steps) until 100, linear(0.1 → 0.01, 300 steps) until 200, " +
      "step(1 × 0.5 every 5 steps) until 300, exponential(1 × 0.9 every step) until 400, inverseScaling(1 / (t + 1)^0.25) until 500, " +
      "custom until 600, polynomial(1 → 0, 9 steps, power 2) until 700, cosineRestarts(1 → 0, 9 steps × 2) until 800, " +
      "oneCycle(0.04 → 1 → 0.004, 9 steps, linear) until 900, multiStep(1 × 0.1 at 3, 4) until 1000, piecewise(1, 2 at 3) until 1100, " +
      "inverseTime(1 / (1 + 0.5·t)) until 1200, constant(0.2))",
  );
  expect(schedule.plateau(1, { every: 5 }).description).toBe("plateau(1 × 0.1 after 10 × 5 steps)");
});

describe("asSchedule", () => {
  it("takes numbers, schedules and plain functions", () => {
    expect(schedule.asSchedule("sgd", 0.5)(7)).toBe(0.5);
    const cosine = schedule.cosine(1, { steps: 2 });
    expect(schedule.asSchedule("sgd", cosine)).toBe(cosine);
    expect(schedule.asSchedule("sgd", (t) => t * 2)(7)).toBe(14);
  });
});

describe("refused", () => {
  it.each<[() => unknown, string]>([
    [() => schedule.constant(-1), "schedule.constant: rate is -1; use a finite number from 0"],
    [() => schedule.linear(NaN, { steps: 1 }), "schedule.linear: initial is NaN; use a finite number from 0"],
    [() => schedule.linear(1, { steps: 0 }), "schedule.linear: steps is 0; use a whole number from 1"],
    [() => schedule.linear(1, {} as never), "schedule.linear: steps is undefined; use a whole number from 1"],
    [() => schedule.linear(1, undefined as never), "schedule.linear: options are undefined; pass an object with steps, end"],
    [() => schedule.cosine(1, { steps: 2.5 }), "schedule.cosine: steps is 2.5; use a whole number from 1"],
    [() => schedule.cosine(1, { steps: 2, end: -1 }), "schedule.cosine: end is -1; use a finite number from 0"],
    [() => schedule.cosine(1, { step: 2 } as never), 'schedule.cosine: there is no option "step"; it has steps, end'],
    [() => schedule.step(1, { every: 0 }), "schedule.step: every is 0; use a whole number from 1"],
    [() => schedule.step(1, { every: 1, gamma: 0 }), "schedule.step: gamma is 0; use a finite number above 0"],
    [() => schedule.exponential(1, { gamma: -1 }), "schedule.exponential: gamma is -1; use a finite number above 0"],
    [() => schedule.inverseScaling(1, { power: -1 }), "schedule.inverseScaling: power is -1; use a finite number from 0"],
    [() => schedule.warmUp(-1, 1), "schedule.warmUp: steps is -1; use a whole number from 0"],
    [() => schedule.warmUp(1, "fast" as never), 'schedule.warmUp: learning rate is "fast"; use a number or a schedule'],
    [() => schedule.join([]), "schedule.join: segments are an empty array; pass an array such as"],
    [() => schedule.join([{ schedule: 1 }, { schedule: 2 }]), "schedule.join: segment 0: until is undefined; use a whole number from 1"],
    [
      () => schedule.join([{ until: 5, schedule: 1 }, { until: 5, schedule: 1 }, { schedule: 2 }]),
      "segment 1: until is 5; use a whole number from 6",
    ],
    [() => schedule.join([{ until: 5, schedule: 1 }]), "schedule.join: segment 0 is the last and has until 5; leave it out"],
    [() => schedule.join([{ untill: 5, schedule: 1 } as never]), 'schedule.join: segment 0: there is no option "untill"'],
    [
      () => schedule.join([{ schedule: schedule.plateau(1) }]),
      "segment 0 holds a plateau, which follows the losses of the whole run; use it alone",
    ],
    [() => schedule.perEpoch(schedule.constant(1))(3), "how large an epoch is was not said; pass it as the second argument"],
    [
      () => schedule.perEpoch(schedule.constant(1))(3, { samples: 0, batchSize: 1 }),
      "schedule.perEpoch: samples is 0; use a whole number from 1",
    ],
    [
      () => schedule.warmUp(1, schedule.perEpoch(schedule.constant(1))),
      "schedule.warmUp: constant(1) per epoch counts epochs within another",
    ],
    [() => schedule.join([{ schedule: schedule.perEpoch(schedule.constant(1)) }]), "put schedule.perEpoch around all of it"],
    [() => schedule.multiStep(1, { milestones: [3, 3] }), "schedule.multiStep: milestones[1] is 3; use a whole number from 4"],
    [() => schedule.multiStep(1, {} as never), "milestones are undefined; pass an array of steps, rising"],
    [() => schedule.piecewise({ boundaries: [3], values: [1] }), "values are 1 rates; use 2 rates, one more than there are boundaries"],
    [() => schedule.piecewise({ boundaries: [3], values: [1, -1] }), "schedule.piecewise: values[1] is -1; use a finite number from 0"],
    [() => schedule.inverseTime(1, { decay: -1 }), "schedule.inverseTime: decay is -1; use a finite number from 0"],
    [() => schedule.polynomial(1, { steps: 1, power: 0 }), "schedule.polynomial: power is 0; use a finite number above 0"],
    [() => schedule.cosineRestarts(1, { steps: 1, factor: 1.5 }), "schedule.cosineRestarts: factor is 1.5; use a whole number from 1"],
    [() => schedule.oneCycle(0, { steps: 9 }), "schedule.oneCycle: maximum is 0; use a finite number above 0"],
    [() => schedule.oneCycle(1, { steps: 1 }), "schedule.oneCycle: steps is 1; use a whole number from 2"],
    [() => schedule.oneCycle(1, { steps: 9, anneal: "cos" as never }), 'anneal is "cos"; use one of "cosine", "linear"'],
    [() => schedule.plateau(1, { factor: 1 }), "schedule.plateau: factor is 1; use a finite number above 0, below 1"],
    [() => schedule.plateau(1, { patience: -1 }), "schedule.plateau: patience is -1; use a whole number from 0"],
    [() => schedule.asSchedule("sgd", -0.1), "sgd: learning rate is -0.1; use a finite number from 0"],
  ])("%#", (call, message) => {
    expect(call).toThrow(message);
    expect(call).toThrow(FathomError);
  });
});
