/** How a job runs suites, on a clock and suites of its own: whose turn it is, how long, and what is kept of those that stop or fail. */
import { describe, expect, it } from "vitest";
import { Collector } from "../../bench/document.ts";
import type { BenchEvent, BenchJob } from "../../bench/job.ts";
import type { Contestant, SampleOptions } from "../../bench/measure.ts";
import { type NamedSuite, type Place, runSuites } from "../../bench/runSuites.ts";
import type { SuiteResult } from "../../bench/schema.ts";
import type { Suite } from "../../bench/suite.ts";

const JOB: BenchJob = { suites: [], quick: false, seconds: 240, rounds: null, only: [], seed: 7 };

/** A place whose clock goes on with the work alone. */
function surroundings(more: Partial<Place> = {}) {
  let now = 0;
  const place: Place = {
    adapterClass: "software",
    quantum: 0.001,
    clock: { now: () => now },
    userAgent: "Chrome",
    open: () => Promise.reject(new Error("no engine is wanted here")),
    ...more,
  };
  const work = (title: string, milliseconds = 1000): Contestant => ({
    id: title,
    title,
    prepare: async () => ({
      run: async (times) => {
        now += times * milliseconds;
      },
      facts: {},
      dispose: () => undefined,
    }),
  });
  return { place, work, seconds: () => now / 1000 };
}

const suite = (name: string, run: Suite): NamedSuite => ({ name, row: { about: name, load: async () => run } });

/** A suite of groups with one contestant each. */
const groupsOf = (work: (title: string) => Contestant, ...groups: readonly string[]): Suite => {
  return async (context) => (await inTurn(groups, (group) => context.measure(group, [work(`${group} 1`)]))).flat();
};

async function inTurn<T, R>(all: readonly T[], call: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const one of all) results.push(await call(one));
  return results;
}

/** The results that were told, and what was thrown. */
async function run(suites: readonly NamedSuite[], job: Partial<BenchJob>, place: Place) {
  const results: SuiteResult[] = [];
  let thrown: unknown = null;
  const take = (event: BenchEvent): void => void (event.type === "suite" && results.push(event.result));
  await runSuites(suites, { ...JOB, ...job }, place, take).catch((error) => {
    thrown = error;
  });
  return { results, thrown, names: results.map(({ name }) => name) };
}

describe("the time of a suite", () => {
  it("is that of its parts, and with --only of those alone that are wanted, by how many are measured", async () => {
    const ends = async (only: readonly string[]): Promise<Record<string, number>> => {
      const { place, work, seconds } = surroundings();
      const found: Record<string, number> = {};
      const own: Suite = async (context) => {
        const groups = { early: ["a"], norms: ["b", "tanh"], clips: ["c", "d", "e"], late: ["f"] };
        return (
          await inTurn(Object.entries(groups), async ([group, titles]) => {
            const contestants = titles.map((title) => work(title, 100));
            const entries = await context.measure(group, contestants, { deadline: context.deadline.part(0.5) });
            if (entries.length > 0) found[group] = seconds();
            return entries;
          })
        ).flat();
      };
      await run([suite("own", own)], { rounds: 10_000, only }, place);
      return found;
    };
    // Within two rounds.
    const near = (value: number) => expect.closeTo(value, 0);
    expect(await ends([])).toEqual({ early: near(120), norms: near(180), clips: near(210), late: near(225) });
    expect(await ends(["norms", "clips"])).toEqual({ norms: near(96), clips: near(240) });
    expect(await ends(["tanh", "late"])).toEqual({ norms: near(120), late: near(240) });
    expect(await ends(["early"])).toEqual({ early: near(240) });
  });
});

