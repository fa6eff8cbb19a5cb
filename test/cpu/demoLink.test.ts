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

const anyExperiment = fc.string({ unit: "binary" }).map((name) => JSON.stringify({ format: "fathom-experiment/1", name }));
const anyNet = fc.record({ choices: anyChoices, experiment: fc.option(anyExperiment) });
const PLAIN = { choices: STANDARD, experiment: null, inside: false, pins: [] };

const encoded = (text: string): string => Buffer.from(text).toString("base64url");

describe("the demo's link", () => {
  it("brings back 50 random states", () => {
    fc.assert(
      fc.property(
        anyNet,
        fc.boolean(),
        fc.array(fc.tuple(anyNet, fc.string({ unit: "binary", maxLength: 80 })), { maxLength: 5 }),
        (net, inside, pinned) => {
          const pins = pinned.map(([its, name]) => ({ name, ...its }));
          expect(readLink(writeLink({ ...net, inside, pins }))).toEqual({ ...net, inside, pins, faults: [] });
        },
      ),
      { numRuns: 50, seed: 1 },
    );
  });

  it("holds only what is not the standard, and the experiment without spaces", () => {
    expect(writeLink(PLAIN)).toBe("#fathom=1");
    expect(writeLink({ ...PLAIN, choices: { ...STANDARD, depth: 50 } })).toBe("#fathom=1&depth=50");
    expect(writeLink({ ...PLAIN, experiment: '{\n  "seed": 1\n}' })).toBe(`#fathom=1&experiment=${encoded('{"seed":1}')}`);
    expect(readLink("")).toEqual({ ...PLAIN, faults: [] });
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
    ["#fathom=1&depth=50&inside=yes", /inside is "yes"; use 1/],
    ["#fathom=1&depth=50&pin=name%3Da%26width%3D0", /pinned run 1: width is "0"/],
    [`#fathom=1&depth=50${"&pin=name%3Da".repeat(6)}`, /more than 5 pinned runs/],
    [`#fathom=1&depth=50&experiment=${Buffer.from([0xff]).toString("base64url")}`, /experiment is not base64url/],
  ])("says what is wrong with %s, and takes the rest", (hash, fault) => {
    const { choices, experiment, faults } = readLink(hash);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
    expect(choices).toEqual({ ...STANDARD, depth: 50 });
    expect(experiment).toBeNull();
  });
});
