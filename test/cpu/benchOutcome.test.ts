/** How a benchmark ends: which documents are kept under a name, which are refused, and with which exit code. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { benchArguments } from "../../bench/arguments.ts";
import { checkJoin, resultFile, savedResult } from "../../bench/join.ts";
import { finish } from "../../bench/outcome.ts";
import { committedResults } from "../../bench/report.ts";
import type { BenchResult } from "../../bench/schema.ts";
import { FathomError } from "../../src/core/errors.ts";
import { RESULT } from "../support/benchDocument.ts";

const { environment, seed } = RESULT;
const without = (entries: number): BenchResult => ({
  ...RESULT,
  suites: RESULT.suites.map((suite) => ({ ...suite, entries: suite.entries.slice(0, entries) })),
});

let folder: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fathom-outcome-"));
  mkdirSync(join(folder, "bench/results"), { recursive: true });
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  said = [];
  for (const kind of ["log", "error"] as const) vi.spyOn(console, kind).mockImplementation((text: string) => void said.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const given = (...args: string[]) => benchArguments(["--seed", String(seed), ...args], "npm run bench --")!;
const read = (file: string): BenchResult => JSON.parse(readFileSync(join(folder, file), "utf8")) as BenchResult;
const local = (): BenchResult => read("bench/results/local/bench.json");

describe("a document that is to be saved", () => {
  it("is, where the run reached its end", async () => {
    expect(await finish({ document: RESULT, failure: null }, given("--save", "a", "--quick"))).toBe(0);
    expect(read("bench/results/a.json")).toEqual(RESULT);
    expect(local()).toEqual(RESULT);
    expect(await finish({ document: without(1), failure: null }, given("--save", "a", "--join", "--quick", "--only", "x"))).toBe(0);
    expect(savedResult("a")!.suites[0]!.left).toContainEqual(expect.stringMatching(/^clip by value.*: dropped, for /));
  });

  it("leaves the saved one alone where the run failed, or measured nothing of a suite", async () => {
    writeFileSync(resultFile("a"), JSON.stringify(RESULT));
    const failure = new FathomError("aborted", "interrupted");
    await expect(finish({ document: without(1), failure }, given("--save", "a"))).rejects.toBe(failure);
    expect(said.at(-1)).toMatch(
      /--save: bench\/results\/a\.json is left as it was, because the run did not reach its end; .*results\/local/,
    );
    expect(local()).toEqual(without(1));
    for (const join of [[], ["--join"]])
      expect(await finish({ document: without(0), failure: null }, given("--save", "a", ...join))).toBe(1);
    expect(said.at(-1)).toMatch(/because nothing was measured of remedies, benefits; /);
    expect(read("bench/results/a.json")).toEqual(RESULT);
  });
});

describe("--join", () => {
  it("refuses a run of another kind by what is known of it", () => {
    writeFileSync(resultFile("a"), JSON.stringify(RESULT));
    const { browser, adapter, ...known } = environment;
    const joining = given("--save", "a", "--join");
    checkJoin(joining, known);
    checkJoin(joining, environment);
    expect(() => checkJoin(joining, { ...known, commit: "0", runtime: "page" })).toThrow(
      /runtime was .*, and is page; commit was .*, and is 0\./,
    );
    expect(() => checkJoin(joining, { browser: "Firefox/1" })).toThrow(`another run: browser was ${browser}, and is Firefox/1.`);
    expect(() => checkJoin(joining, { adapter: "another" })).toThrow(`another run: adapter was ${adapter}, and is another.`);
    expect(() => checkJoin(given("--save", "a", "--join", "--quick"), known)).toThrow(/another run: quick was false, and is true/);
    expect(() => checkJoin(given("--save", "a", "--join", "--seed", "99"), known)).toThrow(`another run: seed was ${seed}, and is 99`);
    // Only --join adds, and there may be nothing yet.
    checkJoin(given("--save", "a"), { commit: "0" });
    checkJoin(given("--save", "b", "--join"), { commit: "0" });
  });

  it.each([
    [
      JSON.stringify({ ...RESULT, format: "fathom-bench/1" }),
      /a\.json has the format "fathom-bench\/1", and this Fathom reads "fathom-bench\/\d"/,
    ],
    [JSON.stringify({ ...RESULT, seed: -1 }), /a\.json is no document of the format .*: seed: .*-1/],
    ["{", /a\.json is no JSON/],
    ["[]", /a\.json has the format of no benchmark/],
  ])("names a file that it cannot read", (content, message) => {
    writeFileSync(resultFile("a"), content);
    expect(() => checkJoin(given("--save", "a", "--join"), {})).toThrow(message);
    expect(() => committedResults(join(folder, "bench/results"))).toThrow(FathomError);
  });
});
