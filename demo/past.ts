/** What had been seen of a run, as its snapshots have it: in parts, which are checked when they are read and joined in bounded room. Pure. */
import { type Evaluated, type FromWorker, type Mark, PART_FORMAT, type Seen } from "./messages.ts";
import { RowStore, thinned } from "./rowStore.ts";

type Insight = Extract<FromWorker, { type: "insight" }>;
/** As the page's class Inside takes them. */
export type InsideRows = Pick<Insight, "rows" | "weights" | "activations">;
export type Histograms = NonNullable<Insight["histograms"]>;

/** Since the snapshot before. */
export interface Part {
  readonly format: typeof PART_FORMAT;
  readonly rowLength: number;
  readonly rows: Float32Array;
  readonly inside: InsideRows | null;
  readonly seen: Seen;
}

/** All parts as one; null where none is as it should be. */
export function joined(parts: readonly unknown[]): Part | null {
  const sound = parts.filter(isPart);
  const [first] = sound;
  if (!first) return null;
  const alike = sound.filter(({ rowLength }) => rowLength === first.rowLength);
  const rows = new RowStore(first.rowLength);
  for (const part of alike) rows.add(part.rows);
  const insides = alike.flatMap(({ inside }) => (inside ? [inside] : []));
  return {
    format: PART_FORMAT,
    rowLength: first.rowLength,
    rows: rows.rows.slice(),
    inside: insidesJoined(insides),
    seen: {
      evaluations: thinned(alike.flatMap(({ seen }) => seen.evaluations)),
      marks: alike.flatMap(({ seen }) => seen.marks),
    },
  };
}

const insideLength = ({ weights, activations }: InsideRows): number => 1 + weights + 2 * activations.length;

function insidesJoined(insides: readonly InsideRows[]): InsideRows | null {
  const last = insides.at(-1);
  if (!last) return null;
  const rows = new RowStore(insideLength(last));
  for (const inside of insides) if (insideLength(inside) === rows.rowLength) rows.add(inside.rows);
  return { weights: last.weights, activations: last.activations, rows: rows.rows.slice() };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
const isRows = (value: unknown, rowLength: number): boolean => value instanceof Float32Array && value.length % rowLength === 0;
const isListOf = (value: unknown, isOne: (one: unknown) => boolean): boolean => Array.isArray(value) && value.every(isOne);
const isText = (value: unknown): boolean => typeof value === "string";
const isShare = (value: unknown): boolean => value === null || typeof value === "number";

const isEvaluated = (value: unknown): boolean =>
  isRecord(value) &&
  isCount(value["step"]) &&
  typeof value["trainLoss"] === "number" &&
  (["trainAccuracy", "testLoss", "testAccuracy"] satisfies (keyof Evaluated)[]).every((name) => isShare(value[name]));

const isMark = (value: unknown): value is Mark => isRecord(value) && isCount(value["step"]) && isText(value["text"]);

const isInside = (value: unknown): boolean =>
  isRecord(value) &&
  isCount(value["weights"]) &&
  isListOf(value["activations"], isText) &&
  isRows(value["rows"], insideLength(value as unknown as InsideRows));

function isPart(value: unknown): value is Part {
  if (!isRecord(value) || value["format"] !== PART_FORMAT) return false;
  const { rowLength, rows, inside, seen } = value;
  if (!isCount(rowLength) || rowLength === 0 || !isRows(rows, rowLength)) return false;
  if (inside !== null && !isInside(inside)) return false;
  return isRecord(seen) && isListOf(seen["evaluations"], isEvaluated) && isListOf(seen["marks"], isMark);
}

/** Histograms as they were kept; null where they are not those of so many weights. */
export function histogramsOf(value: unknown, bins: number): Histograms | null {
  if (!isRecord(value) || !isCount(value["step"])) return null;
  const { counts } = value;
  return counts instanceof Uint32Array && counts.length > 0 && counts.length % bins === 0 ? (value as unknown as Histograms) : null;
}
