import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { philox4x32, STREAMS } from "../../src/core/philox.ts";
import { naturalLog, permutation, Random } from "../../src/core/random.ts";

const COUNT = 100_000;

function draw(make: (random: Random) => number, count = COUNT): Float64Array {
  const random = new Random(7, "data");
  return Float64Array.from({ length: count }, () => make(random));
}

/** How often a property of probability `p` held, in standard errors from what is expected. */
function deviations(values: Float64Array, holds: (value: number) => boolean, p: number): number {
  const share = values.filter(holds).length / values.length;
  return Math.abs(share - p) / Math.sqrt((p * (1 - p)) / values.length);
}

describe("Random", () => {
  it("reads Philox blocks in order, keyed by seed and stream, counted by element, step and node", () => {
    const random = new Random(11, "noise", { step: 5, node: 9 });
    const bits = Array.from({ length: 8 }, () => random.bits());
    expect(bits).toEqual([0, 1].flatMap((element) => philox4x32([element, 5, 9, 0], [11, STREAMS.noise])));
  });

  it("repeats for the same place, and differs when any part of it differs", () => {
    const first = (random: Random) => [random.bits(), random.bits(), random.bits(), random.bits()].join();
    const places = [
      () => new Random(1, "init"),
      () => new Random(2, "init"),
      () => new Random(1, "shuffle"),
      () => new Random(1, "init", { step: 1 }),
      () => new Random(1, "init", { node: 1 }),
    ];
    expect(places.map((make) => first(make()))).toEqual(places.map((make) => first(make())));
    expect(new Set(places.map((make) => first(make()))).size).toBe(places.length);
  });

  it.each([-1, 1.5, 2 ** 32, NaN])("refuses the seed %s", (seed) => {
    expect(() => new Random(seed, "init")).toThrow(`Random: seed is ${seed}; use a whole number from 0 to 4294967295`);
  });

  it("draws uniform numbers with 53 bits: mean, variance and the low bits are right", () => {
    const values = draw((random) => random.uniform());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const mean = values.reduce((sum, value) => sum + value, 0) / COUNT;
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / COUNT));
    for (let tenth = 0; tenth < 10; tenth++) expect(deviations(values, (value) => Math.floor(value * 10) === tenth, 0.1)).toBeLessThan(5);
    // The last of 53 bits is set half the time; numbers of 32 bits would never have it.
    expect(deviations(values, (value) => (value * 2 ** 53) % 2 === 1, 0.5)).toBeLessThan(5);
  });

  it("scales uniform numbers to [low, high)", () => {
    const values = draw((random) => random.uniform(-3, 5), 1000);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
    expect(Math.min(...values)).toBeLessThan(-2.9);
    expect(Math.max(...values)).toBeGreaterThan(4.9);
    expect(Math.max(...values)).toBeLessThan(5);
  });

  it("draws normal numbers: moments and tails are right, and neighbours are uncorrelated", () => {
    const values = draw((random) => random.normal());
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / COUNT;
    // Variances of xᵏ for a standard normal: 1, 2, 15, 96.
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / COUNT));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / COUNT));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / COUNT));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / COUNT));
    const tails: readonly [number, number][] = [
      [0.5, 0.6170750774519738],
      [1, 0.31731050786291415],
      [2, 0.04550026389635839],
      [3, 0.0026997960632601866],
    ];
    for (const [edge, p] of tails) expect(deviations(values, (value) => Math.abs(value) > edge, p)).toBeLessThan(5);
    let product = 0;
    for (let index = 0; index < COUNT; index += 2) product += values[index]! * values[index + 1]!;
    expect(Math.abs(product / (COUNT / 2))).toBeLessThan(5 / Math.sqrt(COUNT / 2));
  });

  it("makes pairs of them by Marsaglia's polar method from its uniform numbers", () => {
    const uniforms = new Random(7, "data");
    const normals = new Random(7, "data");
    for (let pair = 0; pair < 100; pair++) {
      let [u, v, s] = [0, 0, 1];
      while (s >= 1) {
        u = uniforms.uniform(-1, 1);
        v = uniforms.uniform(-1, 1);
        s = u * u + v * v;
      }
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      // Half the 8·2⁻⁵³ of the logarithm, and three roundings.
      for (const expected of [u * scale, v * scale])
        expect(Math.abs(normals.normal() - expected)).toBeLessThan(8 * 2 ** -53 * Math.abs(expected));
    }
  });

  it("shifts and scales normal numbers", () => {
    const plain = draw((random) => random.normal(), 100);
    const moved = draw((random) => random.normal(10, 3), 100);
    expect([...moved]).toEqual([...plain].map((value) => 10 + 3 * value));
  });

  it("draws whole numbers without bias, also where 2³² is not a multiple", () => {
    // 3·2³⁰ does not divide 2³²: a plain remainder would draw the lower third half of the time.
    const below = 3 * 2 ** 30;
    const values = draw((random) => random.integer(below), 20_000);
    expect(deviations(values, (value) => value < 2 ** 30, 1 / 3)).toBeLessThan(5);
    const small = draw((random) => random.integer(7), 20_000);
    for (let value = 0; value < 7; value++) expect(deviations(small, (drawn) => drawn === value, 1 / 7)).toBeLessThan(5);
    expect(draw((random) => random.integer(1), 10).every((value) => value === 0)).toBe(true);
    expect(() => new Random(1, "data").integer(0)).toThrow("below is 0");
  });
});

describe("naturalLog", () => {
  // Math.log is within 2·2⁻⁵³ of the truth in every engine, ours within 6·2⁻⁵³.
  it("agrees with Math.log", () => {
    const positive = fc.oneof(
      fc.double({ min: 2 ** -110, max: 1, noNaN: true }),
      fc.double({ min: 0.5, max: 2, noNaN: true }),
      fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
    );
    fc.assert(
      fc.property(positive, (x) => Math.abs(naturalLog(x) - Math.log(x)) <= 8 * 2 ** -53 * Math.abs(Math.log(x))),
      { numRuns: 2000, examples: [[1], [Math.SQRT1_2], [Math.SQRT2], [1 - 2 ** -53], [1 + 2 ** -52], [0.5]] },
    );
  });
});

describe("permutation", () => {
  it("holds every index once, and repeats for the same seed and epoch only", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.nat(1000), (count, seed, epoch) => {
        const order = permutation(count, seed, epoch);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
        expect(order).toEqual(permutation(count, seed, epoch));
      }),
    );
    expect(permutation(100, 1, 0)).not.toEqual(permutation(100, 1, 1));
    expect(permutation(100, 1, 0)).not.toEqual(permutation(100, 2, 0));
  });

  it("gives each of the 24 orders of four equally often", () => {
    const runs = 24_000;
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < runs; epoch++) {
      const order = permutation(4, 3, epoch).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // χ² with 23 degrees of freedom: mean 23, standard deviation √46; 5 of them above.
    const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - runs / 24) ** 2 / (runs / 24), 0);
    expect(chiSquared).toBeLessThan(23 + 5 * Math.sqrt(46));
  });
});
