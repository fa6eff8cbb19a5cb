/** `npm run schema`: the experiment file's JSON Schema, for editors, from the schema that the library checks with. */
import { writeFileSync } from "node:fs";
import { toJsonSchema } from "@valibot/to-json-schema";
import { experimentSchema } from "../src/experiment/schema/index.ts";
import { layerOfAnyKind } from "../src/experiment/schema/layers.ts";
import { nestedOfAnyKind } from "../src/experiment/schema/schedules.ts";

export const SCHEMA_FILE = new URL("../docs/experiment.schema.json", import.meta.url);

/** What JSON Schema cannot say, or says by itself: numbers in JSON are finite. */
const SAID_OTHERWISE = ["finite", "transform"];

type Converted = ReturnType<typeof toJsonSchema>;

export function experimentJsonSchema(): Record<string, unknown> {
  const made = toJsonSchema(experimentSchema, {
    target: "draft-07",
    // Of a name that is spelled out, what it becomes.
    typeMode: "output",
    ignoreActions: SAID_OTHERWISE,
    definitions: { layer: layerOfAnyKind, schedule: nestedOfAnyKind },
    overrideSchema: ({ valibotSchema, jsonSchema }) => (valibotSchema.type === "variant" ? withBareNames(jsonSchema) : undefined),
  });
  return { ...made, title: "Fathom experiment", description: "docs/experiment.md explains the keys." };
}

/** Where all but the type has a default, the bare name will do. */
function withBareNames(schema: Converted): Converted {
  const variants = (schema.oneOf ?? []) as { properties: { type: { const: string } }; required?: string[] }[];
  const bare = variants
    .filter(({ required = [] }) => required.every((key) => key === "type"))
    .map(({ properties }) => properties.type.const);
  return { anyOf: [...(bare.length > 0 ? [{ enum: bare }] : []), ...variants] } as Converted;
}

/** As it stands in the file. */
export const schemaText = (): string => `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`;

export function main(): void {
  writeFileSync(SCHEMA_FILE, schemaText());
}
