/** The engine end to end: lazy evaluation, plan cache, compile, gradients, lifetimes, errors. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { FathomError, grad, open, valueAndGrad } from "../../src/index.ts";

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

describe("eager evaluation", () => {
  it("computes the README's first lines", async () => {
    const x = gpu.tensor([1, 2, 3, 4], [2, 2]);
    const result = await x.matmul(x).tanh().sum().data();
    const truth = [7, 10, 15, 22].reduce((sum, value) => sum + Math.tanh(value), 0);
    expect(result).toHaveLength(1);
    expect(Math.abs(result[0]! - truth)).toBeLessThan(4 * 4 * 2 ** -24);
  });

  it("takes a new number without a new plan or pipeline", async () => {
    const x = gpu.tensor([1, 2, 3]);
    await x.mul(2).add(1).data();
    const { pipelines } = gpu.counters;
    expect([...(await x.mul(-3).add(10).data())]).toEqual([7, 4, 1]);
    expect(gpu.counters.pipelines).toBe(pipelines);
  });

  it("fuses a chain of elementwise work into one dispatch", () => {
    const x = gpu.tensor([1, 2, 3]);
    const text = gpu.explain(x.mul(2).add(x).tanh().neg());
    expect(text).toContain("1 dispatches");
  });

  it("bounds a loop that never reads", async () => {
    let x = gpu.tensor([0]);
    for (let step = 0; step < 3000; step++) x = x.add(1);
    expect(await x.item()).toBe(3000);
  });
});

describe("compile", () => {
  it("replays with new arguments, creating no pipeline", async () => {
    const compiled = await gpu.compile((x, y) => [x!.matmul(y!), x!.sum()], [{ shape: [2, 3] }, { shape: [3, 2] }]);
    const { pipelines } = gpu.counters;
    for (const factor of [1, 2]) {
      const x = gpu.tensor(
        [1, 2, 3, 4, 5, 6].map((value) => value * factor),
        [2, 3],
      );
      const [product, sum] = compiled.run(x, gpu.tensor([1, 0, 0, 1, 1, 1], [3, 2]));
      expect([...(await product!.data())]).toEqual([4, 5, 10, 11].map((value) => value * factor));
      expect(await sum!.item()).toBe(21 * factor);
    }
    expect(gpu.counters.pipelines).toBe(pipelines);
    expect(() => compiled.run(gpu.tensor([1]), gpu.tensor([1]))).toThrow(/argument 0 is f32\[1\].*compiled for f32\[2,3\]/);
    compiled.dispose();
  });
});

describe("gradients of functions", () => {
  it("differentiates x³ twice", async () => {
    const cube = grad((x) => x.mul(x).mul(x).sum());
    const x = gpu.tensor([2, -1, 0.5]);
    expect([...(await cube(x).data())]).toEqual([12, 3, 0.75]);
    const second = grad((at) => cube(at).sum());
    expect([...(await second(x).data())]).toEqual([12, -6, 3]);
  });

  it("treats what is taken from outside as constant", async () => {
    const x = gpu.tensor([3]);
    const outside = x.mul(2);
    const { value, gradients } = valueAndGrad((at) => at.mul(outside).sum())(x);
    expect(await value.item()).toBe(18);
    expect(await gradients[0]!.item()).toBe(6);
  });

  it("names the op that has no gradient", () => {
    const x = gpu.tensor([3, 1]);
    expect(() => grad((at) => at.greater(0).sum())(x)).toThrow(expect.objectContaining({ code: "nondifferentiable" }));
  });
});

describe("lifetimes", () => {
  it("returns to the baseline after dispose and scope", async () => {
    // Of its own: what the tests before it left is freed whenever the garbage collector runs.
    const own = await open();
    const before = own.counters;
    const kept = own.scope(() => {
      const x = own.tensor(new Float32Array(1000));
      return x.add(1).mul(2);
    });
    expect((await kept.data())[0]).toBe(2);
    expect(own.counters.buffers).toBeGreaterThan(before.buffers);
    kept.dispose();
    const held = own.tensor([1, 2]);
    held.dispose();
    await expect(async () => held.data()).rejects.toThrow(/disposed/);
    // The plan cache may keep its own pools and constants; tensors keep nothing.
    const after = own.counters;
    await own
      .scope(() => own.tensor(new Float32Array(1000)).add(1).mul(2))
      .data()
      .then((data) => expect(data[999]).toBe(2));
    expect(after.bytes - before.bytes).toBeLessThan(4000);
    own.dispose();
  });

  it("lets pending work use what was disposed of", async () => {
    const x = gpu.tensor([1, 2]);
    const y = x.add(1);
    x.dispose();
    expect([...(await y.data())]).toEqual([2, 3]);
  });
});

describe("errors", () => {
  it("names shapes", () => {
    const a = gpu.tensor(new Float32Array(12), [4, 3]);
    const b = gpu.tensor(new Float32Array(10), [2, 5]);
    expect(() => a.matmul(b)).toThrow("matmul: inner dimensions differ: f32[4,3] and f32[2,5]");
    expect(() => gpu.tensor([1, 2, 3], [2, 2])).toThrow(/3 values do not fill f32\[2,2\], which has 4/);
  });

  it("reports a lost device on the next read", async () => {
    const lost = await open();
    const x = lost.tensor([1]);
    lost.device.destroy();
    await expect(x.add(1).data()).rejects.toSatisfy((error) => error instanceof FathomError && error.code === "device-lost");
  });
});
