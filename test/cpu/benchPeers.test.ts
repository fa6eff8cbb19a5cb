/** What keeps the comparison with other libraries honest: who does other work is found, and everybody is read out as often. */
import { describe, expect, it } from "vitest";
import { type Contestant, measure } from "../../bench/measure.ts";
import { Deadline } from "../../bench/method/deadline.ts";
import { checkReadings, checkResults } from "../../bench/peers/agreement.ts";
import { bundleSize } from "../../bench/peers/bundleSizes.ts";
import { classRows, transposed } from "../../bench/peers/layout.ts";
import { digitsNet } from "../../bench/peers/problems.ts";
import { entriesOf } from "../../bench/peers/sizeEntries.ts";

const readings = [
  { loss: 2.3, gradientNorm: 1.5 },
  { loss: 2.2, gradientNorm: 1.4 },
];

describe("agreement", () => {
  it("lets rounding pass", () => {
    const rounded = readings.map(({ loss, gradientNorm }) => ({ loss: loss * (1 + 1e-6), gradientNorm: gradientNorm * (1 - 3e-5) }));
    expect(() => checkReadings("a peer", rounded, readings)).not.toThrow();
  });

  it("names the step whose loss is off", () => {
    const off = [readings[0]!, { loss: 2.201, gradientNorm: 1.4 }];
    expect(() => checkReadings("a peer", off, readings)).toThrow(
      "a peer does other work than Fathom: the loss of step 1 is 2.201, Fathom's is 2.2",
    );
  });

  it("finds a norm that is off, a number that is not finite, and steps that are missing", () => {
    const other = (gradientNorm: number) => [readings[0]!, { loss: 2.2, gradientNorm }];
    expect(() => checkReadings("a peer", other(1.41), readings)).toThrow("the gradient's norm of step 1 is 1.41");
    expect(() => checkReadings("a peer", other(Number.NaN), readings)).toThrow("the gradient's norm of step 1 is NaN");
    expect(() => checkReadings("a peer", readings.slice(1), readings)).toThrow("1 readings where Fathom gave 2");
    expect(() => checkReadings("a peer", readings, [])).toThrow("2 readings where Fathom gave 0");
  });

  it("names the number of a result that is off", () => {
    const expected = [Float32Array.of(1, 2), Float32Array.of(-100, 0.5)];
    expect(() => checkResults("a peer", [Float32Array.of(1, 2), Float32Array.of(-100.05, 0.55)], expected)).not.toThrow();
    expect(() => checkResults("a peer", [Float32Array.of(1, 2), Float32Array.of(-100, 0.7)], expected)).toThrow(
      /number 1 of result 1 is 0\.69\d*, Fathom's is 0\.5/,
    );
    expect(() => checkResults("a peer", [Float32Array.of(1, Number.NaN), expected[1]!], expected)).toThrow("number 1 of result 0 is NaN");
    expect(() => checkResults("a peer", [Float32Array.of(1, 2)], expected)).toThrow("1 results where Fathom gave 2");
    expect(() => checkResults("a peer", [Float32Array.of(1), expected[1]!], expected)).toThrow("result 0 has 1 numbers");
  });
});

describe("what all of them are given", () => {
  it("is the rows of the digits, in whole batches", async () => {
    const { layers, batches, dataset } = await digitsNet({ depth: 2, width: 8, batchSize: 64 });
    expect(layers.map(({ inputs, outputs, weight, bias }) => [inputs, outputs, weight.length, bias.length])).toEqual([
      [64, 8, 512, 8],
      [8, 8, 64, 8],
      [8, 10, 80, 10],
    ]);
    expect(dataset.train.count).toBe(22 * 64);
    expect(batches.length).toBe(22);
    const { x, labels } = batches[21]!;
    expect(Array.from(labels)).toEqual(Array.from(dataset.train.y.subarray(21 * 64)));
    expect(Array.from(x.subarray(63 * 64))).toEqual(Array.from(dataset.train.x.subarray((22 * 64 - 1) * 64), (value) => value / 16));
  });

  it("comes in the layout that a library wants", () => {
    expect(Array.from(transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3))).toEqual([1, 4, 2, 5, 3, 6]);
    expect(Array.from(classRows(Int32Array.of(2, 0), 3))).toEqual([0, 0, 1, 1, 0, 0]);
  });
});

describe("sizes of bundles", () => {
  it("are of what a page fetches to begin", async () => {
    const { script, wasm } = await bundleSize("jax");
    // All of jax-js with its other backends is larger, and a stub that loads it later is smaller.
    expect(script).toBeGreaterThan(50_000);
    expect(script).toBeLessThan(150_000);
    expect(wasm).toBe(0);
  });

  it("become entries in kilobytes, with Fathom's promise", () => {
    const size = { script: 60_500, wasm: 0 };
    const sizes = { "fathom-engine": size, fathom: size, jax: size, "tfjs-webgpu": size, "tfjs-wasm": { script: 100_000, wasm: 140_000 } };
    const entries = entriesOf(sizes, { adapterClass: "software", quantum: 0.005 });
    expect(entries.map(({ id, median, unit, met }) => [id, median, unit, met])).toEqual([
      ["size-fathom-engine", 60.5, "KB", false],
      ["size-fathom", 60.5, "KB", null],
      ["size-jax", 60.5, "KB", null],
      ["size-tfjs-webgpu", 60.5, "KB", null],
      ["size-tfjs-wasm", 240, "KB", null],
    ]);
  });
});

it("a sample's runs are a multiple of those that belong together, and a slow contestant is not warmed up for long", async () => {
  let now = 0;
  const clock = { now: () => now };
  const asked: Record<string, number[]> = {};
  const contestant = (id: string, milliseconds: (count: number) => number): Contestant => ({
    id,
    title: id,
    runsTogether: 4,
    async prepare() {
      let count = 0;
      const all: number[] = [];
      asked[id] = all;
      const run = async (times: number): Promise<void> => {
        all.push(times);
        now += times * milliseconds(count++);
      };
      return { run, facts: {}, dispose: () => undefined };
    },
  });
  const left: string[] = [];
  const entries = await measure("group", [contestant("fast", () => 3), contestant("slow", (count) => 600 * (1 + (count % 2)))], {
    effort: { rounds: 7, sampleMilliseconds: 20, warmUps: 15 },
    adapterClass: "software",
    clock,
    quantum: 0.005,
    seed: 1,
    deadline: new Deadline(clock, 1000),
    tell: () => undefined,
    leave: (what) => void left.push(what),
  });
  expect(left).toEqual([]);
  // 20 ms are 7 runs of 3, so 8.
  expect(entries.map(({ id, runsInSample, samples }) => [id, runsInSample, samples.length])).toEqual([
    ["fast", 8, 7],
    ["slow", 4, 7],
  ]);
  expect(Object.values(asked).every((times) => times.every((runs) => runs % 4 === 0))).toBe(true);
  // Two first runs, warm-up of 5 s in runs of 2.4 or 4.8 s, and the rounds.
  expect(asked["slow"]!.length).toBeLessThanOrEqual(2 + 2 + 7);
});
