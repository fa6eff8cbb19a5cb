/**
 * Philox4x32-10: random numbers as a pure function of a counter and a key, the same bits here and in shaders/lib/philox.wgsl.
 *
 * Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Fathom's convention everywhere:
 * key = (seed, stream), counter = (element, attemptedStep, node, 0). Two uses of randomness differ in at least one word,
 * so no generator state has to be stored, moved to the GPU or written to a checkpoint.
 */

export type Counter = readonly [number, number, number, number];
export type Key = readonly [number, number];
export type Block = [number, number, number, number];

/** What a random number is for: the second word of the key. A number once given is never reused, or saved runs would change. */
export type StreamName = "init" | "shuffle" | "dropout" | "noise" | "data";
export const STREAMS = { init: 1, shuffle: 2, dropout: 3, noise: 4, data: 5 } as const satisfies Record<StreamName, number>;

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** What the key grows by each round: the golden ratio and √3 − 1, as fractions of 2³². */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** High 32 bits of a 64-bit product, by 16-bit halves: a float64 holds only 53 bits of it. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // Each sum stays below 2³²: (2¹⁶ − 1)² + 2¹⁶ − 1 < 2³².
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** Four random 32-bit words. Words of counter and key are taken modulo 2³². */
export function philox4x32(counter: Counter, key: Key): Block {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** A multiple of 2⁻²⁴ in [0, 1): the top 24 bits, so that a float32 holds it exactly and the GPU's value is the same. */
export function uniform01(bits: number): number {
  return (bits >>> 8) * 2 ** -24;
}
