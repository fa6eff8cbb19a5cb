/** docs/experiment.md names every type and key of the schema, with its default. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { experimentSchema } from "../../src/experiment/schema/index.ts";

/** What is walked of a valibot schema. */
interface Schema {
  readonly type: string;
  readonly kind?: string;
  readonly pipe?: readonly Schema[];
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly wrapped?: Schema;
  readonly default?: unknown;
  readonly item?: Schema;
  readonly options?: readonly unknown[];
  readonly literal?: string;
  readonly getter?: () => Schema;
}

interface Key {
  /** The `type` of its object; null where that has none. */
  readonly of: string | null;
  readonly key: string;
  readonly standard: unknown;
}

const text = readFileSync(new URL("../../docs/experiment.md", import.meta.url), "utf8");
/** Rows of tables, bullets and paragraphs, each in one line. */
const lines = text
  .split("\n\n")
  .flatMap((block) => block.split(block.startsWith("|") ? "\n" : /\n(?=- )/).map((part) => part.replaceAll("\n", " ")));

/** Every object of the schema, once. */
function keysOf(root: Schema): Key[] {
  const seen = new Set<Schema>();
  const found: Key[] = [];
  const visit = (schema: Schema): void => {
    if (seen.has(schema)) return;
    seen.add(schema);
    if (schema.getter) visit(schema.getter());
    if (schema.wrapped) visit(schema.wrapped);
    if (schema.item) visit(schema.item);
    for (const part of schema.pipe ?? []) if (part.kind === "schema" && part !== schema) visit(part);
    for (const option of schema.options ?? []) if (typeof option === "object") visit(option as Schema);
    const of = schema.entries?.["type"]?.literal ?? null;
    for (const [key, entry] of Object.entries(schema.entries ?? {})) {
      if (key !== "type") found.push({ of, key, standard: entry.type === "optional" ? entry.default : undefined });
      else if (Object.keys(schema.entries!).length === 1) found.push({ of, key: "type", standard: undefined });
      visit(entry);
    }
  };
  visit(root);
  return found;
}

/** The rows and bullets that tell of a type; what it has "as `adam`" is that one's. */
function storyOf(type: string): string {
  const own = lines.filter((line) => {
    const first = line.startsWith("|") ? line.split("|")[1]! : line;
    return (
      first.includes(`\`${type}\``) || (!line.startsWith("|") && line.includes(`"type": "${type}"`)) || line.startsWith(`- **${type}**`)
    );
  });
  // The value of another key, in a sentence.
  if (own.length === 0) own.push(...lines.filter((line) => !line.startsWith("|") && line.includes(`: "${type}"`)));
  const like = own.flatMap((line) => [...line.matchAll(/\bas `(\w+)`/g)].map(([, other]) => other!)).filter((other) => other !== type);
  return [...own, ...like.map(storyOf)].join("\n");
}

/** Ways to write a default: 1e-5, −1, `"erf"`. */
function forms(value: unknown): string[] {
  if (typeof value === "string") return [`"${value}"`];
  if (typeof value !== "number") return [JSON.stringify(value)];
  const [mantissa, exponent] = value.toExponential().split("e");
  return [String(value), `${mantissa}e${Number(exponent)}`, String(value).replace("-", "−")];
}

/** Whether the default stands behind the key, in brackets, or as the one of several values that is called the default. */
function tellsDefault(story: string, key: string, value: unknown): boolean {
  const escaped = forms(value)
    .map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("|");
  const behind = `[^|\\n]{0,160}?`;
  const row = lines.find((line) => line.startsWith(`| \`${key}\` |`))?.split("|")[3] ?? "";
  if (forms(value).some((form) => row.includes(form)) || (typeof value === "object" && row.includes("every step"))) return true;
  return new RegExp(`(\`${key}\`|"${key}":)${behind}(\\(\`?(${escaped})\`?[,)]|(${escaped})\`? \\(default\\))`).test(story);
}

const keys = keysOf(experimentSchema as unknown as Schema);

describe("docs/experiment.md", () => {
  it("is held against a schema that is there", () => {
    expect(keys.length).toBeGreaterThan(200);
    expect(new Set(keys.map(({ of }) => of)).size).toBeGreaterThan(70);
    expect(tellsDefault("`epsilon` (1e-5), `momentum` (0.1)", "epsilon", 1e-5)).toBe(true);
    expect(tellsDefault("`epsilon` (1e-5), `momentum` (0.1)", "epsilon", 0.2)).toBe(false);
    expect(tellsDefault('`form`: `"erf"` (default) or `"tanh"`', "form", "erf")).toBe(true);
  });

  it("has a row or a bullet for every type", () => {
    const types = [...new Set(keys.flatMap(({ of }) => of ?? []))];
    expect(types.filter((type) => storyOf(type) === "").join("  ")).toBe("");
  });

  it("names every key beside its type", () => {
    const missing = keys.filter(({ of, key }) => {
      const story = of === null ? text : storyOf(of);
      return key !== "type" && !GENERAL.has(key) && !story.includes(`\`${key}\``) && !story.includes(`"${key}":`);
    });
    expect(missing.map(({ of, key }) => `${of}.${key}`).join("  ")).toBe("");
  });

  it("tells every default", () => {
    const missing = keys.filter(({ of, key, standard }) => {
      if (standard === undefined) return false;
      // Those of several types that are told of together, and of objects without a type.
      const story = of === null || GENERAL.has(key) ? text : storyOf(of);
      return !tellsDefault(story, key, standard);
    });
    expect(missing.map(({ of, key, standard }) => `${of}.${key} (${JSON.stringify(standard)})`).join("  ")).toBe("");
  });
});

/** Told of once for all types that have them. */
const GENERAL = new Set(["order", "unit", "divideBy", "samples", "testFraction", "seed"]);
