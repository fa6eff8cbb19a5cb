/**
 * Measures contestants against each other in one run: warm-up until stable, then rounds in mirrored order (A B C, C B A, …), so that a drift of the
 * machine falls on all alike. A sample repeats the work until it is long enough for the clock; before it comes a run that is not counted, since in
 * mirrored order the first and the last follow themselves, with their own data still in the caches, and all others follow another.
 */
import { mirrored, spread } from "../src/cli/statistics.ts";
import { throwIfAborted } from "../src/core/errors.ts";
import { median, ratioInterval, verdictOf } from "./method/bootstrap.ts";
import { type Clock, runsInSample } from "./method/clock.ts";
import { Deadline } from "./method/deadline.ts";
import { inPlaces, withoutPlaces } from "./method/places.ts";
import { isStable, MOST_WARM_UPS } from "./method/warmUp.ts";
import type { Comparison, Entry, Target } from "./schema.ts";

export type Facts = Readonly<Record<string, number | string>>;

export interface Contestant {
  /** Of one suite alone: "clip-globalNorm-50". */
  readonly id: string;
  readonly title: string;
  /** Left out: times, in "ms" of one run. Else what one run does, which is divided by its time: 2n³ / 1e6 for "GFLOP/s" of a product of n. */
  readonly rate?: { readonly unit: string; readonly perMillisecond: number };
  /** Of the median, in its unit. */
  readonly target?: Target;
  /** A sample's runs are a multiple of it; default 1. For training steps that are read out once in so many. */
  readonly runsTogether?: number;
  /** The id of the contestant of the same group that its time is compared with. The target is of the ratio of times: 1.04 for 4 % more. */
  readonly over?: { readonly id: string; readonly target?: Target };
  /** How often it stands in a round, each time prepared by itself; a sample is the middle of them. Default 1. */
  readonly places?: number;
  /** Everything that is not measured: compiling, data, a first run. What it throws leaves this contestant out, and says so. */
  prepare(): Promise<Prepared>;
}

export interface Prepared {
  /** Does the work so many times, and resolves when all of it is done, on the GPU too. It is the harness that takes the time. */
  run(times: number): Promise<void>;
  /**
   * For what times itself, such as a start of another browser: milliseconds of the last run. It is not warmed up, and run once in a sample; each
   * run must then begin as cold as the first.
   */
  readonly elsewhere?: () => number;
  /** Milliseconds; apart from all samples. */
  readonly compileMilliseconds?: number;
  /** A function is asked after the last sample. */
  readonly facts: Facts | (() => Promise<Facts>);
  dispose(): void;
}

export interface Effort {
  /** Samples of each contestant, where the time allows; at least 30 for numbers that are published. */
  readonly rounds: number;
  /** Milliseconds that one sample should last at least. */
  readonly sampleMilliseconds: number;
  /** At most; 0 for none. */
  readonly warmUps: number;
}

export const FULL: Effort = { rounds: 30, sampleMilliseconds: 20, warmUps: MOST_WARM_UPS };
export const QUICK: Effort = { rounds: 3, sampleMilliseconds: 0, warmUps: 0 };

/** Rounds that are made before a deadline may end them: an interval wants some. */
export const FEWEST_ROUNDS = 6;
/** Milliseconds of a run, past which what another left in the caches is nothing beside it. */
export const LONG_RUN = 100;
/** Milliseconds of a sample, past which a contestant takes part in the fewest rounds alone. */
export const LONG_SAMPLE = 5000;
/** Milliseconds after which a contestant's warm-up ends, stable or not: what takes seconds has few samples anyway. */
const LONGEST_WARM_UP = 5000;
/** Of the time, at most, before the rounds. */
const PREPARING = 0.6;

export interface MeasureContext {
  readonly effort: Effort;
  readonly adapterClass: "software" | "hardware";
  readonly clock: Clock;
  /** Milliseconds. */
  readonly quantum: number;
  /** Of the bootstrap. */
  readonly seed: number;
  readonly deadline: Deadline;
  readonly signal?: AbortSignal | undefined;
  readonly tell: (line: string) => void;
  /** Takes note of what was left out, and why. */
  readonly leave: (what: string) => void;
}

/** What one group may have otherwise than its suite. */
export interface SampleOptions {
  readonly deadline?: Deadline | undefined;
  /** Milliseconds that one sample should last at least; a trial's are as short as they can be all the same. */
  readonly sampleMilliseconds?: number;
  /** At most, however many the suite has. */
  readonly rounds?: number;
  /** What the rest is judged by: measured whatever `--only` says. */
  readonly always?: boolean;
  /** Titles of what is made of all of them at once: `--only` asks for these, and for all or none. */
  readonly together?: readonly string[];
}

