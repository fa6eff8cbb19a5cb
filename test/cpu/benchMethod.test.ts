/** The benchmark's method, on clocks and contestants of its own: nothing here depends on how long anything takes. */
import { describe, expect, it } from "vitest";
import { type Contestant, comparisonOf, type MeasureContext, measure, type Prepared } from "../../bench/measure.ts";
import { ratioInterval, verdictOf } from "../../bench/method/bootstrap.ts";
import { type Clock, QUANTA_IN_SAMPLE, runsInSample, timerQuantum } from "../../bench/method/clock.ts";
import { Deadline } from "../../bench/method/deadline.ts";
import { isStable } from "../../bench/method/warmUp.ts";
import { Selection } from "../../bench/selection.ts";
import { Random } from "../../src/core/random.ts";

/** A clock that only moves when it is told to, and shows whole steps alone. */
class FakeClock implements Clock {
  time = 0;
  readonly step: number;
  constructor(step = 0.001) {
    this.step = step;
  }
  now(): number {
    return Math.floor(this.time / this.step + 1e-9) * this.step;
  }
}

const noisy = (count: number, centre: number, spread: number, seed: number): number[] => {
  const random = new Random(seed, "data");
  return Array.from({ length: count }, () => centre * (1 + spread * random.uniform(-1, 1)));
};

describe("the bootstrap interval", () => {
  it("is a point where nothing varies, and the same for the same seed", () => {
    expect(ratioInterval([3, 3, 3], [2, 2, 2], 1)).toEqual([1.5, 1.5]);
    const [times, base] = [noisy(30, 1, 0.2, 1), noisy(30, 1, 0.2, 2)];
    expect(ratioInterval(times, base, 5)).toEqual(ratioInterval(times, base, 5));
    expect(ratioInterval(times, base, 5)).not.toEqual(ratioInterval(times, base, 6));
  });

  it("holds the true ratio about as often as it says", () => {
    let held = 0;
    for (let trial = 0; trial < 200; trial++) {
      const [low, high] = ratioInterval(noisy(30, 1.1, 0.1, 3 * trial), noisy(30, 1, 0.1, 3 * trial + 1), trial, 300);
      if (low <= 1.1 && 1.1 <= high) held++;
    }
    // 95 % of 200 is 190; four standard deviations of a binomial are 12. Percentile intervals of medians err to the wide side.
    expect(held).toBeGreaterThanOrEqual(178);
  });

  it("keeps rounds together: what slows both down alike does not widen it", () => {
    const base = noisy(30, 1, 0.5, 1);
    const [low, high] = ratioInterval(
      base.map((time) => 1.2 * time),
      base,
      1,
    );
    expect(low).toBeCloseTo(1.2, 12);
    expect(high).toBeCloseTo(1.2, 12);
    // The same times in another order are other rounds.
    const [lowest, highest] = ratioInterval(base.map((time) => 1.2 * time).reverse(), base, 1);
    expect(highest - lowest).toBeGreaterThan(0.1);
  });

  it("says nothing where it spans 1", () => {
    expect(verdictOf([0.99, 1.01])).toBe("no measurable difference");
    expect(verdictOf([1.01, 1.02])).toBe("slower");
    expect(verdictOf([0.9, 0.99])).toBe("faster");
    expect(() => ratioInterval([1, 2], [1], 1)).toThrow(/not of the same rounds/);
  });
});

describe("the warm-up", () => {
  it("is stable once three times are as the three before", () => {
    expect(isStable([1, 1, 1, 1, 1])).toBe(false);
    expect(isStable([9, 5, 2, 1, 1, 1])).toBe(false);
    expect(isStable([9, 1, 1, 1, 1.04, 1])).toBe(true);
    expect(isStable([1, 1, 1, 1.06, 1.06, 1.06])).toBe(false);
  });
});

