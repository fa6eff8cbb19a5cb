/** What the lab keeps of its state: which run it offers to go on with, what runs are called, and how they were changed on their way. */
import { describe, expect, it } from "vitest";
import { changesOf, looking } from "../../demo/changes.ts";
import { STANDARD } from "../../demo/choices.ts";
import { leftRun } from "../../demo/left.ts";
import type { KeptRun } from "../../demo/messages.ts";
import { nameOfNet } from "../../demo/netName.ts";

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

describe("a run", () => {
  it("is called what its experiment says, where that was written by hand and says something", () => {
    const named = (experiment: string | null): string => nameOfNet({ choices: STANDARD, experiment });
    expect(named('{"name":"mine"}')).toBe("mine");
    for (const text of ['{"name":" "}', '{"name":7}', "{}", "null", "7", "{"]) expect(named(text)).toBe("by hand");
    expect(named(`{"name":"${"x".repeat(100)}"}`)).toBe("x".repeat(80));
    expect(named(null)).toBe("30 sigmoid, normal, σ = 0.1");
  });

  it("was changed by what changes its training", () => {
    expect(changesOf([])).toBe("");
    const marks = [
      { step: 3, text: "rate 0.5" },
      { step: 4, text: looking(true) },
      { step: 5, text: "clip value, clipMax 2" },
      { step: 6, text: looking(false) },
    ];
    expect(changesOf(marks)).toBe("rate 0.5 from step 3; clip value, clipMax 2 from step 5");
  });
});
