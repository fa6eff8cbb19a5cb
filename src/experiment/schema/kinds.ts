/** Objects that are told apart by their `type`. */
import * as v from "valibot";
import { integer, object } from "./checks.ts";

/** A layer, initialiser or schedule of a given name and further keys. */
export const kind = <const N extends string, const E extends v.ObjectEntries>(name: N, entries: E) =>
  object({ type: v.literal(name), ...entries });

/** For a kind without further keys. */
export const none = {};

export const SEED = integer(0, 2 ** 32 - 1);

export function namesOf(variants: readonly { readonly entries: { readonly type: { readonly literal: string } } }[]): string[] {
  return variants.map(({ entries }) => entries.type.literal);
}
