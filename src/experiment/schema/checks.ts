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

type Message = (issue: { readonly input: unknown }) => string;

/** Valibot's own actions, from which the JSON Schema is made too. */
function within({ least, most, above, below }: Range, message: Message) {
  return [
    ...(least === undefined ? [] : [v.minValue<number, number, Message>(least, message)]),
    ...(most === undefined ? [] : [v.maxValue<number, number, Message>(most, message)]),
    ...(above === undefined ? [] : [v.gtValue<number, number, Message>(above, message)]),
    ...(below === undefined ? [] : [v.ltValue<number, number, Message>(below, message)]),
  ];
}

export function number(range: Range = {}) {
  const message: Message = ({ input }) => `is ${show(input)}; use a number${bounds(range)}`;
  return v.pipe(v.number(message), v.finite(message), ...within(range, message));
}

export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  const allowed = `use a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`}`;
  const message: Message = ({ input }) => `is ${show(input)}; ${allowed}`;
  return v.pipe(v.number(message), v.integer(message), ...within({ least, most }, message));
}

export function flag() {
  return v.boolean(({ input }) => `is ${show(input)}; use true or false`);
}

export function text() {
  return v.pipe(
    v.string(({ input }) => `is ${show(input)}; use a string`),
    v.nonEmpty("is empty; use a string of at least one character"),
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
    const wanted =
      typeof key === "string" && Object.hasOwn(entries, key) ? v.safeParse(entries[key]!, undefined).issues?.[0].message : undefined;
    return wanted?.startsWith("is undefined") ? wanted.replace("is undefined", "is missing") : "is missing";
  });
}

export function list<const T extends v.GenericSchema>(item: T, what: string) {
  return v.array(item, ({ input }) => `is ${show(input)}; use a list of ${what}`);
}

/** A list that has something in it; `one` says what. */
export function filled<const T extends v.GenericSchema>(item: T, what: string, one: string) {
  return v.pipe(list(item, what), v.minLength(1, `is empty; use at least one ${one}`));
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