interface Runner {
  readonly contestant: Contestant;
  readonly prepared: Prepared;
  runs: number;
  /** That are made before each sample and not counted. */
  readonly primes: number;
  /** In which it takes part. */
  readonly rounds: number;
  readonly stable: boolean;
  /** Milliseconds of one run, for each round. */
  readonly times: number[];
}

/** The entries of the group, in the order of its contestants; those that could not be prepared, or not in time, are left out. */
export async function measure(group: string, contestants: readonly Contestant[], context: MeasureContext): Promise<Entry[]> {
  const { effort, deadline, signal, tell, leave } = context;
  if (deadline.over) {
    leave(`${group}: all ${contestants.length}, for no time was left`);
    return [];
  }
  const preparing = deadline.part(PREPARING);
  const runners: Runner[] = [];
  try {
    for (const contestant of inPlaces(contestants)) {
      throwIfAborted(signal, "the benchmark");
      if (preparing.over) leave(`${contestant.title} (${group}): no time was left`);
      else await warmedUp(contestant, { ...context, deadline: preparing }, (runner) => runners.push(runner));
    }
    // A base by itself says nothing.
    if (!runners.some(({ contestant }) => contestant.over) && contestants.some(({ over }) => over)) return [];
    levelRuns(runners);
    const begun = runners.length > 0 ? effort.rounds : 0;
    for (const { contestant, rounds } of runners)
      if (rounds < effort.rounds)
        leave(`${contestant.title}: ${effort.rounds - rounds} of ${effort.rounds} rounds, for a sample takes long`);
    for (let round = 0; round < begun; round++) {
      if (round >= FEWEST_ROUNDS && deadline.over) {
        leave(`${group}: ${effort.rounds - round} of ${effort.rounds} rounds`);
        break;
      }
      const taking = runners.filter(({ rounds }) => round < rounds);
      for (const { prepared, runs, primes, times } of mirrored(taking, round)) {
        throwIfAborted(signal, "the benchmark");
        if (primes > 0) await prepared.run(primes);
        times.push(await timed(prepared, runs, context));
      }
      tell(`${group}: round ${round + 1} of ${effort.rounds}`);
    }
    const entries: Entry[] = [];
    const merged = withoutPlaces(runners);
    for (const runner of merged) entries.push(await entryOfRunner(group, runner, merged, context));
    return entries;
  } finally {
    for (const { prepared } of runners) prepared.dispose();
  }
}

