/** What a document of several calls says that it left out: not what a later call measured after all. */
import type { Entry, SuiteResult } from "./schema.ts";

interface Joined {
  /** Earlier entries that are still in. */
  readonly kept: readonly Entry[];
  /** Earlier entries that are not: their base was measured anew, and they were not. */
  readonly dropped: readonly Entry[];
  /** Whether the later call told all that it left out of the suite. */
  readonly isWhole: boolean;
}

const inGroup = ({ title, group }: Entry): string => `${title} (${group})`;

/** Lines of `left` begin with a contestant, "tanh (activations, 24 layers): …" or "tanh: …", or with a group, "activations, 24 layers: …"; "tanh, seed 7: …" too. */
const NAMES = [inGroup, ({ title }: Entry) => title, ({ group }: Entry) => group] as const;

/** "seed 7: 9 of 173, for no time was left": of any contestant. */
const OF_A_SEED = /^seed \d+: /;

/** The entries that a line is about; null where it begins with none of the names, as where nothing of its group was measured. */
function subject(line: string, entries: readonly Entry[]): { readonly name: string; readonly entries: readonly Entry[] } | null {
  if (OF_A_SEED.test(line)) return entries.length > 0 ? { name: "", entries } : null;
  const names = new Set(entries.flatMap((entry) => NAMES.map((nameOf) => nameOf(entry))));
  // "plain: tanh, SGD: …" is not about "plain".
  const [name] = [...names]
    .filter((one) => line.startsWith(`${one}: `) || line.startsWith(`${one}, seed `))
    .sort((one, other) => other.length - one.length);
  if (name === undefined) return null;
  return { name, entries: entries.filter((entry) => NAMES.some((nameOf) => nameOf(entry) === name)) };
}

/** "all 14, for no time was left", "3 of 14, for no time was left" */
const MISSING = /(?:all|\d+ of) (\d+), for no time was left$/;

export function joinedLeft(before: SuiteResult, after: SuiteResult, { kept, dropped, isWhole }: Joined): string[] {
  const all = [...before.entries, ...after.entries];
  const now = [...kept, ...after.entries];

  /** A line of the call that did not measure `others`, which are of the other call and in the document. */
  const still = (line: string, own: readonly Entry[], others: readonly Entry[]): string[] => {
    const about = subject(line, all);
    if (!about) return [line];
    const [, whole] = OF_A_SEED.test(line) ? [] : (MISSING.exec(line) ?? []);
    if (whole !== undefined) {
      const missing = Number(whole) - now.filter((entry) => about.entries.includes(entry)).length;
      return missing > 0 ? [`${about.name}: ${missing} of ${whole}, for no time was left`] : [];
    }
    const holds = (entries: readonly Entry[]): boolean => about.entries.some((entry) => entries.includes(entry));
    return holds(own) || !holds(others) ? [line] : [];
  };

  return [
    ...new Set([
      ...before.left.filter((line) => !isWhole || subject(line, kept)).flatMap((line) => still(line, kept, after.entries)),
      ...dropped.map((entry) => `${inGroup(entry)}: dropped, for what it was compared with was measured anew`),
      ...after.left.flatMap((line) => still(line, after.entries, kept)),
    ]),
  ];
}
