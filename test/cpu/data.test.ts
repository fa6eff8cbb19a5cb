import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import * as embedded from "../../src/data/digits.embedded.ts";
import * as data from "../../src/data/index.ts";

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url));
const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);

function countLabels(split: data.Split, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of split.y) counts[label]!++;
  return counts;
}

describe("digits", () => {
  it("holds the set's digits: counts per class, sum of pixels and first lines are those of the source", async () => {
    const set = await data.digits();
    expect(set).toMatchObject({ name: "digits", sampleShape: [64], classes: 10 });
    const { train, test } = set as data.Dataset & { test: data.Split };
    expect([train.count, test.count]).toEqual([1437, 360]);
    expect([train.xScale, test.xScale]).toEqual([1 / 16, 1 / 16]);
    // The documentation of the source gives these for its 1,797 lines; 561,718 is the sum of its pixels.
    const published = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
    expect(countLabels(train, 10).map((count, label) => count + countLabels(test, 10)[label]!)).toEqual(published);
    expect(total(train.x) + total(test.x)).toBe(561718);
    expect(Math.max(...train.x, ...test.x)).toBe(16);
    // Its first line is a 0 that goes to the test set; its second, a 1, is the first to train.
    expect([...test.x.subarray(0, 16)]).toEqual([0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]);
    expect(test.y[0]).toBe(0);
    expect([...train.x.subarray(0, 16)]).toEqual([0, 0, 0, 12, 13, 5, 0, 0, 0, 0, 0, 11, 16, 9, 0, 0]);
    expect(train.y[0]).toBe(1);
    expect(() => {
      data.checkDataset("test", set);
    }).not.toThrow();
  });

  it("is split alike in every class, and shares no digit", async () => {
    const { train, test } = await data.digits();
    const inTest = countLabels(test!, 10);
    countLabels(train, 10).forEach((count, label) => {
      expect(Math.abs(inTest[label]! - (count + inTest[label]!) / 5)).toBeLessThan(1);
    });
    const rows = (split: data.Split) =>
      Array.from({ length: split.count }, (_, index) => split.x.subarray(index * 64, index * 64 + 64).join());
    expect(new Set([...rows(train), ...rows(test!)]).size).toBe(1797);
  });

  it("keeps images square if asked, and every call gives arrays of its own", async () => {
    const first = await data.digits({ flatten: false });
    expect(first.sampleShape).toEqual([8, 8]);
    first.train.x.fill(99);
    expect(Math.max(...(await data.digits()).train.x)).toBe(16);
    await expect(data.digits({ flat: true } as never)).rejects.toThrow('data.digits: there is no option "flat"; it has flatten');
  });

  it.each(["train-images", "train-labels", "test-images", "test-labels"] as const)("embeds %s as its file is", (name) => {
    const { [name]: text } = {
      "train-images": embedded.trainImages,
      "train-labels": embedded.trainLabels,
      "test-images": embedded.testImages,
      "test-labels": embedded.testLabels,
    };
    expect(Buffer.from(text, "base64").equals(file(`src/data/digits/${name}.idx.gz`))).toBe(true);
    expect(gunzipSync(file(`src/data/digits/${name}.idx.gz`)).readUInt32BE(4)).toBe(name.startsWith("train") ? 1437 : 360);
  });

  it("has a script that refuses what is not the source", () => {
    const script = new URL("../../scripts/convertDigits.mjs", import.meta.url).pathname;
    expect(() => execFileSync(process.execPath, [script], { stdio: "pipe" })).toThrow("usage: node scripts/convertDigits.mjs");
  });
});

