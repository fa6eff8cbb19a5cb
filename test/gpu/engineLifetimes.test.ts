/** Who holds memory and for how long: counters return to where they were, replays create nothing, plans are kept and let go. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { open, type Tensor, valueAndGrad } from "../../src/index.ts";
import { countCalls } from "../support/countedCalls.ts";

// An engine for each test: what an earlier one left to the garbage collector would give its memory back in the middle of a count.
let gpu: Engine;
beforeEach(async () => {
  gpu = await open();
});
afterEach(() => gpu.dispose());

const live = (): { buffers: number; bytes: number } => ({ buffers: gpu.counters.buffers, bytes: gpu.counters.bytes });

/** What `body` leaves behind once its plans are in the cache: run it once to warm up, then twice more. */
async function expectNothingLeft(body: () => Promise<void>): Promise<void> {
  await body();
  const before = live();
  await body();
  await body();
  expect(live()).toEqual(before);
}

/** Runs `then` right after the next submit, while what was submitted is not yet known to be well. */
function afterSubmit(then: () => void): void {
  const { queue } = gpu.device;
  const submit = queue.submit.bind(queue);
  queue.submit = (buffers) => {
    // The browser's own is on the prototype, where calls are counted.
    delete (queue as { submit?: unknown }).submit;
    submit(buffers);
    then();
  };
}

describe("memory", () => {
  it("of tensors is back after dispose, exactly", () =>
    expectNothingLeft(async () => {
      const x = gpu.tensor(new Float32Array(1000));
      const y = x.add(1);
      const z = y.mul(2);
      expect((await z.data())[0]).toBe(2);
      for (const tensor of [x, y, z]) tensor.dispose();
      z.dispose();
    }));

  it("is back after using", () =>
    expectNothingLeft(async () => {
      const before = live();
      {
        using x = gpu.tensor([1, 2, 3]);
        using y = x.exp();
        await y.data();
        expect(live().buffers).toBeGreaterThan(before.buffers);
      }
    }));

  it("is back after a scope, but for what it returns, however nested, and after one that throws", () =>
    expectNothingLeft(async () => {
      const x = gpu.tensor([1, 2, 3]);
      const { sums, last } = gpu.scope(() => {
        const y = x.mul(2);
        const inner = gpu.scope(() => [y.add(1), y.add(2)]);
        return { sums: inner.map((one) => one.sum()), last: inner[1]! };
      });
      expect(await Promise.all(sums.map((one) => one.item()))).toEqual([15, 18]);
      expect([...(await last.data())]).toEqual([4, 6, 8]);
      for (const tensor of [...sums, last, x]) tensor.dispose();
      expect(() =>
        gpu.scope(() => {
          gpu.tensor(new Float32Array(100)).add(1);
          throw new Error("midway");
        }),
      ).toThrow("midway");
    }));

  it("is back where a value is disposed of while it is read, which it still is", () =>
    expectNothingLeft(async () => {
      const x = gpu.tensor([1, 2]);
      const y = x.add(1);
      const reading = y.data();
      x.dispose();
      y.dispose();
      expect([...(await reading)]).toEqual([2, 3]);
    }));

  it.each(["at once", "after the submit"])("is back where what is computed along is let go: %s", (when) =>
    expectNothingLeft(async () => {
      const x = gpu.tensor([3]);
      const { value, gradients } = gpu.scope(() => valueAndGrad((at) => at.mul(at).sum())(x));
      const letGo = (): void => gradients[0]!.dispose();
      if (when === "after the submit") afterSubmit(letGo);
      const reading = value.item();
      if (when === "at once") letGo();
      expect(await reading).toBe(9);
      value.dispose();
      x.dispose();
    }),
  );

  it("is back where a value is needed at once while it is on its way", async () => {
    const compiled = await gpu.compile((a) => a!.mul(2), [{ shape: [1] }]);
    await expectNothingLeft(async () => {
      const x = gpu.tensor([3]);
      const y = x.add(1);
      let results: Tensor[] = [];
      afterSubmit(() => {
        results = compiled.run(y);
      });
      expect(await y.item()).toBe(4);
      expect(await results[0]!.item()).toBe(8);
      for (const tensor of [x, y, ...results]) tensor.dispose();
    });
    compiled.dispose();
  });

  it("is back after valueAndGrad in a scope", () =>
    expectNothingLeft(async () => {
      const { value, gradients } = gpu.scope(() => {
        const x = gpu.tensor([1, 2, 3]);
        return valueAndGrad((at) => at.mul(at).mul(at).sum())(x);
      });
      expect([...(await gradients[0]!.data())]).toEqual([3, 12, 27]);
      expect(await value.item()).toBe(36);
      value.dispose();
      gradients[0]!.dispose();
    }));

  it("is back after a compiled function, disposed of twice", () =>
    expectNothingLeft(async () => {
      const outside = gpu.tensor([10, 20]);
      const compiled = await gpu.compile((x) => [x!.add(outside), x!.sum()], [{ shape: [2] }]);
      outside.dispose();
      const x = gpu.tensor([1, 2]);
      const results = compiled.run(x);
      compiled.dispose();
      compiled.dispose();
      // Nobody else got the function's memory while its results were in use.
      const other = gpu.tensor([7, 7]);
      expect([...(await results[0]!.data())]).toEqual([11, 22]);
      expect(await results[1]!.item()).toBe(3);
      expect(() => compiled.run(x)).toThrow(expect.objectContaining({ code: "disposed" }));
      for (const tensor of [...results, x, other]) tensor.dispose();
    }));

  it("is back where compiling fails", () =>
    expectNothingLeft(async () => {
      const gone = gpu.tensor([1]);
      const node = gone.add(1);
      gone.dispose();
      const kept = gpu.tensor([1]);
      const failing = (): Promise<unknown> =>
        gpu.compile(
          (x) => {
            x!.add(kept);
            throw new Error("in the body");
          },
          [{ shape: [1] }],
        );
      await expect(async () => failing()).rejects.toThrow("in the body");
      for (const tensor of [node, kept]) tensor.dispose();
    }));

  it("stays flat over a thousand eager steps", { timeout: 120_000 }, async () => {
    let w = gpu.tensor([1, -1, 0.5]);
    const target = gpu.tensor([0.25, 0.5, 0.75]);
    const step = (): void => {
      const next = gpu.scope(() => {
        const { gradients } = valueAndGrad((at) => {
          const off = at.sub(target);
          return off.mul(off).sum();
        })(w);
        return w.sub(gradients[0]!.mul(0.1));
      });
      w.dispose();
      w = next;
    };
    for (let count = 0; count < 10; count++) step();
    await w.evaluate();
    const before = gpu.counters;
    for (let count = 0; count < 1000; count++) {
      step();
      if (count % 20 === 19) await w.evaluate();
      if (count === 99) expect(gpu.counters.pipelines).toBeLessThanOrEqual(before.pipelines + 20);
    }
    const middle = gpu.counters;
    for (let count = 0; count < 100; count++) {
      step();
      if (count % 20 === 19) await w.evaluate();
    }
    expect(gpu.counters).toEqual(middle);
    expect(middle.buffers - before.buffers).toBeLessThanOrEqual(8);
    const data = await w.data();
    for (const [index, value] of [0.25, 0.5, 0.75].entries()) expect(data[index]).toBeCloseTo(value, 5);
    w.dispose();
    target.dispose();
  });
});

