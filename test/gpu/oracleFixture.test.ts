/** The oracle's fixtures reach the browser whole: what the training tests compare with. */
import { expect, it } from "vitest";
import { loadOracleCase, oracleCases } from "../support/oracleFixture.ts";

it("loads every case in the browser", async () => {
  expect(oracleCases.length).toBeGreaterThanOrEqual(7);
  for (const name of oracleCases) {
    const { trace, weights, data } = await loadOracleCase(name);
    for (const parameter of trace.parameters) expect(weights.has(parameter.name)).toBe(true);
    expect(data.x.data.every(Number.isFinite)).toBe(true);
    expect(trace.steps[0]!.layers).toHaveLength(trace.parameters.length);
  }
});