describe("the clock", () => {
  it.each([0.005, 0.1, 1])("finds its step of %f ms", (step) => {
    const clock = new FakeClock(step);
    const reading: Clock = {
      now: () => {
        clock.time += 0.0017;
        return clock.now();
      },
    };
    expect(timerQuantum(reading)).toBeCloseTo(step, 9);
  });

  it("takes a clock that stands still for one of 1 ms", () => {
    expect(timerQuantum({ now: () => 5 })).toBe(1);
  });

  it("makes a sample a hundred of its steps long, and as long as wanted", () => {
    expect(runsInSample(2, 0, 0.1)).toBe(5);
    expect(runsInSample(2, 60, 0.1)).toBe(30);
    expect(runsInSample(50, 20, 0.005)).toBe(1);
    // Work that the clock does not see at all.
    expect(runsInSample(0, 0, 0.1)).toBe(QUANTA_IN_SAMPLE ** 2);
  });
});

describe("measure", () => {
  const clock = new FakeClock();
  const order: string[] = [];
  const contestant = (id: string, milliseconds: (call: number) => number, more: Partial<Contestant> = {}): Contestant => ({
    id,
    title: id,
    ...more,
    async prepare(): Promise<Prepared> {
      let call = 0;
      return {
        run: async (times) => {
          order.push(`${id}${times}`);
          clock.time += times * milliseconds(call++);
        },
        facts: {},
        dispose: () => void order.push(`${id} disposed`),
      };
    },
  });
  const left: string[] = [];
  const context = (seconds: number, more: Partial<MeasureContext> = {}): MeasureContext => {
    order.length = 0;
    left.length = 0;
    return {
      effort: { rounds: 6, sampleMilliseconds: 10, warmUps: 15 },
      adapterClass: "software",
      clock,
      quantum: 0.001,
      seed: 1,
      deadline: new Deadline(clock, seconds),
      tell: () => {},
      leave: (what) => void left.push(what),
      ...more,
    };
  };

  it("warms up until stable, then goes in mirrored rounds, with a run before each sample that is not counted", async () => {
    const settling = (call: number): number => (call < 6 ? 100 / (call + 1) : 5);
    const entries = await measure("group", [contestant("a", settling), contestant("b", () => 20, { over: { id: "a" } })], context(1e6));
    const [a, b] = [
      ["a1", "a2"],
      ["b1", "b1"],
    ];
    expect(order.filter((one) => !one.endsWith("disposed")).slice(-24)).toEqual([a, b, b, a, a, b, b, a, a, b, b, a].flat());
    expect(entries.map(({ median, runsInSample: runs, stable }) => [median, runs, stable])).toEqual([
      [expect.closeTo(5), 2, true],
      [expect.closeTo(20), 1, true],
    ]);
    expect(entries[1]!.comparison).toMatchObject({ over: "a", verdict: "slower", ratio: expect.closeTo(4) });
  });

  it("gives a base several places in a round, and takes the middle of them", async () => {
    let made = 0;
    const luck = [10, 30, 12];
    const base = contestant("a", () => 0, { places: 3 });
    const lucky: Contestant = {
      ...base,
      async prepare() {
        const milliseconds = luck[made++]!;
        return contestant("a", () => milliseconds).prepare();
      },
    };
    const others = ["b", "c"].map((id) => contestant(id, () => 24, { over: { id: "a" } }));
    const entries = await measure("group", [lucky, ...others], context(1e6));
    const samples = order.filter((one) => !one.endsWith("disposed")).filter((_, index) => index % 2 === 1);
    expect(samples.slice(-10).map((one) => one[0])).toEqual(["a", "b", "a", "c", "a", "a", "c", "a", "b", "a"]);
    expect(order.filter((one) => one === "a disposed")).toHaveLength(3);
    expect(entries.map(({ id, median, samples: own }) => [id, median, own.length])).toEqual([
      ["a", expect.closeTo(12), 6],
      ["b", expect.closeTo(24), 6],
      ["c", expect.closeTo(24), 6],
    ]);
    expect(entries[0]!.facts).toEqual({ "places in a round": 3 });
    expect(entries[1]!.comparison?.ratio).toBeCloseTo(2);
  });

  it("makes as many runs of what takes about as long as a base with places", async () => {
    const one = (id: string, milliseconds: number): Contestant => contestant(id, () => milliseconds, { over: { id: "a" } });
    const base = contestant("a", () => 4, { places: 2 });
    const entries = await measure(
      "group",
      [base, one("b", 3), one("c", 7), { ...one("d", 4), runsTogether: 1 }, one("e", 30)],
      context(1e6),
    );
    expect(entries.map(({ id, runsInSample: runs }) => id + runs)).toEqual(["a4", "b4", "c2", "d3", "e1"]);
  });

  it("makes none before what takes long", async () => {
    await measure("group", [contestant("a", () => 20), contestant("c", () => 150, { over: { id: "a" } })], context(1e6));
    expect(order.filter((one) => !one.endsWith("disposed")).slice(-9)).toEqual(
      ["a1", "a1", "c1", "c1", "a1", "a1", "a1", "a1", "c1"].toReversed(),
    );
  });

  it("finds how many runs make a sample where their end is seen every 100 ms alone", async () => {
    const polling: Contestant = {
      id: "a",
      title: "a",
      prepare: async () => ({
        run: async (times) => {
          clock.time = 100 * Math.ceil((clock.time + 0.2 * times) / 100 - 1e-9);
        },
        facts: {},
        dispose: () => undefined,
      }),
    };
    const effort = { rounds: 6, sampleMilliseconds: 400, warmUps: 15 };
    const [entry] = await measure("group", [polling], context(1e6, { effort }));
    expect(entry!.stable).toBe(true);
    // At least three of the four polls are full of work.
    expect(0.2 * entry!.runsInSample).toBeGreaterThan(300);
    expect(entry!.median).toBeGreaterThanOrEqual(0.2 - 1e-9);
    expect(entry!.median).toBeLessThan(0.2 * (400 / 300));
  });

  it("says that what never settles did not", async () => {
    let time = 1;
    const [entry] = await measure("group", [contestant("a", () => (time *= 1.3))], context(1e6));
    expect(entry!.stable).toBe(false);
  });

  it("turns times into rates, and judges targets by the median and by the ratio", async () => {
    const rated = contestant("a", () => 10, {
      rate: { unit: "GFLOP/s", perMillisecond: 50 },
      target: { relation: "at least", value: 6, adapterClass: "any" },
    });
    const slower = contestant("b", () => 11, { over: { id: "a", target: { relation: "at most", value: 1.2, adapterClass: "software" } } });
    const other = contestant("c", () => 11, { over: { id: "a", target: { relation: "at most", value: 1.05, adapterClass: "hardware" } } });
    const [a, b, c] = await measure("group", [rated, slower, other], context(1e6));
    expect(a).toMatchObject({ unit: "GFLOP/s", better: "higher", median: expect.closeTo(5), met: false });
    expect(b!.comparison!.met).toBe("yes");
    expect(c!.comparison!.met).toBeNull();
  });

  it("takes a promise for kept or broken where the whole interval says so, and gives no verdict on a few samples", () => {
    const base = Array.from({ length: 30 }, () => 10);
    const apart = base.map((_, at) => (at % 2 === 0 ? 10 : 12));
    const judged = (times: readonly number[], value: number, relation: "at most" | "at least" = "at most") =>
      comparisonOf(times, base.slice(0, times.length), { id: "a", target: { relation, value, adapterClass: "any" } }, context(1));
    expect(judged(apart, 1.3).met).toBe("yes");
    expect(judged(apart, 0.9).met).toBe("no");
    expect(judged(apart, 0.9, "at least").met).toBe("yes");
    expect(judged(apart, 1.3, "at least").met).toBe("no");
    const between = judged(apart, 1.1);
    expect(between.interval[0]).toBeLessThan(1.1);
    expect(between.interval[1]).toBeGreaterThan(1.1);
    expect(between.met).toBe("not shown");
    expect(judged([20, 20, 20, 20, 20], 1.5)).toMatchObject({ ratio: 2, verdict: "too few samples", met: "not shown" });
    expect(judged([20, 20, 20, 20, 20, 20], 1.5)).toMatchObject({ ratio: 2, verdict: "slower", met: "no" });
  });

  it("ends in time, and says what it left", async () => {
    const slow = (id: string): Contestant => contestant(id, () => 1000);
    const entries = await measure(
      "group",
      [slow("a"), slow("b"), slow("c")],
      context(20, { effort: { rounds: 30, sampleMilliseconds: 0, warmUps: 0 } }),
    );
    expect(entries.map(({ samples }) => samples.length)).toEqual([6, 6, 6]);
    expect(left).toEqual(["group: 24 of 30 rounds"]);
    await measure("group", [slow("a"), slow("b"), slow("c")], context(2, { effort: { rounds: 30, sampleMilliseconds: 0, warmUps: 0 } }));
    expect(left[0]).toBe("c (group): no time was left");
    expect(await measure("group", [slow("a"), slow("b")], context(0))).toEqual([]);
    expect(left).toEqual(["group: all 2, for no time was left"]);
    // A base without anything that is compared with it.
    const over = contestant("b", () => 1000, { over: { id: "a" } });
    expect(await measure("group", [slow("a"), over], context(1))).toEqual([]);
    expect(left).toEqual(["b (group): no time was left"]);
  });

  it("takes fewer samples of what takes seconds, compares the rounds that both have, and says so", async () => {
    let call = 0;
    const base = contestant("a", () => (call++ < 9 ? 100 : 200));
    const slow = contestant("b", () => 6000, { over: { id: "a" } });
    const effort = { rounds: 8, sampleMilliseconds: 0, warmUps: 3 };
    const entries = await measure("group", [base, slow], context(1e6, { effort }));
    expect(entries.map(({ samples }) => samples.length)).toEqual([8, 6]);
    // Two first runs and three to warm up, then four rounds of 100 ms: of all eight the median is 150.
    expect(entries[0]!.median).toBeCloseTo(150);
    expect(entries[1]!.comparison!.ratio).toBeCloseTo(60);
    expect(left).toEqual(["b: 2 of 8 rounds, for a sample takes long"]);
    // One run, and the rounds: it is as warm as it gets.
    expect(order.filter((one) => one === "b1")).toHaveLength(1 + 6);
  });

  it("leaves out what cannot be prepared, and disposes of all that was", async () => {
    const broken: Contestant = { id: "x", title: "x", prepare: () => Promise.reject(new Error("no such thing")) };
    const failing = contestant("y", () => {
      throw new Error("it broke");
    });
    const entries = await measure("group", [broken, failing, contestant("a", () => 5, { over: { id: "x" } })], context(1e6));
    expect(entries.map(({ id, comparison }) => [id, comparison])).toEqual([["a", null]]);
    expect(left).toEqual(["x: no such thing", "y: it broke", "a: not compared, because x was not measured"]);
    expect(order.filter((one) => one.endsWith("disposed"))).toEqual(["y disposed", "a disposed"]);
  });

  it("stops at once when it is told to, and disposes of everything", async () => {
    const controller = new AbortController();
    const stopping = contestant("a", (call) => {
      if (call === 8) controller.abort();
      return 5;
    });
    await expect(measure("group", [stopping], context(1e6, { signal: controller.signal }))).rejects.toThrow(/stopped/);
    expect(order.at(-1)).toBe("a disposed");
  });
});

