/** The demo's address: what the page is set to comes back from it, and what is wrong in it is named while the rest is taken. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHOICE_NAMES, type ChoiceName, type Choices, CONTROLS, type Control, STANDARD } from "../../demo/choices.ts";
import { leftOut, readLink, writeLink } from "../../demo/link.ts";
import { parseExperiment } from "../../src/experiment/index.ts";
import { experimentSchema } from "../../src/experiment/schema/index.ts";
import { anyExperiment } from "../support/anyExperiment.ts";
import { wrongExperiments } from "../support/wrongExperiments.ts";

const anyValue = (control: Control): fc.Arbitrary<string | number> =>
  control.kind === "choice"
    ? fc.constantFrom(...Object.keys(control.options))
    : control.whole
      ? fc.integer({ min: control.least, max: control.most })
      : fc.double({ min: control.least, max: control.most, noNaN: true }).map((value) => value + 0);

const anyChoices = fc.record(
  Object.fromEntries(CHOICE_NAMES.map((name) => [name, anyValue(CONTROLS[name])])),
) as unknown as fc.Arbitrary<Choices>;

const anyText = fc.oneof(
  anyExperiment,
  fc.string({ unit: "binary" }).map((name) => ({ format: "fathom-experiment/1", name })),
);
const anyNet = fc.record({ choices: anyChoices, experiment: fc.option(anyText.map((json) => JSON.stringify(json))) });
const PLAIN = { choices: STANDARD, experiment: null, inside: false, pins: [] };

/** What the schema makes of an experiment: it, with its defaults, or what is wrong. */
function verdictOn(text: string): unknown {
  try {
    return parseExperiment(text);
  } catch (error) {
    return (error as { details: { faults: readonly string[] } }).details.faults;
  }
}

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
          const { sized: _, ...read } = readLink(writeLink({ ...net, inside, pins }));
          expect(read).toEqual({ ...net, inside, pins, faults: [] });
        },
      ),
      { numRuns: 50, seed: 1 },
    );
  });

  it("brings back 50 random experiments, of every key that the schema has", () => {
    const keys = new Set<string>();
    let right = 0;
    fc.assert(
      fc.property(anyExperiment, (json) => {
        const experiment = JSON.stringify(json);
        const read = readLink(writeLink({ ...PLAIN, experiment }));
        expect(read).toEqual({ ...PLAIN, experiment, sized: true, faults: [] });
        expect(verdictOn(read.experiment!)).toEqual(verdictOn(experiment));
        for (const key of Object.keys(json as object)) keys.add(key);
        if (!Array.isArray(verdictOn(experiment))) right++;
      }),
      { numRuns: 50, seed: 1 },
    );
    expect([...keys].sort()).toEqual(Object.keys(experimentSchema.entries).sort());
    // Others have keys that do not go together.
    expect(right).toBeGreaterThan(20);
  });

  it("holds only what is not the standard, and the experiment without spaces", () => {
    expect(writeLink(PLAIN)).toBe("#fathom=1");
    expect(writeLink({ ...PLAIN, choices: { ...STANDARD, depth: 50 } })).toBe("#fathom=1&depth=50");
    expect(writeLink({ ...PLAIN, experiment: '{\n  "seed": 1\n}' })).toBe(`#fathom=1&experiment=${encoded('{"seed":1}')}`);
    expect(readLink("")).toEqual({ ...PLAIN, sized: false, faults: [] });
  });

  it("says how a pinned run was changed on its way", () => {
    const pins = [{ name: "a", choices: STANDARD, experiment: null, changed: "rate 0.5 from step 12" }];
    expect(readLink(writeLink({ ...PLAIN, pins }))).toEqual({ ...PLAIN, pins, sized: true, faults: [] });
  });

  it("holds no experiment that it would refuse, and names it", () => {
    const [short, long] = [21_000, 44_000].map((length) => JSON.stringify({ name: "x".repeat(length) })) as [string, string];
    const state = {
      ...PLAIN,
      experiment: long,
      pins: [short, long].map((experiment, index) => ({ name: `n${index}`, choices: STANDARD, experiment })),
    };
    const { experiment, pins, faults } = readLink(writeLink(state));
    expect([experiment, pins[0]!.experiment, pins[1]!.experiment, faults]).toEqual([null, short, null, []]);
    expect(leftOut(state)).toEqual(["the experiment written by hand", "the experiment of the pinned run n1"]);
    expect(leftOut({ ...PLAIN, experiment: short })).toEqual([]);
  });

  it.each([
    ["#depth=50", /does not begin with "fathom=1"/],
    ["#fathom=2&depth=50", /version "2".*version 1/],
    ["#fathom=1&depth=50&deepness=3", /"deepness" is not known/],
    ["#fathom=1&depth=50&width=0", /Width is "0"; use a whole number from 2 to 256/],
    ["#fathom=1&depth=50&width=2.5", /Width is "2\.5"/],
    ["#fathom=1&depth=50&rate=", /Learning rate is empty; use a number/],
    ["#fathom=1&depth=50&rate=NaN", /Learning rate is "NaN"; use a number from 0 to 10/],
    ["#fathom=1&depth=50&activation=toString", /Activation is "toString"; use one of sigmoid, tanh/],
    ["#fathom=1&depth=50&experiment=%25", /experiment is not base64url/],
    ["#fathom=1&depth=50&inside=yes", /inside is "yes"; use 1/],
    ["#fathom=1&depth=50&pin=name%3Da%26width%3D0", /pinned run 1: Width is "0"/],
    [`#fathom=1&depth=50${"&pin=name%3Da".repeat(8)}`, /^3 of its pinned runs are too many/],
    ["#fathom=1&depth=3&depth=50", /^Hidden layers is given more than once; the last counts$/],
    [`#fathom=1&depth=50${"&pin=name%3Da".repeat(6)}`, /^1 of its pinned runs is too many: 6 runs with the current one/],
    [`#fathom=1&depth=50&experiment=${Buffer.from([0xff]).toString("base64url")}`, /experiment is not base64url/],
  ])("says what is wrong with %s, and takes the rest", (hash, fault) => {
    const { choices, experiment, faults } = readLink(hash);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
    expect(choices).toEqual({ ...STANDARD, depth: 50 });
    expect(experiment).toBeNull();
  });
});

