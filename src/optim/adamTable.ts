/**
 * Factors of Adam and its relatives that depend on the count of updates t = 1, 2, … alone, made in float64: an entry of a few numbers for
 * each t, looked up on the GPU by its own count of updates.
 *
 * In float32, 1 − βᵗ loses up to 2e-5 of its value. A table ends where its factors are constant in float32, and the last entry serves for
 * ever.
 */

/** What is this far from 1 is 1 in float32: half a unit in the last place is 2⁻²⁴ above 1. */
const VANISHED = 2 ** -25;

/** Steps until βᵗ leaves 1/(1 − βᵗ) at 1. */
const stepsUntilGone = (beta: number): number => (beta === 0 ? 1 : Math.ceil(Math.log(VANISHED) / Math.log(beta)) + 1);

/** 1 − βᵗ without cancellation. */
const oneMinusPower = (beta: number, t: number): number => (beta === 0 ? 1 : -Math.expm1(t * Math.log(beta)));

/** Steps until both corrections are 1 in float32. */
export function adamTableLength(beta1: number, beta2: number): number {
  return Math.max(stepsUntilGone(beta1), stepsUntilGone(beta2));
}

/** Adam, AdamW and Lamb: 1/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ). */
export function adamTable(beta1: number, beta2: number): Float32Array {
  const length = adamTableLength(beta1, beta2);
  const table = new Float32Array(2 * length);
  for (let t = 1; t <= length; t++) {
    table[2 * t - 2] = 1 / oneMinusPower(beta1, t);
    table[2 * t - 1] = 1 / Math.sqrt(oneMinusPower(beta2, t));
  }
  return table;
}

/**
 * NAdam: 1/(1 − Π μ), Π over μ₁ … μₜ, then up to μₜ₊₁, and 1/√(1 − β₂ᵗ). μₜ = β₁(1 − ½·0.96^(tψ)) is below β₁, so the products are gone when
 * β₁ᵗ is. μₜ itself is not here: with a small ψ it changes for as long as anybody trains.
 */
export function nadamTable(beta1: number, beta2: number, momentumDecay: number): Float32Array {
  const length = adamTableLength(beta1, beta2);
  const table = new Float32Array(3 * length);
  const mu = (t: number): number => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay));
  let product = mu(1);
  for (let t = 1; t <= length; t++) {
    const next = product * mu(t + 1);
    table.set([1 / (1 - product), 1 / (1 - next), 1 / Math.sqrt(oneMinusPower(beta2, t))], 3 * t - 3);
    product = next;
  }
  return table;
}

/** ρ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ): how many gradients v is the mean of, as it were. */
const lengthOfMean = (beta2: number, t: number): number =>
  2 / (1 - beta2) - 1 - (beta2 === 0 ? 0 : (2 * t * beta2 ** t) / oneMinusPower(beta2, t));

/** √((ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)), or 0 as long as ρ is at most 5. */
function rectification(beta2: number, t: number): number {
  const most = 2 / (1 - beta2) - 1;
  const rho = lengthOfMean(beta2, t);
  return rho > 5 ? Math.sqrt((((rho - 4) * (rho - 2)) / ((most - 4) * (most - 2))) * (most / rho)) : 0;
}

/** RAdam: 1/(1 − β₁ᵗ), and r·√(1 − β₂ᵗ), where r is the rectification, 0 as long as there is none. */
export function radamTable(beta1: number, beta2: number): Float32Array {
  const most = 2 / (1 - beta2) - 1;
  let length = adamTableLength(beta1, beta2);
  // r is off 1 by at most what ρ lacks, over ρ∞ − 4.
  if (most > 5) while (most - lengthOfMean(beta2, length) > VANISHED * (most - 4)) length = Math.ceil(length * 1.05);
  const table = new Float32Array(2 * length);
  for (let t = 1; t <= length; t++) {
    table[2 * t - 2] = 1 / oneMinusPower(beta1, t);
    table[2 * t - 1] = rectification(beta2, t) * Math.sqrt(oneMinusPower(beta2, t));
  }
  return table;
}
