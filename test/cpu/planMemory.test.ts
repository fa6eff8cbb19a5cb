/** Where a plan puts things: no dispatch reads and writes one buffer, whatever its size, and nothing is read that was not written. */
import { describe, expect, it } from "vitest";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { add } from "../../src/ops/binary.ts";
import { input, literal, state } from "../../src/ops/define.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { sum, variance } from "../../src/ops/reduce.ts";
import { tanh } from "../../src/ops/unary.ts";
import { reshape, transpose } from "../../src/ops/views.ts";
import { lower } from "../../src/plan/lower.ts";
import type { Plan } from "../../src/plan/types.ts";
import { planFaults } from "../support/checkPlan.ts";

const target: Target = { adapterClass: "software", subgroups: false };
const f = (...shape: number[]): Node => input(shape, "f32");
const plan = (...roots: Node[]): Plan => lower({ roots, assignments: [], target }).plan;

describe("temporaries of one kernel", () => {
  it.each([
    ["a sum in three stages", () => sum(f(5_000_000))],
    ["a variance of many", () => variance(f(5_000_000))],
  ])("lie apart: %s", (_, build) => {
    const made = plan(build());
    expect(made.dispatches.length).toBeGreaterThan(2);
    expect(planFaults(made)).toBe("");
  });
});

describe("nothing at all", () => {
  it.each([
    ["a kernel", (x: Node) => sum(tanh(x), 0)],
    ["a view that needs a copy, then a kernel", (x: Node) => sum(reshape(transpose(tanh(x)), [0]))],
    ["other elementwise work", (x: Node) => add(tanh(x), transpose(tanh(transpose(x))))],
  ])("is a value that can be read by %s", (_, build) => {
    expect(planFaults(plan(build(f(0, 3))))).toBe("");
  });

  it("has a product, whose binding of no elements is never read", () => {
    const x = tanh(f(0, 3));
    expect(plan(matmul(transpose(x), x)).dispatches.map(({ label }) => label)).toEqual(["matmul"]);
  });

  it("takes no dispatch where nothing comes of it", () => {
    expect(plan(add(tanh(f(0, 3)), literal(1))).dispatches).toHaveLength(0);
  });
});

describe("a state that becomes something made of itself", () => {
  const s = (): Node => state({ state: "s", offset: 0, size: 16, shape: [4, 4], dtype: "f32" });
  it.each([
    ["elementwise", () => add(s(), literal(1))],
    ["by a kernel", () => matmul(s(), s())],
    ["by a kernel and more", () => tanh(matmul(s(), s()))],
  ])("is written by a dispatch of its own: %s", (_, build) => {
    const made = lower({ roots: [], assignments: [{ state: "s", node: build() }], target }).plan;
    expect(planFaults(made)).toBe("");
    expect(made.dispatches).toHaveLength(2);
    expect(made.dispatches[1]!.bindings.map(({ buffer }) => buffer.kind)).toEqual(["pool", "state"]);
  });
});
