/** Random experiments, drawn from the schema's own structure: a key that it gets is drawn as well. What keys forbid each other is not known here. */
import * as fc from "fast-check";
import { experimentSchema } from "../../src/experiment/schema/index.ts";
import { core, isOptional, requirement, type Schema, sample } from "./wrongExperiments.ts";

/** Layers within layers, and schedules within schedules, are drawn so deep. */
const DEPTH = 2;
const MOST_ITEMS = 3;
/** Of numbers without a bound of their own. */
const MOST = 1000;

function numbers(schema: Schema): fc.Arbitrary<number> {
  const [least, most, above, below] = ["min_value", "max_value", "gt_value", "lt_value"].map((action) => requirement(schema, action));
  const low = least ?? above ?? -MOST;
  const high = Math.min(most ?? below ?? Number.POSITIVE_INFINITY, Math.max(MOST, low + MOST));
  if (schema.pipe!.some(({ type }) => type === "integer"))
    return fc.integer({ min: above === undefined ? Math.ceil(low) : Math.floor(low) + 1, max: Math.floor(high) });
  return (
    fc
      .double({
        min: low,
        max: high,
        noNaN: true,
        minExcluded: above !== undefined,
        maxExcluded: below !== undefined && most === undefined,
      })
      // JSON has no −0.
      .map((value) => value + 0)
  );
}

function arbitraryOf(of: Schema, depth: number): fc.Arbitrary<unknown> {
  const deeper = of.type === "lazy" ? depth + 1 : depth;
  if (deeper > DEPTH) return fc.constant(sample(of));
  const schema = core(of);
  switch (schema.type) {
    case "number":
      return numbers(schema);
    case "string":
      return fc.string({ minLength: 1, unit: "grapheme" });
    case "boolean":
      return fc.boolean();
    case "literal":
      return fc.constant(schema.literal);
    case "picklist":
      return fc.constantFrom(...schema.options!);
    case "array":
      return fc.array(arbitraryOf(schema.item!, deeper), { minLength: requirement(schema, "min_length") ?? 0, maxLength: MOST_ITEMS });
    case "union":
    case "variant":
      return fc.oneof(...(schema.options as Schema[]).map((option) => arbitraryOf(option, deeper)));
    case "strict_object": {
      const entries = Object.entries(schema.entries!);
      return fc.record(Object.fromEntries(entries.map(([key, entry]) => [key, arbitraryOf(entry, deeper)])), {
        requiredKeys: entries.filter(([, entry]) => !isOptional(entry)).map(([key]) => key),
      });
    }
    default:
      throw new Error(`the schema has a ${schema.type}, which is not drawn here`);
  }
}

export const anyExperiment = arbitraryOf(experimentSchema as unknown as Schema, 0);
