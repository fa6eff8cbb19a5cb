import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Counter, type Key, philox4x32, STREAMS, uniform01 } from "../../src/core/philox.ts";

/** Random123, kat_vectors, lines "philox4x32 10". */
const KNOWN_ANSWERS: readonly { counter: Counter; key: Key; answer: Counter }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], answer: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    answer: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    answer: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

/** The same function from its definition, in 64-bit integers. */
function philoxOfBigInts(counter: readonly bigint[], key: readonly bigint[]): bigint[] {
  const mask = 0xffffffffn;
  let [a, b, c, d] = counter as [bigint, bigint, bigint, bigint];
  let [k, l] = key as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const first = a * 0xd2511f53n;
    const second = c * 0xcd9e8d57n;
    [a, b, c, d] = [(second >> 32n) ^ b ^ k, second & mask, (first >> 32n) ^ d ^ l, first & mask];
    k = (k + 0x9e3779b9n) & mask;
    l = (l + 0xbb67ae85n) & mask;
  }
  return [a, b, c, d];
}

describe("philox4x32", () => {
  it.each(KNOWN_ANSWERS)("gives the published answer for counter $counter", ({ counter, key, answer }) => {
    expect(philox4x32(counter, key)).toEqual(answer);
  });

  it("equals 64-bit integer arithmetic for any words", () => {
    const word = fc.oneof(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.constantFrom(0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff),
    );
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(philox4x32(counter, key).map(BigInt)).toEqual(philoxOfBigInts(counter.map(BigInt), key.map(BigInt)));
      }),
    );
  });
});

describe("uniform01", () => {
  it("keeps the top 24 bits, in [0, 1), exact in float32", () => {
    expect(uniform01(0)).toBe(0);
    expect(uniform01(0xff)).toBe(0);
    expect(uniform01(0x100)).toBe(2 ** -24);
    expect(uniform01(0x80000000)).toBe(0.5);
    expect(uniform01(0xffffffff)).toBe(1 - 2 ** -24);
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (bits) => uniform01(bits) === Math.fround(uniform01(bits))));
  });
});

it("gives every stream a number of its own", () => {
  const numbers = Object.values(STREAMS);
  expect(new Set(numbers).size).toBe(numbers.length);
});
