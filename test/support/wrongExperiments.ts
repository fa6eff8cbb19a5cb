/** Experiment files that are wrong in one place, made by walking the schema: for each key a wrong type, what is out of range, an unknown value or key, and its absence. */
import { experimentSchema } from "../../src/experiment/schema/index.ts";

/** What is walked of a valibot schema. */
export interface Schema {
  readonly type: string;
  readonly pipe?: readonly Schema[];
  readonly kind?: string;
  readonly requirement?: number;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly wrapped?: Schema;
  readonly item?: Schema;
  readonly options?: readonly unknown[];
  readonly literal?: string;
  readonly getter?: () => Schema;
}

export interface WrongExperiment {
  readonly json: unknown;
  /** Where the fault is, as messages write it. */
  readonly path: string;
  /** What the message must tell of what is allowed. */
  readonly allowed: readonly string[];
  readonly kind: "type" | "range" | "value" | "unknown key" | "missing" | "empty";
}

/** Layers within layers, and schedules within schedules, are walked so deep. */
const DEPTH = 1;
const UNKNOWN = "noSuchThing";

/** The last in the pipe that is a schema is what a value must be in the end: names are spelled out before. */
export function core(schema: Schema): Schema {
  if (schema.type === "optional") return core(schema.wrapped!);
  if (schema.type === "lazy") return core(schema.getter!());
  const last = schema.pipe?.findLast(({ kind }) => kind === "schema");
  return last && last !== schema && last.type !== schema.type ? core(last) : schema;
}

export const isOptional = ({ type }: Schema): boolean => type === "optional";
const quoted = (names: readonly unknown[]): string[] => names.map((name) => `"${String(name)}"`);
const namesOf = (variant: Schema): string[] => (variant.options as Schema[]).map((option) => core(option).entries!["type"]!.literal!);

export function requirement(schema: Schema, action: string): number | undefined {
  return schema.pipe?.find(({ type }) => type === action)?.requirement;
}

/** A value that is right, and as small as may be. */
export function sample(of: Schema): unknown {
  const schema = core(of);
  switch (schema.type) {
    case "number": {
      const [least, above, below] = ["min_value", "gt_value", "lt_value"].map((action) => requirement(schema, action));
      return least ?? (above === undefined ? 1 : below === undefined ? above + 1 : (above + below) / 2);
    }
    case "string":
      return "text";
    case "boolean":
      return true;
    case "literal":
      return schema.literal;
    case "picklist":
      return schema.options![0];
    case "array":
      return [sample(schema.item!)];
    case "union":
    case "variant":
      return sample(schema.options![0] as Schema);
    case "strict_object":
      return Object.fromEntries(
        Object.entries(schema.entries!)
          .filter(([, entry]) => !isOptional(entry))
          .map(([key, entry]) => [key, sample(entry)]),
      );
    default:
      throw new Error(`no sample of ${schema.type}`);
  }
}

type Wrap = (value: unknown) => unknown;

function* walk(of: Schema, path: string, wrap: Wrap, depth: number): Generator<WrongExperiment> {
  const deeper = of.type === "lazy" ? depth + 1 : depth;
  if (deeper > DEPTH) return;
  const schema = core(of);
  const wrong = (kind: WrongExperiment["kind"], value: unknown, allowed: readonly string[], at = path): WrongExperiment => ({
    json: wrap(value),
    path: at,
    allowed,
    kind,
  });
  switch (schema.type) {
    case "number": {
      const bounds = { least: requirement(schema, "min_value"), most: requirement(schema, "max_value") };
      const open = { above: requirement(schema, "gt_value"), below: requirement(schema, "lt_value") };
      const whole = schema.pipe!.some(({ type }) => type === "integer");
      const limits = [...Object.values(bounds), ...Object.values(open)].filter((limit) => limit !== undefined);
      const shown = limits.filter((limit) => limit !== Number.MAX_SAFE_INTEGER).map(String);
      const allowed = [whole ? "use a whole number" : "use a number", ...shown];
      for (const value of ["seven", null, [], true]) yield wrong("type", value, allowed);
      if (whole) yield wrong("type", (sample(schema) as number) + 0.5, allowed);
      if (bounds.least !== undefined) yield wrong("range", bounds.least - 1, allowed);
      if (bounds.most !== undefined) yield wrong("range", bounds.most * 2 + 1, allowed);
      for (const edge of [open.above, open.below]) if (edge !== undefined) yield wrong("range", edge, allowed);
      return;
    }
    case "string":
      yield wrong("type", 7, ["use a string"]);
      yield wrong("empty", "", ["use a string"]);
      return;
    case "boolean":
      yield wrong("type", "yes", ["use true or false"]);
      return;
    case "literal":
      yield wrong("value", UNKNOWN, [schema.literal!]);
      return;
    case "picklist":
      yield wrong("value", UNKNOWN, quoted(schema.options!));
      yield wrong("type", 7, quoted(schema.options!));
      return;
    case "union":
      yield wrong("value", UNKNOWN, quoted((schema.options as Schema[]).flatMap((option) => core(option).options ?? [])));
      yield wrong("range", -1, ["use a number from 0"]);
      return;
    case "array":
      yield wrong("type", 7, ["use a list of"]);
      if (requirement(schema, "min_length")) yield wrong("empty", [], ["use at least one"]);
      yield* walk(schema.item!, `${path}[0]`, (value) => wrap([value]), deeper);
      return;
    case "variant": {
      const allowed = quoted(namesOf(schema));
      yield wrong("value", { type: UNKNOWN }, allowed, `${path}.type`);
      yield wrong("value", UNKNOWN, allowed, `${path}.type`);
      yield wrong("missing", {}, allowed, `${path}.type`);
      yield wrong("type", 7, allowed);
      for (const option of schema.options as Schema[]) yield* walk(option, path, wrap, deeper);
      return;
    }
    case "strict_object": {
      const right = sample(schema) as Record<string, unknown>;
      const entries = Object.entries(schema.entries!);
      const inner = (key: string): string => (path === "" ? key : `${path}.${key}`);
      if (!("type" in right))
        yield wrong(
          "type",
          7,
          entries.map(([key]) => key),
        );
      yield wrong(
        "unknown key",
        { ...right, [UNKNOWN]: 1 },
        entries.map(([key]) => key),
        inner(UNKNOWN),
      );
      for (const [key, entry] of entries) {
        if (key === "type") continue;
        if (!isOptional(entry)) {
          const { [key]: _, ...without } = right;
          yield wrong("missing", without, key === "format" ? ["is missing"] : ["is missing; use "], inner(key));
        }
        yield* walk(entry, inner(key), (value) => wrap({ ...right, [key]: value }), deeper);
      }
      return;
    }
    default:
      throw new Error(`${path}: the schema has a ${schema.type}, which this walk does not know`);
  }
}

export const wrongExperiments = (): WrongExperiment[] => [...walk(experimentSchema as unknown as Schema, "", (value) => value, 0)];

/** A right experiment for each kind of everything. */
export const smallestExperiment = (): unknown => sample(experimentSchema as unknown as Schema);
