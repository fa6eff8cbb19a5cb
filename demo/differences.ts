/** What one experiment has otherwise than another, by path. Pure. */

export interface Difference {
  /** "model.1.times"; entries of a list by their place in the longer history: where they are now, or where they were. */
  readonly path: string;
  /** As JSON; "–" for what is not there. */
  readonly from: string;
  readonly to: string;
}

const shown = (value: unknown): string => JSON.stringify(value) ?? "–";
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Names are no difference. Things of another type differ as a whole, for their keys have nothing to do with one another. */
export function differencesOf(a: unknown, b: unknown, path = ""): Difference[] {
  if (Array.isArray(a) && Array.isArray(b)) return listDifferences(a, b, path);
  if (!isObject(a) || !isObject(b) || a["type"] !== b["type"]) return shown(a) === shown(b) ? [] : [{ path, from: shown(a), to: shown(b) }];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => path !== "" || key !== "name")
    .flatMap((key) => differencesOf(a[key], b[key], path === "" ? key : `${path}.${key}`));
}

/** Entries that are the same stay out, wherever they have moved to; of the others those of one gap answer one another. */
function listDifferences(a: readonly unknown[], b: readonly unknown[], path: string): Difference[] {
  const found: Difference[] = [];
  let [fromA, fromB] = [0, 0];
  for (const [atA, atB] of [...commonEntries(a.map(shown), b.map(shown)), [a.length, b.length] as const]) {
    for (let gap = 0; gap < Math.max(atA - fromA, atB - fromB); gap++) {
      const [left, right] = [fromA + gap < atA ? a[fromA + gap] : undefined, fromB + gap < atB ? b[fromB + gap] : undefined];
      found.push(...differencesOf(left, right, `${path}.${right === undefined ? fromA + gap : fromB + gap}`));
    }
    [fromA, fromB] = [atA + 1, atB + 1];
  }
  return found;
}

/** The places of a longest common subsequence. */
function commonEntries(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i]![j] = a[i] === b[j] ? length[i + 1]![j + 1]! + 1 : Math.max(length[i + 1]![j]!, length[i]![j + 1]!);
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; )
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (length[i + 1]![j]! >= length[i]![j + 1]!) i++;
    else j++;
  return pairs;
}
