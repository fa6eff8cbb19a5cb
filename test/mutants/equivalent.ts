/** Mutants that compute the same, each with the reason why no test can kill it. */
import type { Mutant } from "./mutate.ts";

export interface Equivalent {
  /** In shaders/. */
  readonly file: string;
  /** The line as it stands there, trimmed. */
  readonly before: string;
  /** What it becomes; or a pattern, or nothing for all that the rules make of the line. */
  readonly after?: string | RegExp;
  readonly reason: string;
}

export const EQUIVALENT: readonly Equivalent[] = [];

export function isEquivalent({ before, after }: Mutant, file: string, list: readonly Equivalent[] = EQUIVALENT): boolean {
  return list.some(
    (one) =>
      one.file === file &&
      one.before === before &&
      (one.after === undefined || (one.after instanceof RegExp ? one.after.test(after) : one.after === after)),
  );
}
