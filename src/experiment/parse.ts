/** Checks an experiment file: what is wrong is named by its path, with what is allowed there. */
import * as v from "valibot";
import { FathomError } from "../core/errors.ts";
import { faultsBetween } from "./rules.ts";
import { type Experiment, experimentSchema } from "./schema/index.ts";

/** Faults that one error lists; a file may have hundreds of one kind. */
const MOST_FAULTS = 8;

/** `value` is the parsed JSON, or its text. `fileName` is what errors call it. */
export function parseExperiment(value: unknown, fileName = "experiment"): Experiment {
  const json = typeof value === "string" ? parseJson(value, fileName) : value;
  const result = v.safeParse(experimentSchema, json, { abortPipeEarly: true });
  const faults = result.success
    ? faultsBetween(result.output)
    : result.issues.map((issue) => `${pathOf(issue)} ${issue.message}`.trimStart());
  if (result.success && faults.length === 0) return result.output;
  const listed = faults.length > MOST_FAULTS ? [...faults.slice(0, MOST_FAULTS), `and ${faults.length - MOST_FAULTS} more`] : faults;
  throw new FathomError("experiment", `${fileName}: ${listed.join("; ")}`, { details: { faults } });
}

function parseJson(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FathomError("experiment", `${fileName}: is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
}

/** `model[3].body[0].units` */
function pathOf(issue: v.BaseIssue<unknown>): string {
  return (issue.path ?? []).reduce(
    (path, { key }) => (typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`),
    "",
  );
}