/** Prepares the contestant, lets it run until it is stable, and hands it to `keep`. */
async function warmedUp(contestant: Contestant, context: MeasureContext, keep: (runner: Runner) => void): Promise<void> {
  const { effort, deadline, signal, tell, leave, quantum, clock } = context;
  tell(`${contestant.title}: preparing`);
  let prepared: Prepared | undefined;
  try {
    prepared = await contestant.prepare();
    if (prepared.elsewhere) return keep({ contestant, prepared, runs: 1, primes: 0, rounds: effort.rounds, stable: true, times: [] });
    const together = contestant.runsTogether ?? 1;
    const runsOf = (milliseconds: number): number =>
      Math.ceil(runsInSample(milliseconds, effort.sampleMilliseconds, quantum) / together) * together;
    let last = await timed(prepared, together, context);
    let runs = runsOf(last);
    // What takes seconds is as warm as it gets.
    const warmUps = last * together < LONGEST_WARM_UP ? effort.warmUps : 0;
    const settle = (milliseconds: number): void => {
      last = milliseconds;
      runs = runsOf(milliseconds);
    };
    // The first run is slow as a rule, or shorter than the time until its end is seen: by it alone a sample would be too short.
    if (warmUps > 0) settle(await timed(prepared, 2 * runs * last < LONGEST_WARM_UP ? 2 * runs : runs, context));
    const times: number[] = [];
    const warming = new Deadline(clock, LONGEST_WARM_UP / 1000);
    while (times.length < warmUps && !isStable(times) && !deadline.over && !warming.over) {
      throwIfAborted(signal, "the benchmark");
      const milliseconds = await timed(prepared, runs, context);
      times.push(milliseconds);
      // Where ends are looked for now and then, only runs that together take long tell what each takes.
      runs = Math.max(runs, runsOf(milliseconds));
    }
    if (times.length > 0) settle(median(times.slice(-3)));
    const rounds = last * runs > LONG_SAMPLE ? Math.min(FEWEST_ROUNDS, effort.rounds) : effort.rounds;
    const primes = effort.warmUps > 0 && last < LONG_RUN ? together : 0;
    keep({ contestant, prepared, runs, primes, rounds, stable: isStable(times), times: [] });
  } catch (error) {
    prepared?.dispose();
    throwIfAborted(signal, "the benchmark");
    leave(`${contestant.title}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * What takes about as long as a base with several places makes as many runs in a sample, so that the wait for a sample's end is the same part of
 * both: one of 1 ms beside three runs of 20 ms, but four of 19, would be half a percent.
 */
function levelRuns(runners: readonly Runner[]): void {
  for (const { contestant: base } of runners.filter(({ contestant }) => contestant.places)) {
    const compared = runners.filter(({ contestant }) => contestant === base || contestant.over?.id === base.id);
    const most = Math.max(...compared.map(({ runs }) => runs));
    for (const runner of compared) if (!runner.contestant.runsTogether && 2 * runner.runs > most) runner.runs = most;
  }
}

/** Milliseconds of one run. */
async function timed({ run, elsewhere }: Prepared, runs: number, { clock }: MeasureContext): Promise<number> {
  const started = clock.now();
  await run(runs);
  return elsewhere ? elsewhere() : (clock.now() - started) / runs;
}

async function entryOfRunner(group: string, runner: Runner, all: readonly Runner[], context: MeasureContext): Promise<Entry> {
  const { contestant, prepared, runs, stable, times } = runner;
  const { over } = contestant;
  const base = over && all.find((other) => other.contestant.id === over.id);
  if (over && !base) context.leave(`${contestant.title}: not compared, because ${over.id} was not measured`);
  return {
    ...entryOf(contestant, group, times, context),
    runsInSample: runs,
    stable,
    comparison: base ? comparisonOf(...inBoth(times, base.times), { id: over.id, target: over.target ?? null }, context) : null,
    compileMilliseconds: prepared.compileMilliseconds ?? null,
    facts: {
      ...(typeof prepared.facts === "function" ? await prepared.facts() : prepared.facts),
      ...(contestant.places ? { "places in a round": contestant.places } : {}),
    },
  };
}

/** The rounds that both took part in: those that one was left out of are the last. */
export function inBoth(times: readonly number[], base: readonly number[]): [readonly number[], readonly number[]] {
  const rounds = Math.min(times.length, base.length);
  return [times.slice(0, rounds), base.slice(0, rounds)];
}

/** An entry of times that were taken otherwise, in milliseconds of one run. */
export function entryOf(
  { id, title, rate, target = null }: Pick<Contestant, "id" | "title" | "rate"> & { readonly target?: Target | null },
  group: string,
  times: readonly number[],
  { adapterClass, quantum }: Pick<MeasureContext, "adapterClass" | "quantum">,
): Entry {
  // A run that is over before the clock has moved took less than one of its steps.
  const samples = rate ? times.map((milliseconds) => rate.perMillisecond / Math.max(milliseconds, quantum)) : [...times];
  const { median: middle, lowerQuartile, upperQuartile } = spread(samples);
  return {
    id,
    title,
    group,
    unit: rate?.unit ?? "ms",
    better: rate ? "higher" : "lower",
    median: middle,
    lowerQuartile,
    upperQuartile,
    samples,
    runsInSample: 1,
    stable: true,
    comparison: null,
    compileMilliseconds: null,
    facts: {},
    target,
    met: keeps(target, middle, adapterClass),
  };
}

/** How the times of one compare with those of another, round by round. */
export function comparisonOf(
  times: readonly number[],
  base: readonly number[],
  over: { readonly id: string; readonly target: Target | null },
  { adapterClass, seed, quantum }: Pick<MeasureContext, "adapterClass" | "seed" | "quantum">,
): Comparison {
  const atLeast = (list: readonly number[]): number[] => list.map((milliseconds) => Math.max(milliseconds, quantum / 1000));
  const [own, others] = [atLeast(times), atLeast(base)];
  const ratio = median(own) / median(others);
  const interval = ratioInterval(own, others, seed);
  return {
    over: over.id,
    ratio,
    interval,
    verdict: times.length < FEWEST_ROUNDS ? "too few samples" : verdictOf(interval),
    target: over.target,
    met: standing(over.target, times.length < FEWEST_ROUNDS ? [0, Number.POSITIVE_INFINITY] : interval, adapterClass),
  };
}

/** A target is met, or missed, only where the whole interval says so. */
function standing(target: Target | null, interval: readonly [number, number], adapterClass: string): Comparison["met"] {
  const [low, high] = interval.map((end) => keeps(target, end, adapterClass));
  if (low === null) return null;
  return low === high ? (low ? "yes" : "no") : "not shown";
}

function keeps(target: Target | null, value: number, adapterClass: string): boolean | null {
  if (!target || (target.adapterClass !== "any" && target.adapterClass !== adapterClass)) return null;
  return target.relation === "at most" ? value <= target.value : value >= target.value;
}
