/** A document of several calls: which entries it has, and what it says was left out. */
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { joined } from "../../bench/join.ts";
import { type BenchResult, type Entry, resultSchema, type SuiteResult } from "../../bench/schema.ts";
import { resultMarkdown } from "../../bench/table.ts";
import { sampleText } from "../../bench/ways.ts";
import { compared, entry, RESULT } from "../support/benchDocument.ts";

describe("a document of several calls", () => {
  const [remedies, benefits] = RESULT.suites as [SuiteResult, SuiteResult];
  const suite = (id: string, median: number, left: string): SuiteResult => ({
    ...benefits,
    left: [left],
    entries: [entry(id, { median })],
  });
  const later = (more: Partial<BenchResult> = {}): BenchResult => ({
    ...RESULT,
    command: "npm run bench -- --only b",
    suites: [suite("b", 7, "b: 24 of 30 rounds, for a sample takes long")],
    ...more,
  });

  it("has what was measured in all, the later where both have it, and all commands", () => {
    const before: BenchResult = {
      ...RESULT,
      suites: [remedies, { ...suite("a", 1, "the seeds of a took long"), entries: [entry("b", { median: 2 }), entry("a")] }],
    };
    const { suites, command } = joined(before, later(), false);
    v.parse(resultSchema, { ...before, suites, command });
    // A shell goes on after ";" where a promise was missed.
    expect(command).toBe("npm run bench -- --suite remedies; npm run bench -- --only b");
    expect(suites[0]).toEqual(remedies);
    expect(suites[1]!.entries.map(({ id, median }) => [id, median])).toEqual([
      ["b", 7],
      ["a", 10],
    ]);
    expect(suites[1]!.left).toEqual(["the seeds of a took long", "b: 24 of 30 rounds, for a sample takes long"]);
    expect([suites[1]!.seconds, suites[1]!.method]).toEqual([2, "By hand"]);
    // Once more is no other document.
    expect(joined({ ...before, suites, command }, later(), false).command).toBe(command);
    // Nor where it has the "&&" of earlier documents, or such marks within quotes.
    const earlier = 'npm run bench -- --only "a; b" && npm run bench -- --only b';
    const now = earlier.replace(" && ", "; ");
    expect(joined({ ...before, command: earlier }, later(), false).command).toBe(now);
    const another = 'npm run bench -- --only "c; b"';
    expect(joined({ ...before, command: now }, later({ command: another }), false).command).toBe(`${now}; ${another}`);
    expect(resultMarkdown({ ...before, command: earlier })).toContain(`Again: \`${now}\``);
  });

  it("says each way of measuring once, and all lengths of its samples together", () => {
    const by = (method: string): BenchResult => later({ suites: [{ ...suite("a", 1, "x"), method }] });
    const timed = (lengths: readonly number[]): string => `In rounds; ${sampleText(lengths, "100 steps long")}; medians`;
    const calls = ["By hand", timed([200]), timed([20]), "By eye", timed([200, 60]), timed([]), "By eye"].map(by);
    const whole = calls.reduce((before, after) => joined(before, after, false));
    const said = `By hand; and ${timed([20, 60, 200])}; and By eye; and ${timed([])}`;
    expect(whole.suites[0]!.method).toBe(said);
    // As documents had it that said it for every call.
    const repeated = calls.map(({ suites }) => suites[0]!.method).join("; and ");
    expect(resultMarkdown(by(repeated))).toContain(`. ${said}. It took`);
  });

  it("is of one machine, one commit and one seed", () => {
    const other = later({ environment: { ...RESULT.environment, commit: "def" }, seed: 8 });
    expect(() => joined(RESULT, other, true)).toThrow(
      /another run: commit was abc, and is def; seed was 7, and is 8\. Save under another name/,
    );
  });
});