describe("generators", () => {
  const all = { spirals: data.spirals, circles: data.circles, xor: data.xor, parity: data.parity, gaussian: data.gaussian };
  const names = Object.keys(all) as (keyof typeof all)[];

  it.each(names)("%s: size, split, seed and noise", (name) => {
    const make = all[name];
    const set = make({ samples: 101, testFraction: 0.3, seed: 4 });
    expect(set.name).toBe(name);
    expect([set.train.count, set.test?.count]).toEqual([71, 30]);
    expect(set).toEqual(make({ samples: 101, testFraction: 0.3, seed: 4 }));
    expect(set.train.x).not.toEqual(make({ samples: 101, testFraction: 0.3, seed: 5, noise: 0.1 }).train.x);
    expect(make({ samples: 7, testFraction: 0 }).test).toBeNull();
    expect([make().train.count, make().test?.count]).toEqual([800, 200]);
    expect(make({ samples: 1, testFraction: 0.9 }).train.count).toBe(1);
    for (const split of [set.train, set.test!]) {
      const counts = countLabels(split, set.classes!);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    // The same seed draws the same points; noise moves each coordinate by its own standard deviation.
    const still = make({ samples: 20_000, testFraction: 0, noise: 0 }).train.x;
    const moved = make({ samples: 20_000, testFraction: 0, noise: 0.25 }).train.x;
    const square = total(Array.from(moved, (value, index) => (value - still[index]!) ** 2)) / moved.length;
    expect(Math.abs(square - 0.25 ** 2)).toBeLessThan(5 * 0.25 ** 2 * Math.sqrt(2 / moved.length));
  });

  /** Points without noise, each with its class. */
  const points = (set: data.Dataset) =>
    Array.from(set.train.y, (label, index) => ({
      label,
      point: [...set.train.x.subarray(index * set.sampleShape[0]!, (index + 1) * set.sampleShape[0]!)],
    }));
  const still = { samples: 300, testFraction: 0, noise: 0 };

  it("spirals: each arm turns with its radius, and starts at an angle of its own", () => {
    const set = data.spirals({ ...still, classes: 3, turns: 1.5 });
    expect(set.classes).toBe(3);
    for (const { label, point } of points(set)) {
      const radius = Math.hypot(point[0]!, point[1]!);
      const angle = 2 * Math.PI * (1.5 * radius + label / 3);
      expect(point[0]).toBeCloseTo(radius * Math.cos(angle), 5);
      expect(point[1]).toBeCloseTo(radius * Math.sin(angle), 5);
    }
    expect(Math.max(...points(set).map(({ point }) => Math.hypot(...point)))).toBeGreaterThan(0.95);
  });

  it("circles: a radius per class, all the way round", () => {
    const made = points(data.circles({ ...still, classes: 4 }));
    for (const { label, point } of made) expect(Math.hypot(...point)).toBeCloseTo((label + 1) / 4, 6);
    const quadrants = new Set(made.map(({ label, point }) => `${label} ${point[0]! > 0} ${point[1]! > 0}`));
    expect(quadrants.size).toBe(16);
  });

  it("xor: class 1 where the signs differ, in all four quadrants alike", () => {
    const made = points(data.xor(still));
    for (const { label, point } of made) expect(label).toBe(point[0]! * point[1]! < 0 ? 1 : 0);
    for (const x of [-1, 1])
      for (const y of [-1, 1]) expect(made.filter(({ point }) => point[0]! * x > 0 && point[1]! * y > 0)).toHaveLength(75);
    expect(Math.max(...made.flatMap(({ point }) => point.map(Math.abs)))).toBeLessThanOrEqual(1);
  });

  it("parity: class 1 where an odd number of bits is set, every pattern as likely as any other", () => {
    const made = points(data.parity({ samples: 16_000, testFraction: 0, bits: 4 }));
    const seen = new Map<string, number>();
    for (const { label, point } of made) {
      expect(point.every((bit) => Math.abs(bit) === 1)).toBe(true);
      expect(label).toBe(point.filter((bit) => bit === 1).length % 2);
      seen.set(point.join(), (seen.get(point.join()) ?? 0) + 1);
    }
    expect(seen.size).toBe(16);
    // Binomial, p = 1/8 within a class of 8,000: five standard errors.
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(8000 * (1 / 8) * (7 / 8)));
    expect(data.parity({ bits: 1, samples: 4, testFraction: 0 }).train.x).toEqual(Float32Array.of(-1, 1, -1, 1));
  });

  it("gaussian: a centre per class on the unit circle, and nothing but noise on further axes", () => {
    const set = data.gaussian({ ...still, classes: 4, dimensions: 3 });
    const centres = [
      [1, 0, 0],
      [0, 1, 0],
      [-1, 0, 0],
      [0, -1, 0],
    ];
    for (const { label, point } of points(set))
      point.forEach((value, axis) => {
        expect(value).toBeCloseTo(centres[label]![axis]!, 6);
      });
  });

  it.each<[() => unknown, string]>([
    [() => data.spirals({ samples: 0 }), "data.spirals: samples is 0; use a whole number from 1"],
    [() => data.spirals({ samples: 2 ** 31 }), "data.spirals: shape [2147483648,2] has 4294967296 elements; the limit is 2147483647"],
    [() => data.spirals({ classes: 1 }), "data.spirals: classes is 1; use a whole number from 2"],
    [
      () => data.spirals({ arms: 2 } as never),
      'data.spirals: there is no option "arms"; it has samples, testFraction, noise, seed, classes, turns',
    ],
    [() => data.circles({ testFraction: 1 }), "data.circles: testFraction is 1; use a finite number from 0, below 1"],
    [() => data.xor({ noise: -1 }), "data.xor: noise is -1; use a finite number from 0"],
    [() => data.xor({ seed: 0.5 }), "seed is 0.5; use a whole number from 0 to 4294967295"],
    [() => data.parity({ bits: 0 }), "data.parity: bits is 0; use a whole number from 1 to 1024"],
    [() => data.gaussian({ dimensions: 1 }), "data.gaussian: dimensions is 1; use a whole number from 2"],
  ])("refuse bad options (%#)", (call, message) => {
    expect(call).toThrow(message);
    expect(call).toThrow(FathomError);
  });
});

