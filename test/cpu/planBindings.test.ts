/** What a dispatch binds: far enough for every look at a buffer, and never too much, however units were merged before. */
import { describe, expect, it } from "vitest";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { add, mul } from "../../src/ops/binary.ts";
import { input } from "../../src/ops/define.ts";
import { slice } from "../../src/ops/slice.ts";
import { transpose } from "../../src/ops/views.ts";
import { lower } from "../../src/plan/lower.ts";
import type { Plan } from "../../src/plan/types.ts";
import { planFaults } from "../support/checkPlan.ts";

const target: Target = { adapterClass: "software", subgroups: false };
const f = (...shape: number[]): Node => input(shape, "f32");
const plan = (...roots: Node[]): Plan => lower({ roots, assignments: [], target }).plan;

describe("two looks at one buffer", () => {
  it.each([
    ["the first shorter", (x: Node) => [slice(x, [{ end: 4 }]), slice(x, [{ start: 4 }])]],
    ["the first longer", (x: Node) => [slice(x, [{ start: 4 }]), slice(x, [{ end: 4 }])]],
  ] as const)("share a binding that reaches to the end of both: %s", (_, looks) => {
    const [one, other] = looks(f(8));
    const { dispatches } = plan(add(one!, other!));
    expect(dispatches).toHaveLength(1);
    // Elements 0 to 3 and 4 to 7 of one binding, 4 bytes each.
    expect(dispatches[0]!.bindings.filter(({ buffer }) => buffer.kind === "input").map(({ size }) => size)).toEqual([32]);
  });

  it("are two bindings where they begin in different 256 bytes", () => {
    const x = f(128);
    const { dispatches } = plan(add(slice(x, [{ end: 64 }]), slice(x, [{ start: 64 }])));
    expect(dispatches[0]!.bindings.map(({ offset, size }) => [offset, size])).toEqual([
      [0, 256],
      [256, 256],
      [0, 256],
    ]);
  });
});

describe("too many buffers", () => {
  const sumOf = (list: readonly Node[]): Node => list.reduce(add);
  const inputs = (count: number): Node[] => Array.from({ length: count }, () => f(4));

  it("are split where two units of one rank were merged by a common reader", () => {
    // Each side alone fits; together they do not, and neither reads the other.
    const [left, right] = [sumOf(inputs(6)), sumOf(inputs(6))];
    // Read twice, so that they do not wait for their readers.
    const made = plan(mul(left, right), add(left, left), add(right, right));
    expect(planFaults(made)).toBe("");
    expect(made.dispatches.length).toBeGreaterThan(1);
  });

  it("are split however often it takes", () => {
    const sides = Array.from({ length: 9 }, () => sumOf(inputs(7)));
    const made = plan(sumOf(sides), ...sides.map((side) => mul(side, side)));
    expect(planFaults(made)).toBe("");
  });

  it("count a buffer twice that is read by vectors and by elements", () => {
    const squares = Array.from({ length: 6 }, () => f(4, 4));
    const made = plan(sumOf(squares.flatMap((x) => [x, transpose(x)])));
    expect(planFaults(made)).toBe("");
  });
});
