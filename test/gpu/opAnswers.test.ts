/** Values and gradients on the GPU against PyTorch's answers, at extremes, ties and kinks. */
import { describe, expect, it } from "vitest";
import { caseGraphs } from "../support/opCaseGraph.ts";
import { runGraphs } from "../support/runGraphs.ts";
import { EPSILON } from "../support/sample.ts";

/** Values may be flushed below 2⁻¹²⁶, and gradients, which are products of them with others, in proportion. */
const FLUSHED = 2 ** -126;
/** PyTorch's float64 itself is off by this where 1 + erf and eˣ − 1 nearly cancel. */
const PYTORCH = 20 * 2 ** -53;
const LARGEST = 3.4028234663852886e38;

/**
 * Relative: the functions' own bounds, the longest of which (gelu's tail, x²/2 ε with |x| ≤ 12 before it vanishes) is below 100 ε; absolute: what
 * is left of 1 − y² and y + alpha when they nearly cancel, times a cotangent of at most 3 and a slope of at most 2.
 */
const allowed = (truth: number, gradient: boolean): number =>
  100 * EPSILON * Math.abs(truth) + 1e4 * FLUSHED + PYTORCH + (gradient ? 24 * EPSILON : 0);

describe("has PyTorch's answer for", () => {
  it("every case of the fixture", async () => {
    const runs = caseGraphs.flatMap(({ what, opCase, root, gradients, values }) => [
      { what, root, values, truth: opCase.output.data, gradient: false },
      ...gradients.map(({ name, node }) => ({
        what: `${what}, gradient of ${name}`,
        root: node,
        values,
        truth: opCase.gradients[name]!.data,
        gradient: true,
      })),
    ]);
    const results = await runGraphs(runs);
    const off = runs.flatMap(({ what, truth, gradient }, run) =>
      [...truth].flatMap((value, index) => {
        const got = results[run]![index]!;
        const exact = Math.abs(value) > LARGEST ? Math.sign(value) * Infinity : value;
        const fits = got === exact || (Number.isNaN(got) && Number.isNaN(exact)) || Math.abs(got - exact) <= allowed(exact, gradient);
        return fits ? [] : [`${what} element ${index}: ${got} for ${exact}`];
      }),
    );
    expect(off).toEqual([]);
  });
});