describe("what a document of several calls says was left out", () => {
  const called = (entries: readonly Entry[], left: readonly string[]): BenchResult => ({
    ...RESULT,
    suites: [{ ...RESULT.suites[0]!, left: [...left], entries: [...entries] }],
  });
  const left = (one: BenchResult, other: BenchResult, isWhole = false): readonly string[] => joined(one, other, isWhole).suites[0]!.left;
  const group = (name: string, ...ids: string[]): Entry[] => ids.map((id) => entry(id, { group: name }));
  const old = called(group("50 layers", "plain", "plain: tanh"), [
    "seed 7: 9 of 173, for no time was left",
    "relu (50 layers): no time was left",
    "plain: 24 of 30 rounds, for a sample takes long",
    "plain: tanh: 24 of 30 rounds, for a sample takes long",
    "24 layers: all 3, for no time was left",
    "50 layers: 18 of 30 rounds",
  ]);

  it("is what is still missing, of either call", () => {
    expect(left(old, called(group("50 layers", "relu", "plain"), ["relu: 20 of 30 rounds, for a sample takes long"]))).toEqual([
      "seed 7: 9 of 173, for no time was left",
      "plain: tanh: 24 of 30 rounds, for a sample takes long",
      "24 layers: all 3, for no time was left",
      // The first call's tanh is in still.
      "50 layers: 18 of 30 rounds",
      "relu: 20 of 30 rounds, for a sample takes long",
    ]);
    const some = left(old, called(group("24 layers", "plain-24"), []));
    expect(some[4]).toBe("24 layers: 2 of 3, for no time was left");
    expect(left(called([], some), called(group("24 layers", "a", "b", "c"), []))).not.toContainEqual(expect.stringMatching(/^24 layers/));
  });

  it("is what the later call left out, where that was to measure all", () => {
    const all = called([...group("50 layers", "plain", "plain: tanh", "relu"), ...group("24 layers", "a")], ["24 layers: 9 of 30 rounds"]);
    expect(left(old, all, true)).toEqual(["24 layers: 9 of 30 rounds"]);
    // What only the first call had time for is in, and not missing.
    const short = called(group("24 layers", "a"), ["50 layers: all 2, for no time was left", "plain (50 layers): no time was left"]);
    expect(left(old, short, true)).toEqual(old.suites[0]!.left.filter((line) => !/^(24 layers|relu)/.test(line)));
  });

  it("has no seeds that were tried after all", () => {
    const seeds = called(group("slow", "a", "b"), ["a, seed 8: it failed", "b, seed 8: it failed", "seed 9: 1 of 2, for no time was left"]);
    expect(left(seeds, called(group("slow", "a"), []))).toEqual(["b, seed 8: it failed", "seed 9: 1 of 2, for no time was left"]);
    expect(left(seeds, called(group("slow", "a", "b"), []))).toEqual([]);
  });

  it("is what was compared with something that was measured anew, too", () => {
    const valid = compared("", "", 1.2, [1.1, 1.3], "yes").comparison;
    const over = (id: string, base: string): Entry => ({
      ...entry(id),
      comparison: { ...valid!, over: base },
    });
    const first = called(
      [entry("fathom"), over("jax", "fathom"), over("tfjs-wasm", "tfjs"), over("tfjs", "fathom"), over("other", "else")],
      [],
    );
    const next = called([entry("fathom", { median: 2 }), over("jax", "fathom")], []);
    const [suite] = joined(first, next, false).suites;
    expect(suite!.entries.map(({ id, median }) => [id, median])).toEqual([
      ["fathom", 2],
      ["jax", 10],
      ["other", 10],
    ]);
    expect(suite!.left).toEqual(
      ["tfjs-wasm", "tfjs"].map((id) => `${id} (clips, 50 layers): dropped, for what it was compared with was measured anew`),
    );
    // Measured at last.
    const last = joined(
      { ...first, suites: [suite!] },
      called([entry("fathom"), over("jax", "fathom"), over("tfjs-wasm", "tfjs"), over("tfjs", "fathom")], []),
      false,
    );
    expect(last.suites[0]!.left).toEqual([]);
  });
});
