import { describe, expect, it } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import * as schedule from "../../src/optim/schedule.ts";

/** Relative, a few roundings of float64. */
function expectClose(actual: number, expected: number) {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(8 * 2 ** -53 * Math.abs(expected));
}

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
    expect([0, 1, 2, 3, 4, 5].map(down)).toEqual([1, 0.875, 0.75, 0.625, 0.5, 0.5]);
    const up = schedule.linear(0, { steps: 2, end: 1 });
    expect([0, 1, 2, 3].map(up)).toEqual([0, 0.5, 1, 1]);
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
    expect([0, 9, 10, 19, 20, 30].map(rate)).toEqual([8, 8, 4, 4, 2, 1]);
    expectClose(schedule.step(1, { every: 1 })(3), 1e-3);
  });

  it("exponential", () => {
    const rate = schedule.exponential(0.1, { gamma: 0.99 });
    for (const t of [0, 1, 50]) expectClose(rate(t), 0.1 * 0.99 ** t);
  });

  it("inverse scaling", () => {
    const rate = schedule.inverseScaling(0.5);
    expect([0, 3, 99].map(rate)).toEqual([0.5, 0.25, 0.05]);
    expectClose(schedule.inverseScaling(1, { power: 2 })(9), 0.01);
  });

  it("warm-up rises in a line that meets the schedule after it", () => {
    const rate = schedule.warmUp(4, schedule.linear(1, { steps: 10 }));
    expect([0, 1, 2, 3, 4].map(rate)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
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
    expect([0, 1, 2, 3, 5, 6, 7].map(rate)).toEqual([5, 5, 4, 3, 1, 100, 101]);
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
    { schedule: 0.2 },
  ]);
  expect(all.description).toBe(
    "join(warmUp(10 steps) then cosine(0.003 → 0, 2000 steps) until 100, linear(0.1 → 0.01, 300 steps) until 200, " +
      "step(1 × 0.5 every 5 steps) until 300, exponential(1 × 0.9 every step) until 400, inverseScaling(1 / (t + 1)^0.25) until 500, " +
      "custom until 600, constant(0.2))",
  );
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
    [() => schedule.asSchedule("sgd", -0.1), "sgd: learning rate is -0.1; use a finite number from 0"],
  ])("%#", (call, message) => {
    expect(call).toThrow(message);
    expect(call).toThrow(FathomError);
  });
});
