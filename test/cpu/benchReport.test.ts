/** docs/benchmarks.md is what its generator makes of the committed documents; and what the generator makes of a document that is known. */
import { readdirSync } from "node:fs";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { joined } from "../../bench/join.ts";
import { committedResults, currentText } from "../../bench/report.ts";
import { withFigures } from "../../bench/reportText.ts";
import {
  type BenchResult,
  type Entry,
  entrySchema,
  environmentSchema,
  resultSchema,
  type SuiteResult,
  suiteResultSchema,
} from "../../bench/schema.ts";
import { SUITE_NAMES } from "../../bench/suites/index.ts";

const entry = (id: string, more: Partial<Entry> = {}): Entry => ({
  id,
  title: id,
  group: "clips, 50 layers",
  unit: "ms",
  better: "lower",
  median: 10,
  lowerQuartile: 9,
  upperQuartile: 11,
  samples: [9, 10, 11],
  runsInSample: 2,
  stable: true,
  comparison: null,
  compileMilliseconds: 120,
  facts: { dispatches: 157 },
  target: null,
  met: null,
  ...more,
});

const compared = (id: string, title: string, ratio: number, interval: [number, number], met: "yes" | "not shown"): Entry =>
  entry(id, {
    title,
    comparison: {
      over: "clips: plain-50",
      ratio,
      interval,
      verdict: interval[0] > 1 ? "slower" : "no measurable difference",
      target: { relation: "at most", value: 1.04, adapterClass: "software" },
      met,
    },
  });

const RESULT: BenchResult = {
  format: "fathom-bench/2",
  environment: {
    adapter: "a card",
    adapterClass: "hardware",
    vendor: "",
    architecture: "",
    features: ["subgroups"],
    limits: {},
    runtime: "node",
    browser: "Dawn of npm's webgpu",
    userAgent: "Node",
    fathom: "0.1.0",
    commit: "abc",
    node: "v20",
    system: "Linux",
    processor: null,
    logicalProcessors: 2,
    date: "2026-01-01T00:00:00.000Z",
    timerQuantum: 0.001,
  },
  command: "npm run bench -- --suite remedies",
  seed: 7,
  quick: false,
  cautions: ["Take care."],
  suites: [
    {
      name: "remedies",
      about: "what each remedy costs",
      method: "By hand",
      seconds: 1,
      versions: {},
      left: ["Muon: no time was left"],
      entries: [
        entry("clips: plain-50", { title: "plain" }),
        compared("promised: clip-globalNorm-checked-50", "global-norm clip, checked", 1.031, [1.02, 1.044], "not shown"),
        compared("clips: clip-value-50", "clip by value, as measured", 1.01, [0.98, 1.03], "yes"),
      ],
    },
    {
      name: "benefits",
      about: "what each remedy buys",
      method: "By hand",
      seconds: 1,
      versions: {},
      left: [],
      entries: [
        entry("slow: clip-value", { unit: "steps", median: 120, facts: { "never got there": "1 of 5", seconds: 3.21 } }),
        entry("vanishing: clip-value", { unit: "steps", median: 600, facts: { "never got there": "5 of 5" } }),
      ],
    },
  ],
};

describe("docs/benchmarks.md", () => {
  it("is what npm run bench:report makes of the committed documents", () => {
    expect(currentText(), "run npm run bench:report").toBe(withFigures(currentText(), committedResults()));
  });

  it("names every suite, and every key of the document", () => {
    const text = currentText();
    for (const name of SUITE_NAMES) expect(text, name).toContain(`| \`${name}\` |`);
    for (const schema of [resultSchema, environmentSchema, suiteResultSchema, entrySchema])
      for (const key of Object.keys(schema.entries)) expect(text, key).toContain(`\`${key}\``);
  });

  it("tells what each remedy costs and buys, what was left out, and how to measure it again", () => {
    v.parse(resultSchema, RESULT);
    const text = withFigures(currentText(), [{ name: "a-card", result: RESULT }]);
    expect(text).toContain("**Take care.**");
    expect(text).toContain("Again: `npm run bench -- --suite remedies` (seed 7)");
    expect(text).toMatch(
      /\| global-norm clip.* \| \+3\.1 % \(\+2\.0 % to \+4\.4 %\) \| at most \+4\.0 % \| not shown \| 157 \|.* 120 ms \|/,
    );
    expect(text).toMatch(
      /\| clip by value, as measured \| no measurable difference \(−2\.0 % to \+3\.0 %\) .*120 steps \(9 to 11\), 3\.21 s; 1 of 5 never \| 600 steps \(9 to 11\); 5 of 5 never \|/,
    );
    expect(text).toContain("Left out: Muon: no time was left.");
    expect(withFigures(text, [])).toBe(withFigures(currentText(), []));
    expect(() => withFigures("nothing", [])).toThrow(/has lost its marks/);
  });
});

describe("a document of several calls", () => {
  const [remedies, benefits] = RESULT.suites as [SuiteResult, SuiteResult];
  const suite = (id: string, median: number): SuiteResult => ({ ...benefits, left: [`${id} took long`], entries: [entry(id, { median })] });
  const later = (more: Partial<BenchResult> = {}): BenchResult => ({
    ...RESULT,
    command: "npm run bench -- --only b",
    suites: [suite("b", 7)],
    ...more,
  });

  it("has what was measured in all, the later where both have it, and all commands", () => {
    const before: BenchResult = { ...RESULT, suites: [remedies, { ...suite("a", 1), entries: [entry("b", { median: 2 }), entry("a")] }] };
    const { suites, command } = joined(before, later());
    v.parse(resultSchema, { ...before, suites, command });
    expect(command).toBe("npm run bench -- --suite remedies && npm run bench -- --only b");
    expect(suites[0]).toEqual(remedies);
    expect(suites[1]!.entries.map(({ id, median }) => [id, median])).toEqual([
      ["b", 7],
      ["a", 10],
    ]);
    expect(suites[1]!.left).toEqual(["a took long", "b took long"]);
    expect([suites[1]!.seconds, suites[1]!.method]).toEqual([2, "By hand"]);
    // Once more is no other document.
    expect(joined({ ...before, suites, command }, later()).command).toBe(command);
  });

  it("is of one machine, one commit and one seed", () => {
    const other = later({ environment: { ...RESULT.environment, commit: "def" }, seed: 8 });
    expect(() => joined(RESULT, other)).toThrow(/another run: commit was abc, and is def; seed was 7, and is 8\. Save under another name/);
  });
});

it("keeps nothing but documents under bench/results", () => {
  expect(readdirSync(new URL("../../bench/results", import.meta.url)).filter((name) => !/\.json$|^README\.md$|^local$/.test(name))).toEqual(
    [],
  );
});
