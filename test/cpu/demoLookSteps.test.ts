import { describe, expect, it } from "vitest";
import { LookSteps } from "../../demo/lookSteps.ts";

function stepsOf(steps: number, look: number, step: number): number[] {
  const looks = new LookSteps(steps);
  const seen: number[] = [];
  for (let at = 0; at < steps; at = looks.after(at)) {
    expect(looks.isDue(at)).toBe(true);
    seen.push(at);
    looks.took(look, at * step);
  }
  return seen;
}

describe("the steps at which the lab looks at a net", () => {
  it("are forty of a run, from its first on, where a look is cheap", () => {
    expect(stepsOf(500, 1, 10)).toEqual(Array.from({ length: 39 }, (_, index) => 13 * index));
    expect(stepsOf(10, 1, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("are fewer where a look is dear, and among those of a cheap one", () => {
    const few = stepsOf(500, 400, 10);
    const many = new Set(stepsOf(500, 1, 10));
    for (const step of few) expect(many).toContain(step);
    // Once their distance is found, four fifths of the time are for training.
    const last = few.at(-1)! - few.at(-2)!;
    expect(400).toBeLessThanOrEqual(0.2 * (400 + 10 * last));
    expect(400).toBeGreaterThan(0.2 * (400 + (10 * last) / 2));
  });

  it("do not get fewer for the first look, which compiles", () => {
    const looks = new LookSteps(40);
    looks.took(10_000, 0);
    expect(looks.after(0)).toBe(1);
  });
});
