/** The demo's address: what the page is set to comes back from it, and what is wrong in it is named while the rest is taken. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHOICE_NAMES, type Choices, CONTROLS, type Control, STANDARD } from "../../demo/choices.ts";
import { readLink, writeLink } from "../../demo/link.ts";

const anyValue = (control: Control): fc.Arbitrary<string | number> =>
  control.kind === "choice"
    ? fc.constantFrom(...Object.keys(control.options))
    : control.whole
      ? fc.integer({ min: control.least, max: control.most })
      : fc.double({ min: control.least, max: control.most, noNaN: true }).map((value) => value + 0);

const anyChoices = fc.record(
  Object.fromEntries(CHOICE_NAMES.map((name) => [name, anyValue(CONTROLS[name])])),
) as unknown as fc.Arbitrary<Choices>;

const encoded = (text: string): string => Buffer.from(text).toString("base64url");

describe("the demo's link", () => {
  it("brings back 50 random states", () => {
    fc.assert(
      fc.property(anyChoices, fc.option(fc.string({ unit: "binary" })), (choices, name) => {
        const experiment = name === null ? null : JSON.stringify({ format: "fathom-experiment/1", name });
        expect(readLink(writeLink({ choices, experiment }))).toEqual({ choices, experiment, faults: [] });
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it("holds only what is not the standard, and the experiment without spaces", () => {
    expect(writeLink({ choices: STANDARD, experiment: null })).toBe("#fathom=1");
    expect(writeLink({ choices: { ...STANDARD, depth: 50 }, experiment: null })).toBe("#fathom=1&depth=50");
    expect(writeLink({ choices: STANDARD, experiment: '{\n  "seed": 1\n}' })).toBe(`#fathom=1&experiment=${encoded('{"seed":1}')}`);
    expect(readLink("")).toEqual({ choices: STANDARD, experiment: null, faults: [] });
  });

  it.each([
    ["#depth=50", /does not begin with "fathom=1"/],
    ["#fathom=2&depth=50", /version "2".*version 1/],
    ["#fathom=1&depth=50&deepness=3", /"deepness" is not known/],
    ["#fathom=1&depth=50&width=0", /width is "0"; use a whole number from 2 to 256/],
    ["#fathom=1&depth=50&width=2.5", /width is "2\.5"/],
    ["#fathom=1&depth=50&rate=", /rate is ""/],
    ["#fathom=1&depth=50&rate=NaN", /rate is "NaN"; use a number from 0 to 10/],
    ["#fathom=1&depth=50&activation=toString", /activation is "toString"; use one of sigmoid, tanh/],
    ["#fathom=1&depth=50&experiment=%25", /experiment is not base64url/],
    [`#fathom=1&depth=50&experiment=${Buffer.from([0xff]).toString("base64url")}`, /experiment is not base64url/],
  ])("says what is wrong with %s, and takes the rest", (hash, fault) => {
    const { choices, experiment, faults } = readLink(hash);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
    expect(choices).toEqual({ ...STANDARD, depth: 50 });
    expect(experiment).toBeNull();
  });
});
