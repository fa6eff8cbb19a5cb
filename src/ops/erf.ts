/** The error function in float64: what kernels are held against. */

/** Terms of the sum, and levels of the fraction: more than float64 can tell apart where each is used. */
const TERMS = 100;
const LEVELS = 120;

/** Beyond it 1 − erf has lost too much to cancellation. */
const FAR = 2;

/** erf x = 2/√π · e^(−x²) · Σ 2ⁿx^(2n+1) / (1·3·…·(2n+1)): every term is positive, so that nothing cancels. */
function near(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < TERMS; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc x = e^(−x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))) for x ≥ 2. */
function far(x: number): number {
  let fraction = x;
  for (let level = LEVELS; level > 0; level--) fraction = x + level / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) < FAR) return near(x);
  return Math.sign(x) * (1 - far(Math.abs(x)));
}

/** 1 − erf x, accurate where that is tiny. */
export function erfc(x: number): number {
  return x < FAR ? 1 - erf(x) : far(x);
}
