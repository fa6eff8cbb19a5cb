/** The tables of factors end where they are constant in float32, whatever the decays are. */
import { describe, expect, it } from "vitest";
import { adamTableLength, nadamTable, radamTable } from "../../src/optim/adamTable.ts";

const DECAYS = [
  [0.9, 0.999],
  [0.5, 0.9],
  [0, 0.61],
  [0.99, 0.9999],
  [0.9, 0],
] as const;

/** √((ρ − 4)(ρ − 2)ρ∞/((ρ∞ − 4)(ρ∞ − 2)ρ))·√(1 − β₂ᵗ), or 0 where ρ ≤ 5. */
function rectified(beta2: number, t: number): number {
  const most = 2 / (1 - beta2) - 1;
  const left = 1 - beta2 ** t;
  const rho = most - (2 * t * beta2 ** t) / left;
  return rho > 5 ? Math.sqrt(((rho - 4) * (rho - 2) * most * left) / ((most - 4) * (most - 2) * rho)) : 0;
}

describe("radamTable", () => {
  it("does without v for the first five updates at the usual β₂, and never uses it where ρ stays below 5", () => {
    const table = radamTable(0.9, 0.999);
    expect(Array.from({ length: 8 }, (_, t) => table[2 * t + 1]! > 0)).toEqual([false, false, false, false, false, true, true, true]);
    expect(radamTable(0.9, 0.6).some((value, index) => index % 2 === 1 && value !== 0)).toBe(false);
  });

  it.each(DECAYS)("is right within a rounding, also past its end: β₁ %d, β₂ %d", (beta1, beta2) => {
    const table = radamTable(beta1, beta2);
    const length = table.length / 2;
    for (const t of [1, 2, 3, 7, 20, Math.ceil(length / 3), length, length + 1, 2 * length, 100 * length]) {
      const at = 2 * Math.min(t, length) - 2;
      const truth = [1 / (1 - beta1 ** t), rectified(beta2, t)];
      // 1 − βᵗ is off by 2⁻⁵³ here, of which 1/(1 − βᵗ) makes at most 2⁻³⁶; for ρ it is multiplied by 2t·ρ∞.
      for (const [which, value] of truth.entries())
        expect(Math.abs(table[at + which]! - value), `t = ${t}, factor ${which}`).toBeLessThanOrEqual(
          2 ** -23.4 * Math.max(value, 2 ** -10),
        );
    }
  });
});

describe("nadamTable", () => {
  it.each(DECAYS)("is right within a rounding, also past its end: β₁ %d, β₂ %d", (beta1, beta2) => {
    for (const decay of [0, 0.004, 3]) {
      const table = nadamTable(beta1, beta2, decay);
      const length = table.length / 3;
      expect(length).toBe(adamTableLength(beta1, beta2));
      const mu = (t: number): number => beta1 * (1 - 0.5 * Math.exp(Math.log(0.96) * t * decay));
      let product = 1;
      for (let t = 1; t <= Math.min(length + 1, 3000); t++) {
        product *= mu(t);
        if (t > 20 && t < length) continue;
        const at = 3 * Math.min(t, length) - 3;
        const truth = [1 / (1 - product), 1 / (1 - product * mu(t + 1)), 1 / Math.sqrt(1 - beta2 ** t)];
        for (const [which, value] of truth.entries())
          expect(Math.abs(table[at + which]! / value - 1), `ψ = ${decay}, t = ${t}, factor ${which}`).toBeLessThanOrEqual(2 ** -23.4);
      }
    }
  });
});
