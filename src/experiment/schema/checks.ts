/** Pieces of which the experiment's schema is made: each says in its message what is allowed. */
import * as v from "valibot";
import { show } from "../../core/check.ts";

/** `least` and `most` are allowed themselves, `above` and `below` are not. */
interface Range {
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly below?: number;
}

const WORDS = { least: "from", above: "above", most: "up to", below: "below" } as const;

function bounds(range: Range): string {
  return (["least", "above", "most", "below"] as const)
    .flatMap((bound) => (range[bound] === undefined ? [] : [` ${WORDS[bound]} ${range[bound]}`]))
    .join(",");
}

const within = (value: number, { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity }: Range): boolean =>
  value >= least && value <= most && value > above && value < below;

export function number(range: Range = {}) {
  const allowed = `use a number${bounds(range)}`;
  const message = ({ input }: { input: unknown }): string => `is ${show(input)}; ${allowed}`;
  return v.pipe(
    v.number(message),
    v.check((value) => Number.isFinite(value) && within(value, range), message),
  );
}

export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  const allowed = `use a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`}`;
  const message = ({ input }: { input: unknown }): string => `is ${show(input)}; ${allowed}`;
  return v.pipe(
    v.number(message),
    v.check((value) => Number.isSafeInteger(value) && value >= least && value <= most, message),
  );
}

export function flag() {
  return v.boolean(({ input }) => `is ${show(input)}; use true or false`);
}

export function text() {
  return v.pipe(
    v.string(({ input }) => `is ${show(input)}; use a string`),
    v.check((value) => value.length > 0, "is empty; use a string of at least one character"),
  );
}

export function choice<const T extends readonly string[]>(choices: T) {
  return v.picklist(choices, ({ input }) => `is ${show(input)}; use one of ${quoted(choices)}`);
}

/** An object that has no other keys than these. */
export function object<const T extends v.ObjectEntries>(entries: T) {
  return v.strictObject(entries, (issue) => {
    const keys = Object.keys(entries).join(", ");
    const key = issue.path?.at(-1)?.key;
    if (issue.expected === "never") return `is not a key here; use ${keys}`;
    // A missing key is reported with its own path, and what is no object at all with none of its keys.
    if (issue.expected === "Object") return `is ${show(issue.input)}; use an object with ${keys}`;
    return `is missing${typeof key === "string" && key in entries ? "" : `; use ${keys}`}`;
  });
}

export function list<const T extends v.GenericSchema>(item: T, what: string) {
  return v.array(item, ({ input }) => `is ${show(input)}; use a list of ${what}`);
}

type Variant = v.StrictObjectSchema<{ readonly type: v.LiteralSchema<string, undefined> } & v.ObjectEntries, undefined>;

/** Objects told apart by `type`; where all else has a default the bare name will do: "sgd" for { "type": "sgd" }. */
export function named<const T extends readonly v.GenericSchema[]>(names: readonly string[], variants: T) {
  return v.pipe(
    v.unknown(),
    v.transform((input) => (typeof input === "string" ? { type: input } : input)),
    v.variant(
      "type",
      variants as unknown as [Variant],
      ({ input }) => `is ${show(input)}; use one of ${quoted(names)}`,
    ) as unknown as v.GenericSchema<unknown, v.InferOutput<T[number]>>,
  );
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
