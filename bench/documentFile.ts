/** Reads a document of the benchmark, and says which file it is where it cannot be read. */
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { FathomError } from "../src/core/errors.ts";
import { type BenchResult, FORMAT, resultSchema } from "./schema.ts";

/** Throws a FathomError (file-format) that names the file and the place in it. A file that is missing throws Node's ENOENT. */
export function readDocument(file: string): BenchResult {
  const refuse = (what: string, cause?: unknown): never => {
    throw new FathomError("file-format", `${file} ${what}. Measure it anew (npm run bench -- … --save NAME), or move it away`, { cause });
  };
  const text = readFileSync(file, "utf8");
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    return refuse(`is no JSON (${(cause as Error).message})`, cause);
  }
  const format = (given as { format?: unknown } | null)?.format;
  if (format !== FORMAT) return refuse(`has the format ${JSON.stringify(format) ?? "of no benchmark"}, and this Fathom reads "${FORMAT}"`);
  const { success, output, issues } = v.safeParse(resultSchema, given);
  if (success) return output;
  return refuse(`is no document of the format "${FORMAT}": ${v.getDotPath(issues[0]) ?? "its top"}: ${issues[0].message}`);
}