describe("a selection of parts", () => {
  const named = (id: string, over?: string): Contestant => ({
    id,
    title: `net ${id}`,
    ...(over ? { over: { id: over } } : {}),
    prepare: () => Promise.reject(new Error("not here")),
  });

  it("is by group or title, however crosses and spaces are written, with what it is compared with", () => {
    const all = [named("plain"), named("tanh 8", "plain"), named("relu", "plain"), named("leaky", "relu")];
    const of = (...only: string[]) => new Selection(only).of("a step of 50 × 64", all).map(({ id }) => id);
    expect(of()).toEqual(["plain", "tanh 8", "relu", "leaky"]);
    expect(of("50x64")).toHaveLength(4);
    expect(of("Tanh8")).toEqual(["plain", "tanh 8"]);
    expect(of("64", "relu")).toHaveLength(4);
    expect(of("leaky")).toEqual(["plain", "relu", "leaky"]);
    expect(of("nothing")).toEqual([]);
  });

  it("knows whether any was found, and the groups that were not wanted", () => {
    const selection = new Selection(["spin"]);
    for (const group of ["steps", "products", "steps"]) selection.wants(group);
    expect([selection.found, selection.refusedGroups]).toEqual([false, ["steps", "products"]]);
    selection.wants("steps", "spin");
    expect(selection.found).toBe(true);
  });
});
