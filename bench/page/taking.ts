/** What the page's document is taken away as, once it is what its schema says. */
import * as v from "valibot";
import { type BenchResult, resultSchema } from "../schema.ts";
import { resultMarkdown } from "../table.ts";

interface Taking {
  /** Of the file. */
  readonly name: string;
  readonly type: string;
  readonly text: (result: BenchResult) => string;
}

export const TAKEN_AS = {
  json: { name: "fathom-bench.json", type: "application/json", text: (result) => `${JSON.stringify(result, null, 1)}\n` },
  markdown: { name: "fathom-bench.md", type: "text/markdown", text: resultMarkdown },
} as const satisfies Record<string, Taking>;

export type TakenAs = keyof typeof TAKEN_AS;

/** What the schema finds wrong with a document, in a sentence; null where it finds nothing. */
export function faultOf(result: BenchResult): string | null {
  const { issues } = v.safeParse(resultSchema, result);
  if (!issues) return null;
  const [first] = issues;
  return `Not exported, for its schema does not hold: ${v.getDotPath(first) ?? "the document"}: ${first.message}${issues.length > 1 ? `, and ${issues.length - 1} more` : ""}.`;
}
