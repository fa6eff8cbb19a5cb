/** Cold starts: a browser for each, in mirrored order, as often for everybody, and none where a page has no command to start one. */
import { afterEach, expect, it, vi } from "vitest";
import type { ColdStart } from "../../bench/cold/coldStart.ts";
import { COLD_STARTS, coldFile, coldJobOf } from "../../bench/cold/job.ts";
import { type Contestant, FULL, measure, type SampleOptions } from "../../bench/measure.ts";
import { Deadline } from "../../bench/method/deadline.ts";
import { firstSteps } from "../../bench/peers/firstSteps.ts";
import type { PeerName } from "../../bench/peers/index.ts";
import type { Peer, Reading } from "../../bench/peers/peer.ts";
import type { SuiteContext } from "../../bench/suite.ts";

afterEach(() => vi.unstubAllGlobals());

const size = { depth: 2, width: 8, batchSize: 16 };
const reading: Reading = { loss: 2.3, gradientNorm: 1.5 };
const ALL = ["fathom", "jax", "tfjs-webgpu"] as const satisfies readonly PeerName[];
type Name = (typeof ALL)[number];
const target = { relation: "at least", value: 4, adapterClass: "software" } as const;

/** A suite's context whose clock goes on by 10 s with every start. */
function surroundings(seconds = 1000) {
  let now = 0;
  const clock = { now: () => now };
  const left: string[] = [];
  const deadline = new Deadline(clock, seconds);
  const shared = {
    adapterClass: "software" as const,
    clock,
    quantum: 0.005,
    seed: 1,
    deadline,
    tell: () => undefined,
    leave: (what: string) => void left.push(what),
  };
  const context: SuiteContext = {
    ...shared,
    effort: FULL,
    quick: false,
    isWhole: true,
    wants: () => true,
    version: () => undefined,
    open: () => Promise.reject(new Error("no engine is wanted here")),
    measure: (group: string, contestants: readonly Contestant[], options: SampleOptions = {}) =>
      measure(group, contestants, { ...shared, effort: { ...FULL, rounds: options.rounds! }, deadline: options.deadline! }),
  };
  const passed = (milliseconds: number): void => {
    now += milliseconds;
  };
  return { context, left, passed };
}

const measured = (context: SuiteContext, peerOf: (name: PeerName) => Promise<Peer> = () => Promise.reject(new Error("not here"))) =>
  firstSteps(
    {
      size,
      what: "first step",
      work: "first",
      share: 1,
      over: (name) => (name === "fathom" ? {} : { over: { id: "first-fathom", target } }),
    },
    peerOf,
    context,
  );

/** A command whose starts take 100, 500 and 900 ms, and one more each time; what it was asked for, in order. */
function command(passed: (milliseconds: number) => void, readings: Partial<Record<Name, Reading>> = {}): string[] {
  const asked: string[] = [];
  const base: Record<Name, number> = { fathom: 100, jax: 500, "tfjs-webgpu": 900 };
  vi.stubGlobal("fetch", async (url: string) => {
    const file = url.replace("data/", "");
    if (file === COLD_STARTS) return Response.json(true);
    const name = coldJobOf(file)!.name as Name;
    passed(10_000);
    const times = asked.filter((one) => one === name).length;
    asked.push(name);
    const start: ColdStart = { modules: 10 + times, device: 5, firstStep: base[name] + times, reading: readings[name] ?? reading };
    return Response.json(start);
  });
  return asked;
}

it("ten browsers are started for each, in mirrored order, after one that is not counted", async () => {
  const { context, left, passed } = surroundings();
  const asked = command(passed);
  const entries = await measured(context);
  expect(left).toEqual([]);
  const there = [...ALL];
  const back = [...ALL].reverse();
  expect(asked).toEqual([...there, ...Array.from({ length: 5 }, () => [...there, ...back]).flat()]);
  const counted = (first: number): number[] => Array.from({ length: 10 }, (_, round) => first + 1 + round);
  expect(entries.map(({ id, samples }) => [id, samples])).toEqual([
    ["first-fathom", counted(100)],
    ["first-jax", counted(500)],
    ["first-tfjs-webgpu", counted(900)],
  ]);
  const [fathom, jax] = entries;
  expect(fathom).toMatchObject({ unit: "ms", median: 105.5, stable: true, runsInSample: 1, comparison: null, compileMilliseconds: null });
  expect(fathom!.facts).toEqual({ "modules ms": 15.5, "device ms": 5 });
  expect(jax!.comparison).toMatchObject({ over: "first-fathom", ratio: 505.5 / 105.5, verdict: "slower", met: "yes" });
});

