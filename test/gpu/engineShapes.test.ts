/** Unusual tensors through the engine, reads that share work, and canaries: no dispatch writes past the tensor that it makes. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Machinery } from "../../src/engine/machinery.ts";
import type { Engine } from "../../src/engine.ts";
import { open, type Tensor } from "../../src/index.ts";
import { concat } from "../../src/ops/concat.ts";
import { sum, variance } from "../../src/ops/reduce.ts";
import { pad } from "../../src/ops/slice.ts";
import { softmax } from "../../src/ops/softmax.ts";
import { countCalls } from "../support/countedCalls.ts";

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const iota = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("unusual shapes", () => {
  it("of no elements flow through every kind of work", async () => {
    const x = gpu.tensor([], [0, 3]);
    expect([...(await x.data())]).toEqual([]);
    expect([...(await x.add(1).tanh().data())]).toEqual([]);
    expect([...(await x.tanh().transpose().reshape([0]).add(1).data())]).toEqual([]);
    expect([...(await x.tanh().sum(0).data())]).toEqual([0, 0, 0]);
    expect([...(await x.tanh().sum(1).data())]).toEqual([]);
    expect(await x.exp().sum().item()).toBe(0);
    // A product over no terms is zero; one with no rows is nothing.
    expect([...(await x.tanh().transpose().matmul(x.exp()).data())]).toEqual(new Array(9).fill(0));
    expect([
      ...(await x
        .tanh()
        .matmul(gpu.tensor(iota(6), [3, 2]))
        .data()),
    ]).toEqual([]);
    const joined = gpu.wrap(concat([x.node, gpu.tensor([1, 2, 3], [1, 3]).node], 0));
    expect([...(await joined.data())]).toEqual([1, 2, 3]);
    await expect(x.item()).rejects.toThrow(/f32\[0,3\] has 0 elements, not one/);
  });

  it("of rank 0 are numbers", async () => {
    const x = gpu.tensor(2);
    expect(x.shape).toEqual([]);
    expect(await x.mul(x).add(1).item()).toBe(5);
    expect(await x.sum().item()).toBe(2);
    expect([
      ...(await x
        .reshape([1, 1])
        .add(gpu.tensor([1, 2, 3]))
        .data()),
    ]).toEqual([3, 4, 5]);
  });

  it("of rank 6 are transposed, broadcast, reduced and multiplied; of rank 7 refused", async () => {
    const shape = [2, 1, 3, 2, 1, 2];
    const x = gpu.tensor(iota(24), shape);
    const order = [5, 3, 0, 4, 2, 1];
    // Element (f, d, a, e, c, b) of the transpose is (a, b, c, d, e, f) of x: ((a·3 + c)·2 + d)·2 + f.
    const truth: number[] = [];
    for (const at5 of [0, 1])
      for (const at3 of [0, 1]) for (const at0 of [0, 1]) for (const at2 of [0, 1, 2]) truth.push(((at0 * 3 + at2) * 2 + at3) * 2 + at5);
    expect([...(await x.transpose(order).data())]).toEqual(truth);
    expect([...(await x.transpose(order).tanh().transpose([2, 5, 4, 1, 3, 0]).sub(x.tanh()).data())]).toEqual(new Array(24).fill(0));
    expect([...(await x.add(gpu.tensor([100, 200], [2, 1, 1, 1, 1, 1])).data())]).toEqual(
      iota(24).map((value) => value + (value < 12 ? 100 : 200)),
    );
    expect([...(await x.sum([1, 2, 3, 5]).data())]).toEqual([66, 210]);
    expect([...(await x.matmul(gpu.tensor([1, 10], [2, 1])).data())]).toEqual(iota(12).map((pair) => 2 * pair + 10 * (2 * pair + 1)));
    expect(() => gpu.tensor([1], [1, 1, 1, 1, 1, 1, 1])).toThrow(/rank 7 is over the limit of 6/);
  });

  it("of integers stay integers", async () => {
    const data = await gpu
      .tensor(Int32Array.of(-3, 2 ** 31 - 1))
      .add(gpu.tensor(Int32Array.of(1, 0)))
      .data();
    expect(data).toBeInstanceOf(Int32Array);
    expect([...data]).toEqual([-2, 2 ** 31 - 1]);
    const words = gpu.tensor(Uint32Array.of(0xffffffff, 7));
    expect([...(await words.reshape([2, 1]).transpose().data())]).toEqual([0xffffffff, 7]);
  });
});

describe("reads at one time", () => {
  it("of tensors that share work all come, and each piece of work is done once", async () => {
    const x = gpu.tensor(iota(9), [3, 3]);
    const shared = x.matmul(x);
    const [a, b] = [shared.sum(0), shared.tanh()];
    await Promise.all([shared.data(), a.data(), b.data()]);
    // The plans are known now; the same again, on new tensors.
    const y = gpu.tensor(
      iota(9).map((value) => value / 10),
      [3, 3],
    );
    const product = y.matmul(y);
    const [sums, tanhs] = [product.sum(0), product.tanh()];
    const stop = countCalls();
    const [data, totals, , again] = await Promise.all([product.data(), sums.data(), tanhs.data(), product.data()]);
    const { dispatches } = stop();
    const truth = [0.15, 0.18, 0.21, 0.42, 0.54, 0.66, 0.69, 0.9, 1.11];
    truth.forEach((value, index) => {
      expect(data[index]).toBeCloseTo(value, 6);
      expect(again[index]).toBe(data[index]);
    });
    [1.26, 1.62, 1.98].forEach((value, index) => {
      expect(totals[index]).toBeCloseTo(value, 6);
    });
    expect(dispatches).toBe(3);
  });

  it("may be begun while others are under way, in any order", async () => {
    const x = gpu.tensor(iota(4));
    const chain = [x];
    for (let depth = 0; depth < 10; depth++) chain.push(chain.at(-1)!.add(1));
    const reads = chain.toReversed().map((tensor) => tensor.data());
    const data = await Promise.all(reads);
    for (const [depth, values] of data.toReversed().entries()) expect([...values]).toEqual(iota(4).map((value) => value + depth));
  });
});

describe("canaries", () => {
  const CANARY = 0xdeadbeef;
  const machinery = (): Machinery => (gpu as unknown as { machinery: Machinery }).machinery;

  /** All words of the tensor's buffer, those too that are not the tensor's. */
  async function wordsOf({ node }: Tensor): Promise<Uint32Array> {
    const buffer = machinery().lifetimes.bufferOf(node)!;
    return new Uint32Array(await machinery().readback.read({ buffer, offset: 0, size: buffer.size }));
  }

  /** Fills kept buffers of that many bytes with canaries, so that the next results of that size lie among them. */
  function plant(words: number): void {
    const nests = Array.from({ length: 6 }, () => gpu.tensor(new Uint32Array(words).fill(CANARY)));
    for (const nest of nests) nest.dispose();
  }

  const small = (): Tensor => gpu.tensor(iota(15), [5, 3]);
  const large = (): Tensor => gpu.tensor(iota(65 * 67), [65, 67]);
  it.each<[string, () => Tensor]>([
    ["elementwise", () => small().add(1)],
    ["elementwise, four at a time", () => gpu.tensor(iota(20), [5, 4]).add(1)],
    ["a transposed copy", () => small().transpose().reshape([15])],
    ["a sum of rows", () => small().sum(1)],
    ["a sum of all", () => large().sum()],
    ["a product of odd sizes", () => small().matmul(small().transpose())],
    ["a product of sizes past a tile", () => large().matmul(large().transpose())],
    ["a linear layer", () => small().linear(gpu.tensor(iota(21), [7, 3]), gpu.tensor(iota(7)))],
    ["a variance", () => gpu.wrap(variance(large().node, 0))],
    ["softmax", () => gpu.wrap(softmax(small().node))],
    ["concat", () => gpu.wrap(concat([small().node, small().node], 1))],
    [
      "pad",
      () =>
        gpu.wrap(
          pad(small().node, [
            [0, 1],
            [1, 0],
          ]),
        ),
    ],
    ["one element", () => gpu.wrap(sum(small().node)).mul(2)],
  ])("behind %s live", async (_, build) => {
    // A buffer that was let go of earlier may come back at any moment, before the canaries; who writes behind a tensor does it every time.
    let words: Uint32Array = new Uint32Array();
    let inputs = build();
    for (let attempt = 0; attempt < 3; attempt++) {
      if (attempt > 0) inputs = build();
      const size = inputs.size * 4;
      // Buffers come in sizes of 256 bytes, then of eighths of a power of two.
      const bucket =
        size <= 256
          ? 256
          : Math.ceil(size / Math.max(256, 2 ** (Math.floor(Math.log2(size)) - 3))) * Math.max(256, 2 ** (Math.floor(Math.log2(size)) - 3));
      plant(bucket / 4);
      await inputs.evaluate();
      words = await wordsOf(inputs);
      expect(words.byteLength).toBe(bucket);
      expect(words.length, "room for canaries").toBeGreaterThan(inputs.size);
      if (words.at(-1) === CANARY) break;
    }
    expect(
      [...words.subarray(inputs.size)].every((word) => word === CANARY),
      "every word behind the tensor",
    ).toBe(true);
    expect(words.subarray(0, inputs.size).includes(CANARY), "a word of the tensor that was never written").toBe(false);
  });
});