describe("plans", () => {
  it("are found again by structure: other numbers and other tensors make no pipeline, no memory and no plan", async () => {
    const run = async (values: number[], a: number, b: number): Promise<number[]> => {
      const x = gpu.tensor(values);
      const y = gpu.scope(() => x.mul(a).add(b).tanh().sub(x).mul(b));
      const data = [...(await y.data())];
      for (const tensor of [x, y]) tensor.dispose();
      return data;
    };
    await run([1, 2, 3], 2, 0.5);
    const stop = countCalls();
    const data = await run([0.1, 0.2, 0.3], -1, 2);
    const { creates } = stop();
    expect(Object.keys(creates)).toEqual(["GPUDevice.createBindGroup"]);
    [0.1, 0.2, 0.3].forEach((x, index) => {
      expect(data[index]).toBeCloseTo((Math.tanh(-x + 2) - x) * 2, 5);
    });
  });

  it("tell apart what differs in shape, dtype, attributes, wiring or roots", async () => {
    const x = gpu.tensor([1, 2, 3, 4], [2, 2]);
    const y = gpu.tensor([10, 20, 30, 40], [2, 2]);
    const cases: [() => Tensor, number[]][] = [
      [() => x.sub(y), [-9, -18, -27, -36]],
      [() => y.sub(x), [9, 18, 27, 36]],
      [() => x.sub(x), [0, 0, 0, 0]],
      [() => x.sum(0), [4, 6]],
      [() => x.sum(1), [3, 7]],
      [() => x.sum(1, true), [3, 7]],
      [() => x.transpose().sub(y), [-9, -17, -28, -36]],
      [() => x.reshape([4]).sub(y.reshape([4])), [-9, -18, -27, -36]],
      [() => gpu.tensor(Int32Array.of(5, 6, 7, 8), [2, 2]).sub(gpu.tensor(Int32Array.of(1, 1, 1, 1), [2, 2])), [4, 5, 6, 7]],
    ];
    for (let time = 0; time < 2; time++) for (const [build, truth] of cases) expect([...(await build().data())]).toEqual(truth);
  });

  it("count a scalar that was evaluated before as a value, and not among the numbers", async () => {
    // The derivative of 3x is the number 3 itself, which then has a value of its own.
    const x = gpu.tensor(2);
    const { gradients } = valueAndGrad((at) => at.mul(3))(x);
    expect(await gradients[0]!.item()).toBe(3);
    expect(await gradients[0]!.mul(5).item()).toBe(15);
    expect(await gradients[0]!.mul(7).add(gradients[0]!).item()).toBe(24);
  });

  it("that are unused for longest give their memory back", async () => {
    // Many shapes of 64 elements: many plans, of one pipeline. Each has a buffer for its number.
    const shapes: number[][] = [];
    const factor = (rest: number, shape: number[]): void => {
      if (rest === 1) shapes.push(shape);
      else for (let size = 2; size <= rest; size *= 2) if (shape.length < 6) factor(rest / size, [...shape, size]);
    };
    factor(64, []);
    const rounds = shapes.flatMap((shape) => (shape.length < 6 ? [shape, [1, ...shape], [...shape, 1]] : [shape]));
    expect(rounds.length).toBeGreaterThan(80);
    const run = async (shape: number[]): Promise<void> => {
      const x = gpu.tensor(new Float32Array(64), shape);
      const y = x.add(1);
      expect((await y.data())[63]).toBe(1);
      x.dispose();
      y.dispose();
    };
    for (const shape of rounds) await run(shape);
    const full = live();
    // The cache is full: every new plan sends an old one away.
    for (const shape of rounds.slice(0, 10)) await run(shape);
    expect(live()).toEqual(full);
    const fresh = await open();
    const base = fresh.counters.buffers;
    for (const shape of rounds) {
      const x = fresh.tensor(new Float32Array(64), shape);
      const y = x.add(1);
      await y.evaluate();
      x.dispose();
      y.dispose();
    }
    expect(fresh.counters.buffers - base).toBe(64);
    expect(fresh.counters.pipelines).toBe(1);
    fresh.dispose();
  });
});

