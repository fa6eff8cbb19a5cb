/** The JSON Schema for editors: it is what the library's own schema makes, passes every experiment that is here, and refuses every one that is wrong. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { experimentJsonSchema, SCHEMA_FILE, schemaText } from "../../scripts/schema.ts";
import { builtInComparison } from "../../src/cli/comparison.ts";
import { EXAMPLE } from "../../src/cli/init.ts";
import { parseExperiment } from "../../src/experiment/index.ts";
import { smallestExperiment, wrongExperiments } from "../support/wrongExperiments.ts";

const validate = new Ajv({ allowUnionTypes: true }).compile(experimentJsonSchema());
const at = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const read = (path: string): unknown => JSON.parse(readFileSync(at(path), "utf8"));

function filesIn(folder: string, name: RegExp): string[] {
  if (!existsSync(at(folder))) return [];
  return (readdirSync(at(folder), { recursive: true }) as string[]).filter((file) => name.test(file)).map((file) => `${folder}/${file}`);
}

it("is the committed file: npm run schema", () => {
  expect(readFileSync(SCHEMA_FILE, "utf8")).toBe(schemaText());
});

describe("passes, as the library does,", () => {
  const right: [string, unknown][] = [
    ...[...filesIn("test/oracle/cases", /experiment\.json$/), ...filesIn("demo/experiments", /\.json$/)].map((path): [string, unknown] => [
      path,
      read(path),
    ]),
    ...builtInComparison().nets.map(({ name, experiment }): [string, unknown] => [`net ${name}`, experiment]),
    ["the example of fathom init", JSON.parse(EXAMPLE)],
    ["the example of docs/experiment.md", JSON.parse(/```json\n([\s\S]*?)```/.exec(readFileSync(at("docs/experiment.md"), "utf8"))![1]!)],
    ["the smallest", smallestExperiment()],
  ];

  it("enough", () => {
    expect(right.length).toBeGreaterThan(15);
  });

  it.each(right)("%s", (_, json) => {
    parseExperiment(json);
    expect(validate(json), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
  });
});

it("refuses every file that is wrong by one constraint", () => {
  const passed = wrongExperiments().filter(({ json }) => validate(json));
  expect(passed.map(({ path, kind }) => `${kind} at ${path}`)).toEqual([]);
});

it("knows bare names only where all else has a default", () => {
  const base = smallestExperiment() as Record<string, unknown>;
  expect(validate({ ...base, optimizer: "sgd", dataset: "digits", clip: "normalize", model: ["relu"] })).toBe(true);
  for (const change of [{ model: ["linear"] }, { clip: "globalNorm" }, { schedule: "constant" }, { dataset: "safetensors" }])
    expect(validate({ ...base, ...change }), JSON.stringify(change)).toBe(false);
});
