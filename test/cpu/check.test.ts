import { describe, expect, it } from "vitest";
import { checkChoice, checkInteger, checkNumber, checkOptions } from "../../src/core/check.ts";
import { FathomError } from "../../src/core/errors.ts";

describe("checks of arguments", () => {
  it("return what is allowed, the bounds included or not as named", () => {
    expect(checkInteger("op", "count", 3, 3, 5)).toBe(3);
    expect(checkInteger("op", "count", 5, 3, 5)).toBe(5);
    expect(checkNumber("op", "rate", 0, { least: 0, below: 1 })).toBe(0);
    expect(checkNumber("op", "rate", -1.5)).toBe(-1.5);
    expect(checkChoice("op", "mode", "a", ["a", "b"])).toBe("a");
    expect(() => {
      checkOptions("op", { a: 1 }, ["a", "b"]);
    }).not.toThrow();
  });

  it.each<[() => unknown, string]>([
    [() => checkInteger("op", "count", 2, 3, 5), "op: count is 2; use a whole number from 3 to 5"],
    [() => checkInteger("op", "count", 6, 3, 5), "op: count is 6; use a whole number from 3 to 5"],
    [() => checkInteger("op", "count", 3.5), "op: count is 3.5; use a whole number from 0"],
    [() => checkInteger("op", "count", "3"), 'op: count is "3"; use a whole number from 0'],
    [() => checkNumber("op", "rate", 1, { least: 0, below: 1 }), "op: rate is 1; use a finite number from 0, below 1"],
    [() => checkNumber("op", "rate", 0, { above: 0 }), "op: rate is 0; use a finite number above 0"],
    [() => checkNumber("op", "rate", 2, { most: 1 }), "op: rate is 2; use a finite number up to 1"],
    [() => checkNumber("op", "rate", NaN), "op: rate is NaN; use a finite number"],
    [() => checkNumber("op", "rate", Infinity), "op: rate is Infinity; use a finite number"],
    [() => checkNumber("op", "rate", undefined), "op: rate is undefined; use a finite number"],
    [() => checkChoice("op", "mode", "c", ["a", "b"]), 'op: mode is "c"; use one of "a", "b"'],
    [
      () => {
        checkOptions("op", { c: 1 }, ["a", "b"]);
      },
      'op: there is no option "c"; it has a, b',
    ],
    [
      () => {
        checkOptions("op", null, ["a"]);
      },
      "op: options are null; pass an object with a",
    ],
    [
      () => {
        checkOptions("op", [1], ["a"]);
      },
      "op: options are an array; pass an object with a",
    ],
  ])("refuse the rest in words (%#)", (call, message) => {
    expect(call).toThrow(new FathomError("argument", message));
  });
});
