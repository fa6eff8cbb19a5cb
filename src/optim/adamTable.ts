/**
 * Adam's bias corrections for every step that needs one, made in float64: [1/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ)] for t = 1, 2, …
 *
 * In float32, 1 − βᵗ loses up to 2e-5 of its value. The GPU looks its own count of applied steps up here; past the end, where both factors
 * are 1 in float32, the last entry serves for ever.
 */

/** βᵗ below this leaves 1/(1 − βᵗ) at 1 in float32: half a unit in the last place is 2⁻²⁴ above 1. */
const VANISHED = 2 ** -25;

/** Steps until both corrections are 1 in float32. */
export function adamTableLength(beta1: number, beta2: number): number {
  const steps = (beta: number): number => (beta === 0 ? 1 : Math.ceil(Math.log(VANISHED) / Math.log(beta)) + 1);
  return Math.max(steps(beta1), steps(beta2));
}

export function adamTable(beta1: number, beta2: number): Float32Array {
  const length = adamTableLength(beta1, beta2);
  const table = new Float32Array(2 * length);
  for (let t = 1; t <= length; t++) {
    // −expm1(t·ln β) is 1 − βᵗ without cancellation.
    table[2 * t - 2] = beta1 === 0 ? 1 : 1 / -Math.expm1(t * Math.log(beta1));
    table[2 * t - 1] = beta2 === 0 ? 1 : 1 / Math.sqrt(-Math.expm1(t * Math.log(beta2)));
  }
  return table;
}