describe("replays", () => {
  it("of a compiled function create nothing but an encoder, and leave earlier results as they were", async () => {
    const compiled = await gpu.compile((x, w) => [x!.matmul(w!).tanh(), w!.sum()], [{ shape: [2, 3] }, { shape: [3, 2] }]);
    const x = gpu.tensor([1, 2, 3, 4, 5, 6], [2, 3]);
    const ws = [0.1, 0.2, 0.3].map((value) => gpu.tensor(new Float32Array(6).fill(value), [3, 2]));
    const first = compiled.run(x, ws[0]!);
    for (const tensor of compiled.run(x, ws[1]!)) tensor.dispose();
    const stop = countCalls();
    const rounds = 5;
    for (let round = 0; round < rounds; round++) for (const tensor of compiled.run(x, ws[round % 3]!)) tensor.dispose();
    const counts = stop();
    expect(counts.creates).toEqual({});
    expect(counts).toMatchObject({ encoders: rounds, passes: rounds, submits: rounds, writes: 0, maps: 0 });
    expect(counts.dispatches).toBe(rounds * compiled.plan.dispatches.length);
    const kept = [...(await first[0]!.data())];
    for (const [index, sum] of [6, 6, 15, 15].entries()) expect(kept[index]).toBeCloseTo(Math.tanh(0.1 * sum), 5);
    expect(await first[1]!.item()).toBeCloseTo(0.6, 6);
    for (const tensor of [...first, x, ...ws]) tensor.dispose();
    compiled.dispose();
  });

  it("take pending arguments, one tensor twice, and their own results", async () => {
    const compiled = await gpu.compile((a, b) => a!.mul(b!).add(1), [{ shape: [2] }, { shape: [2] }]);
    let x = gpu.tensor([1, 2]).add(1);
    for (let round = 0; round < 3; round++) [x] = compiled.run(x, x) as [Tensor];
    // 2 → 5 → 26 → 677, 3 → 10 → 101 → 10202
    expect([...(await x.data())]).toEqual([677, 10202]);
    compiled.dispose();
  });
});
