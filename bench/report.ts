/** `npm run bench:report`: makes the figures of docs/benchmarks.md of the documents under bench/results. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDocument } from "./documentFile.ts";
import { type NamedResult, withFigures } from "./reportText.ts";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
export const DOCUMENT = join(repository, "docs/benchmarks.md");

/** The committed ones, by name. */
export function committedResults(folder = join(repository, "bench/results")): NamedResult[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => ({
      name: name.slice(0, -".json".length),
      result: readDocument(join(folder, name)),
    }));
}

export const currentText = (): string => readFileSync(DOCUMENT, "utf8");

export function main(): void {
  const results = committedResults();
  writeFileSync(DOCUMENT, withFigures(currentText(), results));
  console.log(`docs/benchmarks.md has the figures of ${results.map(({ name }) => name).join(", ") || "no document"}`);
}
