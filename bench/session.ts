/** Runs suites, wherever there is WebGPU: in the page, in the headless browser's, and on Dawn in Node. */
import { errorFacts } from "../src/cli/wire.ts";
import { FathomError } from "../src/core/errors.ts";
import type { AdapterFacts } from "../src/gpu/device.ts";
import type { BenchEvent, BenchJob } from "./job.ts";
import { type Effort, FEWEST_ROUNDS, FULL, LONG_SAMPLE, measure, QUICK } from "./measure.ts";
import { pageClock, QUANTA_IN_SAMPLE, timerQuantum } from "./method/clock.ts";
import { Deadline } from "./method/deadline.ts";
import { openForBenchmark } from "./openEngine.ts";
import type { Entry, SuiteResult } from "./schema.ts";
import { Selection } from "./selection.ts";
import type { SuiteContext } from "./suite.ts";
import { SUITES, type SuiteName, suiteNamed } from "./suites/index.ts";

/** What the session is told of where it runs. */
export interface Surroundings {
  /** `navigator.gpu`, or Dawn's; where it is missing, the error says what to do. */
  readonly gpu: GPU | undefined;
  readonly userAgent: string;
  /** Whether the suites that want a browser can run. */
  readonly isBrowser: boolean;
  readonly signal?: AbortSignal;
}

/** Firefox looks for finished work every 100 ms only: a sample must be long for that to be little. */
const FIREFOX_LENGTHENING = 20;

const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** Tells events as they come; `done` or `failed` is the last. What was measured before a stop or a failure is told before it. */
export async function runSession(job: BenchJob, surroundings: Surroundings, tell: (event: BenchEvent) => void): Promise<void> {
  try {
    const names = job.suites.map(suiteNamed);
    const quantum = timerQuantum();
    const adapter = await introduce(surroundings, quantum, tell);
    for (const name of names) await runSuite(name, job, surroundings, { adapterClass: adapter.class, quantum }, tell);
    tell({ type: "done" });
  } catch (error) {
    tell({ type: "failed", error: errorFacts(error) });
  }
}

/** Tells what adapter there is. */
async function introduce(
  { gpu: api, userAgent }: Surroundings,
  timerQuantum: number,
  tell: (event: BenchEvent) => void,
): Promise<AdapterFacts> {
  const engine = await openForBenchmark(api);
  const { adapter, device } = engine;
  const { class: adapterClass, description, vendor, architecture } = adapter;
  const features = [...device.features].sort();
  const limits = Object.fromEntries(LIMITS.map((name) => [name, device.limits[name]]));
  engine.dispose();
  tell({
    type: "opened",
    environment: { adapter: description, adapterClass, vendor, architecture, features, limits, userAgent, timerQuantum },
  });
  return adapter;
}

async function runSuite(
  name: SuiteName,
  job: BenchJob,
  { gpu, userAgent, isBrowser, signal }: Surroundings,
  { adapterClass, quantum }: Pick<SuiteContext, "adapterClass" | "quantum">,
  tell: (event: BenchEvent) => void,
): Promise<void> {
  const row = SUITES[name];
  if (row.browserOnly && !isBrowser)
    throw new FathomError("argument", `the suite "${name}" compares libraries that want a browser; leave --device node out`);
  const effort = effortOf(job, userAgent);
  const deadline = new Deadline(pageClock, job.seconds);
  const started = pageClock.now();
  const versions: Record<string, string> = {};
  const selection = new Selection(job.only);
  const left: string[] = [];
  const lengths = new Set<number>();
  const found: Entry[] = [];
  const shared = { effort, adapterClass, clock: pageClock, quantum, seed: job.seed, signal, leave: (what: string) => void left.push(what) };
  const line = (text: string): void => tell({ type: "line", suite: name, text, share: 1 - deadline.left / job.seconds });
  const context: SuiteContext = {
    ...shared,
    deadline,
    tell: line,
    quick: job.quick,
    open: () => openForBenchmark(gpu),
    isWhole: selection.isAll,
    wants: (group, title) => selection.wants(group, title),
    async measure(group, given, options = {}) {
      const { deadline: part = deadline, sampleMilliseconds = effort.sampleMilliseconds, always = false } = options;
      const rounds = job.rounds ?? Math.min(effort.rounds, options.rounds ?? effort.rounds);
      const own = { ...effort, rounds, ...(job.quick ? {} : { sampleMilliseconds }) };
      const contestants = always ? given : selection.of(group, given);
      if (contestants.length === 0) return [];
      lengths.add(own.sampleMilliseconds);
      // Who asks for a part gives it all the time.
      const entries = await measure(group, contestants, {
        ...shared,
        effort: own,
        tell: line,
        deadline: selection.isAll ? part : deadline,
      });
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
    seconds: Math.round((pageClock.now() - started) / 100) / 10,
    versions,
    left,
    entries: [...entries],
  });
  try {
    const suite = await row.load();
    const entries = await suite(context);
    selection.checkFound(name);
    tell({ type: "suite", result: result(entries) });
  } catch (error) {
    left.push(`the rest: ${signal?.aborted ? "stopped" : error instanceof Error ? error.message : String(error)}`);
    tell({ type: "suite", result: result(found) });
    throw error;
  }
}

function effortOf({ quick, rounds }: BenchJob, userAgent: string): Effort {
  const effort = quick ? QUICK : FULL;
  const lengthening = userAgent.includes("Firefox") && !quick ? FIREFOX_LENGTHENING : 1;
  return { ...effort, rounds: rounds ?? effort.rounds, sampleMilliseconds: effort.sampleMilliseconds * lengthening };
}

/** `lengths` are those that samples of the suite had to have, in milliseconds. */
function methodOf({ rounds, warmUps }: Effort, lengths: readonly number[]): string {
  const warmUp = warmUps > 0 ? `Warm-up until the median of three times is within 5 % of the three before, at most ${warmUps}. ` : "";
  return `${warmUp}Mirrored rounds (A B C, C B A), ${rounds} of them, where the time allows${rounds > FEWEST_ROUNDS ? `, and ${FEWEST_ROUNDS} of what takes more than ${LONG_SAMPLE / 1000} s a sample` : ""}; a sample is at least ${[...lengths].sort((one, other) => one - other).join(" or ")} ms and ${QUANTA_IN_SAMPLE} steps of the clock long; medians, quartiles, and 95 % bootstrap intervals of ratios by rounds`;
}
