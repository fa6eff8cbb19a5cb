/** The planner alone, without a GPU: what fuses, what is copied, who shares memory. */
import { describe, expect, it } from "vitest";
import { makeNode } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { input, literal, scalar } from "../../src/ops/define.ts";
import { elementwiseOp } from "../../src/ops/elementwise.ts";
import { numberText } from "../../src/ops/numberText.ts";
import { broadcastTo } from "../../src/ops/views.ts";
import { collapse } from "../../src/plan/codegen.ts";
import { lower } from "../../src/plan/lower.ts";
import { Pools } from "../../src/plan/memory.ts";
import { printPlan } from "../../src/plan/types.ts";

const target: Target = { adapterClass: "software", subgroups: false };
const addOp = elementwiseOp("testAdd", { wgsl: ([a, b]) => `(${a} + ${b})`, js: ([a, b]) => a + b, vjp: "nondifferentiable" });
const add = (a: ReturnType<typeof input>, b: ReturnType<typeof input>) => makeNode(addOp, [a, b], undefined);
const plan = (...roots: ReturnType<typeof input>[]) => lower({ roots, assignments: [], target }).plan;

describe("fusing", () => {
  it("makes one dispatch of a chain, with a broadcast row and a number that is data", () => {
    const x = input([4, 8], "f32");
    const row = broadcastTo(input([8], "f32"), [4, 8]);
    const made = plan(add(add(add(x, row), scalar(2.5)), literal(1)));
    expect(made.dispatches).toHaveLength(1);
    expect(made.pools).toHaveLength(0);
    expect(made.constants.entries).toEqual([{ offset: 0, dtype: "f32", value: { scalar: 0 } }]);
    expect(printPlan(made)).toContain("testAdd testAdd testAdd");
  });

  it("computes equal work once", () => {
    const x = input([4], "f32");
    const y = input([4], "f32");
    const text = plan(add(add(x, y), add(x, y))).kernels[0]!.defines["ELEMENT"] as string;
    expect(text.match(/\+/g)).toHaveLength(2);
  });

  it("stores what a second root needs", () => {
    const x = input([4], "f32");
    const middle = add(x, x);
    const made = plan(middle, add(middle, x));
    expect(made.dispatches).toHaveLength(1);
    expect(made.dispatches[0]!.bindings.map(({ buffer }) => buffer.kind).sort()).toEqual(["input", "output", "output"]);
  });

  it("splits where more than eight buffers would be bound", () => {
    const inputs = Array.from({ length: 12 }, () => input([4], "f32"));
    const made = plan(inputs.reduce(add));
    expect(made.dispatches.length).toBe(2);
    for (const { bindings } of made.dispatches) expect(bindings.length).toBeLessThanOrEqual(8);
  });

  it("splits all that binds too much in a few attempts, however much of it there is", () => {
    const attempts = (count: number): number => {
      const inputs = Array.from({ length: count }, () => input([4], "f32"));
      return lower({ roots: [inputs.reduce(add)], assignments: [], target }).attempts;
    };
    // A unit has at most 48 members, of which an attempt cuts five or more off.
    expect(attempts(100)).toBeLessThanOrEqual(12);
    expect(attempts(800)).toBeLessThanOrEqual(12);
  });

  it("copies a root that is only a view", () => {
    const made = plan(broadcastTo(input([1], "f32"), [5]));
    expect(made.dispatches.map(({ label }) => label)).toEqual(["copy"]);
  });
});

describe("text", () => {
  it("collapses axes that lie one after another", () => {
    expect(collapse({ shape: [2, 3, 4], strides: [12, 4, 1], offset: 0 }, [2, 3, 4])).toEqual([{ size: 24, stride: 1 }]);
    expect(collapse({ shape: [4], strides: [1], offset: 0 }, [2, 3, 4])).toEqual([
      { size: 6, stride: 0 },
      { size: 4, stride: 1 },
    ]);
  });

  it("writes numbers as float32 reads them", () => {
    expect(numberText(1, "f32")).toBe("1.0");
    expect(Math.fround(Number(numberText(0.1, "f32")))).toBe(Math.fround(0.1));
    expect(Number(numberText(1e-30, "f32"))).toBe(Math.fround(1e-30));
    expect(numberText(3, "u32")).toBe("3u");
  });
});

describe("pools", () => {
  it("reuses what is free, and never a pool to be avoided", () => {
    const pools = new Pools();
    const a = pools.take(1000, new Set());
    const b = pools.take(1000, new Set([a.pool]));
    expect(b.pool).not.toBe(a.pool);
    pools.release(a);
    expect(pools.take(512, new Set())).toMatchObject({ pool: a.pool, offset: 0 });
    expect(pools.take(512, new Set())).toMatchObject({ pool: a.pool, offset: 512 });
    expect(pools.list.map(({ bytes }) => bytes)).toEqual([1024, 1024]);
  });

  it("joins ranges that touch", () => {
    const pools = new Pools();
    const three = [0, 1, 2].map(() => pools.take(256, new Set()));
    for (const place of [three[0]!, three[2]!, three[1]!]) pools.release(place);
    expect(pools.take(768, new Set())).toMatchObject({ offset: 0 });
    expect(pools.list[0]!.bytes).toBe(768);
  });
});
