/** What a benchmark's result is, as types and as the schema that its JSON is held against. */
import * as v from "valibot";

const finite = v.pipe(v.number(), v.finite());
const text = v.pipe(v.string(), v.nonEmpty());

export const targetSchema = v.strictObject({
  relation: v.picklist(["at most", "at least"]),
  value: finite,
  /** On which kind of adapter it is promised. */
  adapterClass: v.picklist(["software", "hardware", "any"]),
});

export const entrySchema = v.strictObject({
  id: text,
  title: text,
  unit: text,
  median: finite,
  lowerQuartile: finite,
  upperQuartile: finite,
  samples: v.pipe(v.array(finite), v.minLength(1)),
  /** Counters and sizes, such as dispatches a step. */
  facts: v.record(v.string(), v.union([finite, v.string()])),
  target: v.nullable(targetSchema),
  /** Null where there is no target, or it is not promised for this adapter. */
  met: v.nullable(v.boolean()),
});

export const resultSchema = v.strictObject({
  format: v.literal("fathom-bench/1"),
  environment: v.strictObject({
    adapter: text,
    adapterClass: v.picklist(["software", "hardware"]),
    userAgent: text,
    fathom: text,
    browser: text,
    node: text,
    system: text,
    processor: text,
    logicalProcessors: finite,
    date: v.pipe(v.string(), v.isoTimestamp()),
  }),
  /** The command that makes these numbers again. */
  command: text,
  suites: v.array(v.strictObject({ name: text, method: text, entries: v.pipe(v.array(entrySchema), v.minLength(1)) })),
});

export type Target = v.InferOutput<typeof targetSchema>;
export type Entry = v.InferOutput<typeof entrySchema>;
export type BenchResult = v.InferOutput<typeof resultSchema>;
export type SuiteResult = BenchResult["suites"][number];
