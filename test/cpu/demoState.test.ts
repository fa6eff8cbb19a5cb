/** What the lab keeps of its state: which run it offers to go on with. */
import { describe, expect, it } from "vitest";
import { leftRun } from "../../demo/left.ts";
import type { KeptRun } from "../../demo/messages.ts";

const run = (id: string, milliseconds: number): KeptRun => ({
  id,
  name: id,
  experiment: {},
  state: {},
  step: 1,
  steps: 2,
  milliseconds,
  savedAt: 0,
});

describe("the run that is offered to go on with", () => {
  it("is the latest, and never the one that is on the page", () => {
    const kept = [run("a", 5), run("b", 5)];
    expect(leftRun(kept, false, null)?.id).toBe("a");
    expect(leftRun(kept, false, "a")?.id).toBe("b");
    expect(leftRun([run("a", 5)], false, "a")).toBeNull();
  });

  it("is one that was trained for a while, where another is on", () => {
    expect(leftRun([run("a", 5)], true, "b")).toBeNull();
    expect(leftRun([run("a", 60_000)], true, "b")?.id).toBe("a");
  });
});