/** One value out of the range of each control, on each side, and one that is no number or no option. */
const outside = CHOICE_NAMES.flatMap((name): [ChoiceName, string, string][] => {
  const control: Control = CONTROLS[name];
  if (control.kind === "choice") return [[name, "noSuchThing", Object.keys(control.options)[0]!]];
  const { least, most, whole } = control;
  const wrong = [String(least - 1), String(2 * most + 1), "seven", "", "Infinity", ...(whole ? [String(least + 0.5)] : [])];
  return wrong.map((value) => [name, value, `from ${least} to ${most}`]);
});

describe("a broken link", () => {
  it("of any control says what is wrong, and loads the rest", () => {
    expect(outside.length).toBeGreaterThan(60);
    for (const [name, value, allowed] of outside) {
      const other = name === "depth" ? "width" : "depth";
      const { choices, faults } = readLink(`#fathom=1&${other}=50&${name}=${value}`);
      expect(faults, `${name}=${value}`).toHaveLength(1);
      expect(faults[0]).toContain(`${CONTROLS[name].label} is ${value === "" ? "empty" : `"${value}"`}; use`);
      expect(faults[0]).toContain(allowed);
      expect(choices).toEqual({ ...STANDARD, [other]: 50 });
    }
  });

  it("of any constraint of the experiment's schema says what is wrong by path, and loads the rest", () => {
    const wrong = wrongExperiments();
    expect(wrong.length).toBeGreaterThan(1500);
    const silent: string[] = [];
    for (const { json, path, allowed } of wrong) {
      const experiment = JSON.stringify(json);
      const read = readLink(writeLink({ ...PLAIN, choices: { ...STANDARD, depth: 50 }, inside: true, experiment }));
      expect(read).toEqual({ ...PLAIN, choices: { ...STANDARD, depth: 50 }, inside: true, experiment, sized: true, faults: [] });
      const faults = verdictOn(read.experiment!);
      const named =
        Array.isArray(faults) &&
        faults.some((fault) => (path === "" || fault.startsWith(`${path} `)) && allowed.every((part) => fault.includes(part)));
      if (!named) silent.push(`${path}: ${JSON.stringify(faults)}`);
    }
    expect(silent).toEqual([]);
  });
});