it("a trial starts one for each, without TensorFlow.js", async () => {
  const { context, left, passed } = surroundings();
  const asked = command(passed);
  const entries = await measured({ ...context, quick: true });
  expect(asked).toEqual(["fathom", "jax"]);
  expect(entries.map(({ samples }) => samples)).toEqual([[100], [500]]);
  expect(left).toEqual([]);
});

it("six are started for each when the time is short", async () => {
  const { context, left, passed } = surroundings(100);
  const asked = command(passed);
  const entries = await measured(context);
  expect(entries.map(({ samples }) => samples.length)).toEqual([6, 6, 6]);
  expect(asked.length).toBe(7 * 3);
  expect(left).toEqual(["first step, from cold: 4 of 10 rounds"]);
});

it("who makes another first step than Fathom is left out", async () => {
  const { context, left, passed } = surroundings();
  const asked = command(passed, { jax: { ...reading, loss: 2.31 } });
  const entries = await measured(context);
  expect(entries.map(({ id }) => id)).toEqual(["first-fathom", "first-tfjs-webgpu"]);
  expect(asked.filter((name) => name === "jax").length).toBe(1);
  expect(left).toEqual(["jax-js, first step: jax-js does other work than Fathom: the loss of step 0 is 2.31, Fathom's is 2.3"]);
});

/** What a page finds that no command opened: nothing, or the first page of a server that has but one. */
const PAGES = [
  () => new Response("not found", { status: 404 }),
  () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
];

it.each(PAGES)("a page starts each once, in itself, and says so (%#)", async (found) => {
  vi.stubGlobal("fetch", async () => found());
  const { context, left } = surroundings();
  const calls: string[] = [];
  const peerOf = async (name: PeerName): Promise<Peer> => {
    const call = (what: string): void => void calls.push(`${name}: ${what}`);
    call("loaded");
    return {
      facts: {},
      start: async () => call("started"),
      train: async ({ layers, batchSize }) => {
        call(`${layers.length} layers, batch ${batchSize}`);
        return {
          run: async (steps, every) => {
            call(`${steps} step, every ${every}`);
            return [reading];
          },
          dispose: () => call("disposed of"),
        };
      },
      multiply: () => Promise.reject(new Error("no product is wanted here")),
      normalize: () => Promise.reject(new Error("no norm is wanted here")),
    };
  };
  const entries = await measured(context, peerOf);
  expect(calls).toEqual(
    ALL.flatMap((name) => ["loaded", "started", "3 layers, batch 16", "1 step, every 1", "disposed of"].map((what) => `${name}: ${what}`)),
  );
  expect(entries.map(({ samples, facts }) => [samples.length, facts])).toEqual([
    [1, {}],
    [1, {}],
    [1, {}],
  ]);
  expect(entries[1]!.comparison).toMatchObject({ verdict: "too few samples", met: "not shown" });
  expect(left).toEqual(["first step, from cold: all but one start of each, for a page cannot start its browser anew"]);
});

it("a command's failure to start a browser is told", async () => {
  vi.stubGlobal("fetch", async (url: string) =>
    url.endsWith(COLD_STARTS) ? Response.json(true) : new Response("no browser was found", { status: 500 }),
  );
  const { context, left } = surroundings();
  expect(await measured(context)).toEqual([]);
  expect(left).toContain("Fathom, first step: no browser was found");
});

it("a start is asked for by a file's name", () => {
  const job = { name: "tfjs-webgpu" as const, size: { depth: 50, width: 64, batchSize: 32 } };
  expect(coldJobOf(coldFile(job))).toEqual(job);
  expect(coldFile(job)).toMatch(/\.json$/);
  for (const other of [COLD_STARTS, "job.json", "coldStart/numpy/2x8x16.json", "coldStart/jax/2x8.json", "x/coldStart/jax/2x8x16.json"])
    expect(coldJobOf(other)).toBeNull();
});
