/** Runs suites one after another. Each has its own time, of which every part that `--only` asks for has its share, and its own fate. */
import { FathomError, throwIfAborted } from "../src/core/errors.ts";
import type { Engine } from "../src/index.ts";
import type { BenchEvent, BenchJob } from "./job.ts";
import { type Contestant, type Effort, FEWEST_ROUNDS, FULL, LONG_RUN, LONG_SAMPLE, measure, QUICK, type SampleOptions } from "./measure.ts";
import { type Clock, QUANTA_IN_SAMPLE } from "./method/clock.ts";
import { Deadline } from "./method/deadline.ts";
import type { Entry, SuiteResult } from "./schema.ts";
import { Selection } from "./selection.ts";
import type { SuiteContext, SuiteRow } from "./suite.ts";
import { sampleText } from "./ways.ts";

export interface NamedSuite {
  readonly name: string;
  readonly row: SuiteRow;
}

/** Where suites run. */
export interface Place extends Pick<SuiteContext, "adapterClass" | "quantum"> {
  readonly clock: Clock;
  readonly userAgent: string;
  readonly signal?: AbortSignal | undefined;
  open(): Promise<Engine>;
}

/** Firefox looks for finished work every 100 ms only: a sample must be long for that to be little. */
const FIREFOX_LENGTHENING = 20;

/** A suite of which something is wanted. */
interface Chosen extends NamedSuite {
  readonly selection: Selection;
  readonly shares: Shares;
}

/**
 * Tells the result of each, of what was measured before a stop or a failure too. A failure ends its suite alone, for each opens devices of its own; the
 * first is thrown at the end. Throws a FathomError (argument) before anything is measured where nothing is named like `--only`.
 */
