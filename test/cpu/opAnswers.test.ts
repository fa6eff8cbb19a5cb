/** References and gradient rules against PyTorch's float64 answers: at extremes, ties and kinks, where conventions differ. */
import { describe, expect, it } from "vitest";
import { computeFloat64 } from "../support/float64.ts";
import { caseGraphs } from "../support/opCaseGraph.ts";

const ROUNDING = 2 ** -53;
/** PyTorch takes softplus to be x itself past 20; the next number of the fixture is 30, and cotangents are at most 3. */
const SOFTPLUS = 3 * Math.exp(-30);
/** PyTorch multiplies hardSigmoid's gradient by a sixth that was rounded to float32; cotangents are at most 3. */
const SIXTH = (3 / 6) * 2 ** -24;
/** What PyTorch's own answers are off by, by the name of what is held. */
const OWN = [
  ["softplus", SOFTPLUS],
  ["hardSigmoid {}, gradient", SIXTH],
] as const;
const own = (what: string): number => OWN.find(([name]) => what.startsWith(name))?.[1] ?? 0;
/**
 * A few roundings of float64; and those of 1 where something nearly cancels: here 1 − y² and y + alpha in gradients, in PyTorch 1 + erf and
 * eˣ − 1, both multiplied by numbers up to 20 before they vanish.
 */
const allowed = (truth: number): number => 64 * ROUNDING * Math.abs(truth) + 20 * ROUNDING;

function expectClose(what: string, actual: Float64Array, truth: Float64Array): void {
  expect(actual.length).toBe(truth.length);
  for (const [index, value] of truth.entries()) {
    const got = actual[index]!;
    if (got !== value && !(Number.isNaN(got) && Number.isNaN(value)))
      expect(Math.abs(got - value), `${what} element ${index}: ${got} for ${value}`).toBeLessThanOrEqual(allowed(value) + own(what));
  }
}

describe("has PyTorch's answer for", () => {
  it.each(caseGraphs)("$what", ({ what, opCase, root, gradients, values }) => {
    expect(root.shape).toEqual(opCase.output.shape);
    const [output, ...found] = computeFloat64([root, ...gradients.map(({ node }) => node)], values);
    expectClose(what, output!, opCase.output.data);
    for (const [index, { name }] of gradients.entries())
      expectClose(`${what}, gradient of ${name}`, found[index]!, opCase.gradients[name]!.data);
  });

  it("every op of the fixture that is not held elsewhere", () => {
    expect(caseGraphs.length).toBeGreaterThanOrEqual(40);
  });
});