describe("data sets", () => {
  const train: data.Split = { count: 2, x: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), xScale: 1, y: Int32Array.of(0, 2), yShape: [] };
  const set: data.Dataset = { name: "mine", sampleShape: [4], classes: 3, train, test: null };

  it("are seen in another shape without a copy", () => {
    const square = data.reshapeSamples(set, [1, 2, 2]);
    expect(square.sampleShape).toEqual([1, 2, 2]);
    expect(square.train.x).toBe(train.x);
    expect(data.flattenSamples(square)).toEqual(set);
    expect(() => data.reshapeSamples(set, [3])).toThrow("data.reshapeSamples: samples of mine are [4], 4 values; [3] has 3");
  });

  it("pass the check, with classes or with float targets", () => {
    expect(() => {
      data.checkDataset("train", set);
    }).not.toThrow();
    const targets: data.Split = { ...train, y: Float32Array.of(1, 2, 3, 4), yShape: [2] };
    expect(() => {
      data.checkDataset("train", { ...set, classes: null, train: targets, test: targets });
    }).not.toThrow();
  });

  it.each<[Partial<data.Dataset> | Partial<data.Split>, string]>([
    [{ sampleShape: [0] }, "train: samples of mine have shape [0], no values at all"],
    [{ sampleShape: [3] }, "train: train of mine: x has 8 values; 2 samples of shape [3] are 6"],
    [{ classes: 0 }, "train: mine has classes 0; use a whole number from 1, or null for float targets"],
    [{ classes: 2 }, "train: train of mine: label 2 at index 1; with 2 classes use 0 to 1"],
    [{ classes: null }, "train: train of mine: y is an object (Int32Array); float targets (classes: null) are a Float32Array"],
    [{ test: { ...train, count: 0 } }, "train: test of mine: count is 0; a split has at least one sample"],
    [{ test: { ...train, yShape: [1] } }, "train: targets of mine are [] in train and [1] in test"],
    [{ count: 1.5 }, "train: train of mine: count is 1.5"],
    [{ x: [1] as never }, "train: train of mine: x is an array; use a Uint8Array or a Float32Array"],
    [{ xScale: NaN }, "train: train of mine: xScale is NaN; use a finite number, 1 to leave x as it is"],
    [{ y: Float32Array.of(0, 1) }, "train: train of mine: y is an object (Float32Array); classes are an Int32Array"],
    [{ y: Int32Array.of(1) }, "train: train of mine: y has 1 values; 2 samples of shape [] are 2"],
    [{ y: Int32Array.of(0, -1) }, "train: train of mine: label -1 at index 1; with 3 classes use 0 to 2"],
    [{ yShape: [1] }, "train: train of mine: yShape is [1]; a class is one number, so yShape is []"],
  ])("are refused when their parts do not fit (%#)", (change, message) => {
    const ofSplit = Object.keys(change).every((key) => key in train);
    const changed = ofSplit ? { ...set, train: { ...train, ...change } } : { ...set, ...change };
    expect(() => {
      data.checkDataset("train", changed as data.Dataset);
    }).toThrow(message);
  });
});