export async function runSuites(
  suites: readonly NamedSuite[],
  job: BenchJob,
  place: Place,
  tell: (event: BenchEvent) => void,
): Promise<void> {
  const failures: unknown[] = [];
  for (const one of await chosenOf(suites, job, place)) {
    throwIfAborted(place.signal, "the benchmark");
    try {
      await runSuite(one, job, place, tell);
    } catch (error) {
      failures.push(error);
      if (place.signal?.aborted) break;
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Those that have something of what is asked for. */
async function chosenOf(suites: readonly NamedSuite[], job: BenchJob, place: Place): Promise<Chosen[]> {
  const all: Chosen[] = [];
  for (const { name, row } of suites) {
    const selection = new Selection(job.only);
    all.push({ name, row, selection, shares: new Shares(selection.isAll ? 0 : await rehearsed(row, selection, job, place)) });
  }
  const chosen = all.filter(({ selection }) => selection.isAll || selection.found);
  if (chosen.length > 0) return chosen;
  const parts = all.map(({ name, selection }) => `"${name}" has ${selection.refusedGroups.join("; ")}`);
  const lone = new Set(all.flatMap(({ selection }) => selection.loneBases));
  const loneText = lone.size > 0 ? `. Measured only with what is compared with it: ${[...lone].join("; ")}` : "";
  throw new FathomError("argument", `the command line: nothing is named like --only; of the suites ${parts.join(", and ")}${loneText}`);
}

/** How many contestants the suite would measure: it is run with nobody who measures. What fails then fails again when it is measured. */
async function rehearsed(row: SuiteRow, selection: Selection, job: BenchJob, place: Place): Promise<number> {
  let contestants = 0;
  const silent = (): void => undefined;
  const context: SuiteContext = {
    ...contextOf(job, place, new Deadline(place.clock, job.seconds)),
    tell: silent,
    leave: silent,
    version: silent,
    isWhole: false,
    // What a suite measures by itself is asked for, and not done.
    wants(group, title) {
      selection.wants(group, title);
      return false;
    },
    async measure(group, given, options = {}) {
      contestants += wantedOf(selection, group, given, options).length;
      return [];
    },
  };
  const suite = await row.load();
  await suite(context).catch(() => selection.failed());
  return contestants;
}

/** The time of those that are wanted, by how many they are: what one leaves over the next ones have. */
class Shares {
  private rest: number;

  constructor(all: number) {
    this.rest = all;
  }

  /** Of the time that is left. */
  take(contestants: number): number {
    const share = contestants / Math.max(this.rest, contestants);
    this.rest -= contestants;
    return share;
  }
}

function wantedOf(
  selection: Selection,
  group: string,
  given: readonly Contestant[],
  { always, together }: SampleOptions,
): readonly Contestant[] {
  if (always) return given;
  if (together) return together.filter((title) => selection.wants(group, title)).length > 0 ? given : [];
  return selection.of(group, given);
}

function contextOf(job: BenchJob, { adapterClass, clock, quantum, signal, open }: Place, deadline: Deadline) {
  const effort = effortOf(job);
  return { effort, adapterClass, clock, quantum, seed: job.seed, signal, deadline, quick: job.quick, open };
}

async function runSuite({ name, row, selection, shares }: Chosen, job: BenchJob, place: Place, tell: (event: BenchEvent) => void) {
  const { clock, signal, userAgent } = place;
  const deadline = new Deadline(clock, job.seconds);
  const started = clock.now();
  const shared = contextOf(job, place, deadline);
  const { effort } = shared;
  const lengthening = userAgent.includes("Firefox") ? FIREFOX_LENGTHENING : 1;
  const versions: Record<string, string> = {};
  const left: string[] = [];
  const lengths = new Set<number>();
  const found: Entry[] = [];
  const line = (text: string): void => tell({ type: "line", suite: name, text, share: 1 - deadline.left / job.seconds });
  const leave = (what: string): void => void left.push(what);
  const context: SuiteContext = {
    ...shared,
    tell: line,
    leave,
    isWhole: selection.isAll,
    wants: (group, title) => selection.wants(group, title),
    async measure(group, given, options = {}) {
      const contestants = wantedOf(selection, group, given, options);
      if (contestants.length === 0) return [];
      const { deadline: part = deadline, rounds = effort.rounds, sampleMilliseconds = effort.sampleMilliseconds } = options;
      const own: Effort = {
        ...effort,
        rounds: Math.min(effort.rounds, rounds),
        sampleMilliseconds: job.quick ? effort.sampleMilliseconds : sampleMilliseconds * lengthening,
      };
      lengths.add(own.sampleMilliseconds);
      const time = selection.isAll ? part : deadline.part(shares.take(contestants.length));
      const entries = await measure(group, contestants, { ...shared, effort: own, tell: line, leave, deadline: time });
      found.push(...entries);
      return entries;
    },
    version(library, version) {
      versions[library] = version;
    },
  };
  const result = (entries: readonly Entry[]): SuiteResult => ({
    name,
    about: row.about,
    method: row.method ?? methodOf(effort, [...lengths]),
    seconds: Math.round((clock.now() - started) / 100) / 10,
    versions,
    left,
    entries: [...entries],
  });
  let entries: readonly Entry[] = found;
  try {
    const suite = await row.load();
    entries = await suite(context);
    throwIfAborted(signal, "the benchmark");
    tell({ type: "suite", result: result(entries) });
  } catch (error) {
    left.push(`the rest: ${signal?.aborted ? "stopped" : error instanceof Error ? error.message : String(error)}`);
    tell({ type: "suite", result: result(entries) });
    throw error;
  }
}

function effortOf({ quick, rounds }: BenchJob): Effort {
  const effort = quick ? QUICK : FULL;
  return { ...effort, rounds: rounds ?? effort.rounds };
}

/** `lengths` are those that samples of the suite had to have, in milliseconds; none where nothing was measured. */
function methodOf({ rounds, warmUps }: Effort, lengths: readonly number[]): string {
  const warmUp = warmUps > 0 ? `Warm-up until the median of three times is within 5 % of the three before, at most ${warmUps}. ` : "";
  const fewest = rounds > FEWEST_ROUNDS ? `, and ${FEWEST_ROUNDS} of what takes more than ${LONG_SAMPLE / 1000} s a sample` : "";
  const sample = sampleText(lengths, `${QUANTA_IN_SAMPLE} steps of the clock long`);
  return `${warmUp}Mirrored rounds (A B C, C B A), ${rounds} of them, where the time allows${fewest}; ${sample}${warmUps > 0 ? `, after a run that is not counted where one takes under ${LONG_RUN} ms` : ""}; medians, quartiles, and 95 % bootstrap intervals of ratios by rounds`;
}