describe("suites in one job", () => {
  it("are left out where nothing of them is asked for, and it fails at once where that is so of all", async () => {
    const { place, work, seconds } = surroundings();
    const both = [suite("one", groupsOf(work, "2 layers", "4 layers")), suite("two", groupsOf(work, "6 layers"))];
    const { names, thrown, results } = await run(both, { only: ["6 layers"] }, place);
    expect([names, thrown]).toEqual([["two"], null]);
    expect(results[0]!.entries.map(({ group }) => group)).toEqual(["6 layers"]);
    const before = seconds();
    const none = await run(both, { only: ["spin"] }, place);
    expect(none.names).toEqual([]);
    expect(String(none.thrown)).toContain(
      'nothing is named like --only; of the suites "one" has 2 layers; 4 layers, and "two" has 6 layers',
    );
    const base = work("plain net");
    const compared = suite("three", (context) => context.measure("8 layers", [base, { ...work("relu"), over: base }]));
    expect(String((await run([compared], { only: ["plain"] }, place)).thrown)).toMatch(
      /"three" has 8 layers\. Measured only with what is compared with it: plain net$/,
    );
    expect(seconds()).toBe(before);
  });

  it("do not end with one that fails, and its result has what it measured until then", async () => {
    const { place, work } = surroundings();
    const failing: Suite = async (context) => {
      await context.measure("a", [work("b")]);
      throw new Error("it broke");
    };
    const at_once: Suite = () => Promise.reject(new Error("no data"));
    const suites = [suite("failing", failing), suite("at once", at_once), suite("whole", groupsOf(work, "c"))];
    const { results, thrown, names } = await run(suites, {}, place);
    expect(names).toEqual(["failing", "at once", "whole"]);
    expect(String(thrown)).toContain("it broke");
    expect(results.map(({ left }) => left)).toEqual([["the rest: it broke"], ["the rest: no data"], []]);
    expect(results.map(({ entries }) => entries.map(({ id }) => id))).toEqual([["b"], [], ["c 1"]]);
    expect(results[0]!.method).toContain("a sample is at least 20 ms and 100 steps of the clock long");
    expect(results[1]!.method).toContain("a sample is at least 100 steps of the clock long");
    // What fails as it is asked what it has is measured all the same, and fails as itself.
    expect((await run(suites, { only: ["c"] }, place)).names).toEqual(["failing", "at once", "whole"]);
  });

  it("end with a stop, whether the suite throws it or gives what it has", async () => {
    for (const throws of [true, false]) {
      const controller = new AbortController();
      const { place, work } = surroundings({ signal: controller.signal });
      const stopping: Suite = async (context) => {
        const entries = await context.measure("a", [work("b")]);
        controller.abort();
        if (throws) await context.measure("a", [work("c")]);
        return entries;
      };
      const { results, thrown, names } = await run([suite("stopping", stopping), suite("next", groupsOf(work, "d"))], {}, place);
      expect(names).toEqual(["stopping"]);
      expect(results[0]!.entries.map(({ id }) => id)).toEqual(["b"]);
      expect(results[0]!.left).toEqual(["the rest: stopped"]);
      expect(thrown).toMatchObject({ code: "aborted" });
    }
  });
});

describe("a part of a suite", () => {
  const measured = async (options: SampleOptions, job: Partial<BenchJob>, milliseconds: number, more: Partial<Place> = {}) => {
    const { place, work } = surroundings(more);
    const all = ["50 layers", "1000 layers"].map((title) => work(title, milliseconds));
    const { results } = await run([suite("own", (context) => context.measure("promises", all, options))], job, place);
    return results[0]?.entries.map(({ id, samples, runsInSample }) => [id, samples.length, runsInSample]) ?? [];
  };

  it("has samples of its own length, twenty times as long in Firefox, where ends are seen late", async () => {
    const firefox = { userAgent: "Mozilla/5.0 Gecko/20100101 Firefox/140.0" };
    const runs = async (options: SampleOptions, job: Partial<BenchJob>, more: Partial<Place>) =>
      (await measured(options, job, 10, more))[0]![2];
    expect(await runs({ sampleMilliseconds: 60 }, {}, {})).toBe(6);
    expect(await runs({ sampleMilliseconds: 60 }, {}, firefox)).toBe(120);
    expect(await runs({}, {}, firefox)).toBe(40);
    expect(await runs({ sampleMilliseconds: 60 }, { quick: true }, firefox)).toBe(1);
  });

  it("has as many rounds as it may have at most, whatever is asked for", async () => {
    const rounds = async (options: SampleOptions, job: Partial<BenchJob>) => (await measured(options, job, 10))[0]![1];
    expect(await rounds({ rounds: 1 }, { quick: true, rounds: 8 })).toBe(1);
    expect(await rounds({ rounds: 10 }, { rounds: 2 })).toBe(2);
    expect(await rounds({ rounds: 10 }, {})).toBe(10);
    expect(await rounds({}, { quick: true, rounds: 8 })).toBe(8);
  });

  it("of which something is made is measured as a whole, or not at all, by the names of that", async () => {
    const ids = async (...only: string[]) =>
      (await measured({ together: ["a layer of 50", "a layer of 1000"] }, { only, quick: true }, 10)).map(([id]) => id);
    expect(await ids("layer of 1000")).toEqual(["50 layers", "1000 layers"]);
    expect(await ids("50 layers")).toEqual([]);
  });
});

it("a page that was hidden as it measured carries a caution", () => {
  const environment = { adapter: "a card", vendor: "", architecture: "", features: [], limits: {} };
  const around = { runtime: "page", browser: "b", fathom: "0", commit: "c", node: null, system: "s", processor: null } as const;
  const cautions = (...events: readonly BenchEvent[]): readonly string[] => {
    const collector = new Collector(JOB);
    collector.take({ type: "opened", environment: { ...environment, adapterClass: "hardware", userAgent: "u", timerQuantum: 0.1 } });
    for (const event of events) collector.take(event);
    return collector.document("npm run bench", { ...around, logicalProcessors: 2 })!.cautions;
  };
  expect(cautions()).toEqual([]);
  expect(cautions({ type: "hidden" })).toEqual([
    expect.stringMatching(/^The page was hidden for a while as it measured: .* a tab in sight\.$/),
  ]);
});
