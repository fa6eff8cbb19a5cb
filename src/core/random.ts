/**
 * Seeded random numbers in float64, for what is made on the CPU: initial weights, data, shuffles.
 *
 * Built on Philox and on arithmetic that IEEE 754 fixes (+ − × ÷ √), never on Math.log or Math.cos, whose last bit differs between
 * JavaScript engines: one seed gives the same numbers, bit for bit, in every browser and in Node.
 */
import { checkInteger } from "./check.ts";
import { type Block, philox4x32, STREAMS, type StreamName } from "./philox.ts";

const WORDS = 2 ** 32;

export interface RandomPlace {
  /** The step or epoch that draws; default 0. */
  readonly step?: number;
  /** Which of several users of the stream draws, such as the number of a parameter; default 0. */
  readonly node?: number;
}

export class Random {
  readonly seed: number;
  readonly #stream: number;
  readonly #step: number;
  readonly #node: number;
  #element = 0;
  #block: Block = [0, 0, 0, 0];
  #used = 4;
  #spareNormal: number | null = null;

  constructor(seed: number, stream: StreamName, place: RandomPlace = {}) {
    this.seed = checkInteger("Random", "seed", seed, 0, WORDS - 1);
    this.#stream = STREAMS[stream];
    this.#step = checkInteger("Random", "step", place.step ?? 0, 0, WORDS - 1);
    this.#node = checkInteger("Random", "node", place.node ?? 0, 0, WORDS - 1);
  }

  /** 32 random bits. The fourth counter word is touched only past 2³² blocks. */
  bits(): number {
    if (this.#used === 4) {
      const high = Math.floor(this.#element / WORDS);
      this.#block = philox4x32([this.#element % WORDS, this.#step, this.#node, high], [this.seed, this.#stream]);
      this.#element++;
      this.#used = 0;
    }
    return this.#block[this.#used++]!;
  }

  /** A multiple of 2⁻⁵³ in [0, 1), scaled to [low, high). */
  uniform(low = 0, high = 1): number {
    const top = this.bits() >>> 5;
    const bottom = this.bits() >>> 6;
    return low + (high - low) * ((top * 2 ** 26 + bottom) * 2 ** -53);
  }

  normal(mean = 0, standardDeviation = 1): number {
    return mean + standardDeviation * this.#standardNormal();
  }

  /** Marsaglia's polar method: for (u, v) uniform in the unit disc and s = u² + v², u and v times √(−2·ln s / s) are two normals. */
  #standardNormal(): number {
    const spare = this.#spareNormal;
    this.#spareNormal = null;
    if (spare !== null) return spare;
    for (;;) {
      const u = this.uniform(-1, 1);
      const v = this.uniform(-1, 1);
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * naturalLog(s)) / s);
      this.#spareNormal = v * scale;
      return u * scale;
    }
  }

  /** A whole number in [0, below), every one equally likely: words past the last full multiple of `below` are drawn again. */
  integer(below: number): number {
    const count = checkInteger("Random.integer", "below", below, 1, WORDS);
    const limit = WORDS - (WORDS % count);
    for (;;) {
      const word = this.bits();
      if (word < limit) return word % count;
    }
  }

  /** Fisher and Yates: every order equally likely. In place. */
  shuffle(list: { length: number; [index: number]: number }): void {
    for (let last = list.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const moved = list[last]!;
      list[last] = list[other]!;
      list[other] = moved;
    }
  }
}

/** The order in which an epoch visits `count` samples. Epochs are independent, so any one can be made without those before it. */
export function permutation(count: number, seed: number, epoch: number): Uint32Array {
  checkInteger("permutation", "count", count, 0, WORDS - 1);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  new Random(seed, "shuffle", { step: epoch }).shuffle(order);
  return order;
}

/**
 * ln(x) for finite x > 0, the same in every engine; relative error below 6·2⁻⁵³.
 * x = m·2ᵉ with m in [√½, √2), and ln m = 2·artanh z with z = (m − 1)/(m + 1), |z| < 0.1716: the first term left out, z²³/23, is
 * below 2⁻⁶⁰ of z. Where e ≠ 0, |e·ln 2| is at most twice the result, so cancellation costs one bit at most.
 */
export function naturalLog(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa < Math.SQRT1_2; exponent--) mantissa *= 2;
  for (; mantissa >= Math.SQRT2; exponent++) mantissa /= 2;
  const z = (mantissa - 1) / (mantissa + 1);
  const square = z * z;
  let series = 0;
  for (let power = 21; power >= 3; power -= 2) series = (series + 1 / power) * square;
  return exponent * Math.LN2 + 2 * (z + z * series);
}
