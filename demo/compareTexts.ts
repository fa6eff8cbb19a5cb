/** What the table of compared runs says of each. Pure. */
import type { differencesOf } from "./differences.ts";
import { experimentOf } from "./experimentOf.ts";
import type { History } from "./history.ts";
import type { Net } from "./link.ts";
import type { Given } from "./messages.ts";
import { percent, short } from "./table.ts";

export const HEADS = [
  "run",
  "steps",
  "last loss",
  "train loss",
  "test loss",
  "test accuracy",
  "ms per step",
  "against the first",
  "what differs from the first",
];
const MOST_DIFFERENCES = 4;

export interface Entry extends Net {
  name: string;
  readonly colour: number;
  /** Null until it is trained. */
  history: History | null;
  /** Median of blocks of steps that took turns with the others'; null where it was not measured. */
  interleaved: number | null;
  /** What was changed while it ran, or while the run of the link did. */
  changed: string;
}

export const givenOf = ({ choices, experiment, history }: Entry): Given => history?.experiment ?? experiment ?? experimentOf(choices);

/** Null where there is nothing to compare, or not yet. */
export type Differ = typeof differencesOf | null;

export function textsOf(entry: Entry, first: Entry, differ: Differ): string[] {
  const { history } = entry;
  if (!history) return ["not trained yet", "–", "–", "–", "–", "–", "–", othersOf(entry, first, differ)];
  const last = history.count > 0 ? history.value(history.count - 1, "loss") : null;
  const seen = history.evaluations.at(-1);
  return [
    `${history.step} of ${history.steps}`,
    short(last),
    short(seen?.trainLoss),
    short(seen?.testLoss),
    percent(seen?.testAccuracy),
    entry.interleaved === null ? short(history.millisecondsPerStep) : `${short(entry.interleaved)}, interleaved`,
    overheadOf(entry, first),
    othersOf(entry, first, differ),
  ];
}

/** In time per step. Times that did not take turns say as much about what else the machine did. */
function overheadOf(entry: Entry, first: Entry): string {
  if (entry === first) return "–";
  const turns = entry.interleaved !== null && first.interleaved !== null;
  const [mine, its] = turns
    ? [entry.interleaved, first.interleaved]
    : [entry.history?.millisecondsPerStep, first.history?.millisecondsPerStep];
  if (!mine || !its) return "–";
  const percentage = 100 * (mine / its - 1);
  return `${percentage >= 0 ? "+" : "−"}${Math.abs(percentage).toFixed(0)} %${turns ? "" : ", not interleaved"}`;
}

/** In its settings, and what was changed on its way, which training it anew does not make. */
function othersOf(entry: Entry, first: Entry, differ: Differ): string {
  const { changed, history } = entry;
  if (changed === "") return differenceOf(entry, first, differ);
  const otherwise = history
    ? `changed while it ran: ${changed}`
    : `the link's run was changed while it ran, which is not made here: ${changed}`;
  return entry === first ? otherwise : `${differenceOf(entry, first, differ)}; ${otherwise}`;
}

function differenceOf(entry: Entry, first: Entry, differ: Differ): string {
  if (entry === first || !differ) return "–";
  const [a, b] = [first, entry].map((one): unknown => {
    const given = givenOf(one);
    if (typeof given !== "string") return given;
    try {
      return JSON.parse(given);
    } catch {
      return given;
    }
  });
  const found = differ(a, b).map(({ path, from, to }) => `${path}: ${clipped(from)} → ${clipped(to)}`);
  if (found.length === 0) return "nothing";
  return [
    ...found.slice(0, MOST_DIFFERENCES),
    ...(found.length > MOST_DIFFERENCES ? [`and ${found.length - MOST_DIFFERENCES} more`] : []),
  ].join("; ");
}

const clipped = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
