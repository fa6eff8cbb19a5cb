/** What had been seen of a run, as its snapshots have it: in parts, which are checked when they are read and joined in bounded room. Pure. */
import * as v from "valibot";
import { type FromWorker, PART_FORMAT, type Seen } from "./messages.ts";
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

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Of training, where it may be NaN too. */
const number = v.union([v.number(), v.nan()]);
const share = v.nullable(number);
const rows = v.instance(Float32Array);

const insideSchema = v.pipe(
  v.object({ weights: count, activations: v.array(v.string()), rows }),
  v.check((inside) => inside.rows.length % insideLength(inside) === 0),
);
const partSchema = v.pipe(
  v.object({
    format: v.literal(PART_FORMAT),
    rowLength: v.pipe(count, v.minValue(1)),
    rows,
    inside: v.nullable(insideSchema),
    seen: v.object({
      evaluations: v.array(v.object({ step: count, trainLoss: number, trainAccuracy: share, testLoss: share, testAccuracy: share })),
      marks: v.array(v.object({ step: count, text: v.string() })),
    }),
  }),
  v.check((part) => part.rows.length % part.rowLength === 0),
);

const isPart = (value: unknown): value is Part => v.is(partSchema, value);

/** Histograms as they were kept; null where they are not those of so many weights. */
export function histogramsOf(value: unknown, bins: number): Histograms | null {
  if (!v.is(v.object({ step: count, counts: v.instance(Uint32Array) }), value)) return null;
  const { length } = value.counts;
  return length > 0 && length % bins === 0 ? (value as Histograms) : null;
}
