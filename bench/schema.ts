/** What a benchmark's document is, as types and as the schema that its JSON is held against; docs/benchmarks.md explains the keys. */
import * as v from "valibot";

export const FORMAT = "fathom-bench/2";

const finite = v.pipe(v.number(), v.finite());
const positive = v.pipe(finite, v.gtValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const text = v.pipe(v.string(), v.nonEmpty());

export const targetSchema = v.strictObject({
  relation: v.picklist(["at most", "at least"]),
  value: finite,
  /** On which kind of adapter it is promised. */
  adapterClass: v.picklist(["software", "hardware", "any"]),
});

export const VERDICTS = ["slower", "faster", "no measurable difference", "too few samples"] as const;
/** What the interval says of a target: all of it within, all of it beyond, or neither. */
export const STANDINGS = ["yes", "no", "not shown"] as const;

export const comparisonSchema = v.strictObject({
  /** The entry of the same suite whose time this one's is divided by. */
  over: text,
  /** Ratio of the median times: 1.04 takes 4 % longer. */
  ratio: positive,
  /** 95 % bootstrap interval of that ratio, resampled by rounds. */
  interval: v.strictTuple([positive, positive]),
  verdict: v.picklist(VERDICTS),
  /** Of the ratio. */
  target: v.nullable(targetSchema),
  met: v.nullable(v.picklist(STANDINGS)),
});

export const entrySchema = v.strictObject({
  id: text,
  title: text,
  /** Entries of one group were measured in turns, and belong together in a table. */
  group: text,
  /** "ms", or a rate such as "GFLOP/s". */
  unit: text,
  better: v.picklist(["lower", "higher"]),
  median: finite,
  lowerQuartile: finite,
  upperQuartile: finite,
  /** All of them, in the unit, in the order of the rounds. */
  samples: v.pipe(v.array(finite), v.minLength(1)),
  /** How often the work was done in one sample. */
  runsInSample: v.pipe(count, v.minValue(1)),
  /** Whether the warm-up came to rest before the first sample. */
  stable: v.boolean(),
  comparison: v.nullable(comparisonSchema),
  /** Milliseconds, apart from all samples; null where nothing was compiled, or it was not told. */
  compileMilliseconds: v.nullable(finite),
  /** Counters and sizes, such as dispatches a step. */
  facts: v.record(v.string(), v.union([finite, v.string()])),
  target: v.nullable(targetSchema),
  /** Null where there is no target, or it is not promised for this adapter. */
  met: v.nullable(v.boolean()),
});

export const environmentSchema = v.strictObject({
  adapter: text,
  adapterClass: v.picklist(["software", "hardware"]),
  vendor: v.string(),
  architecture: v.string(),
  features: v.array(text),
  limits: v.record(v.string(), finite),
  /** Where the suites ran. */
  runtime: v.picklist(["page", "headless browser", "node"]),
  browser: text,
  userAgent: text,
  fathom: text,
  /** Of the source; ends in "+" where it had changes that are not committed. */
  commit: text,
  node: v.nullable(text),
  system: text,
  processor: v.nullable(text),
  logicalProcessors: finite,
  date: v.pipe(v.string(), v.isoTimestamp()),
  /** The smallest step of the clock, in milliseconds. */
  timerQuantum: positive,
});

export const suiteResultSchema = v.strictObject({
  name: text,
  about: text,
  method: text,
  seconds: finite,
  /** Versions of the libraries that were compared. */
  versions: v.record(v.string(), text),
  /** What the time limit left out, in words; empty where all of it was measured. */
  left: v.array(text),
  entries: v.array(entrySchema),
});

export const resultSchema = v.strictObject({
  format: v.literal(FORMAT),
  environment: environmentSchema,
  /** How these numbers are made again. */
  command: text,
  seed: count,
  /** A trial's nets are small and its samples few: its numbers say nothing of speed. */
  quick: v.boolean(),
  /** What to be careful about, for whoever reads the numbers. */
  cautions: v.array(text),
  suites: v.array(suiteResultSchema),
});

export type Target = v.InferOutput<typeof targetSchema>;
export type Comparison = v.InferOutput<typeof comparisonSchema>;
export type Entry = v.InferOutput<typeof entrySchema>;
export type BenchEnvironment = v.InferOutput<typeof environmentSchema>;
export type SuiteResult = v.InferOutput<typeof suiteResultSchema>;
export type BenchResult = v.InferOutput<typeof resultSchema>;
