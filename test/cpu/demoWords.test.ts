/** The page's words: verdicts speak of layers by number and of small numbers as powers, and a lost GPU's driver has no say. */
import { describe, expect, it } from "vitest";
import { withoutDriver } from "../../demo/recovery.ts";
import { amount, inPageWords, inPowers } from "../../demo/verdictWords.ts";
import { diagnose } from "../../src/index.ts";

/** As a lab's net has them: one layer, ten in a repeat, and the output. */
const WEIGHTS = ["0.weight", ...Array.from({ length: 11 }, (_, index) => `2.${index}.0.weight`), "3.weight"];

describe("a verdict on the page", () => {
  it("names layers, and a vanished share as a power", () => {
    const layers = WEIGHTS.map((name, index) => ({ name, role: "weight" as const, gradientNorm: index === 0 ? 5e-22 : 1 }));
    const { text } = diagnose([{ step: 0, loss: 2.3, clipScale: 1, layers }]);
    expect(text).toContain("(0.weight, 3.weight)");
    expect(inPageWords(text, WEIGHTS)).toBe(
      "vanishing: the first layer's gradient is 5·10⁻²² of the last's (layer 1 and layer 13), so it hardly moves",
    );
  });

  it.each([
    ["dead: all units of 2.10.1 (relu) give 0 for every row", "dead: all units of layer 12 (relu) give 0 for every row"],
    ["saturated: 60 % of the outputs of 1 (tanh), and as many", "saturated: 60 % of the outputs of layer 1 (tanh), and as many"],
    ["exploding: a step moved 2.1.0.weight by ×30 its length", "exploding: a step moved layer 3 by ×30 its length"],
    ["not finite at step 3: the output of 2.10.1", "not finite at step 3: the output of layer 12"],
    ["not finite at step 3: the gradient of 2.0.0.bias", "not finite at step 3: the gradient of layer 2's bias"],
    ["not finite at step 3: the gradient of 2.10.0.weight", "not finite at step 3: the gradient of layer 12"],
    ["and the loss does not fall (2.31), clipped in 4 of 4 steps", "and the loss does not fall (2.31), clipped in 4 of 4 steps"],
    ["though not yet below that of guessing (3.11)", "though not yet below that of guessing (3.11)"],
  ])("says %s in its words", (given, said) => {
    expect(inPageWords(given, WEIGHTS)).toBe(said);
  });

  it("has no powers of numbers that are none", () => {
    expect([inPowers("1e-22"), inPowers("1.5e+3 and x1e5"), amount(0.5), amount(0), amount(1234)]).toEqual([
      "10⁻²²",
      "1.5·10³ and x1e5",
      "0.5",
      "0",
      "1.2·10³",
    ]);
  });
});

it("a lost GPU is told of without its driver's words", () => {
  expect(withoutDriver("the GPU device was lost (A valid external Instance reference no longer exists.). Open a new engine")).toBe(
    "the GPU device was lost. Open a new engine",
  );
});
