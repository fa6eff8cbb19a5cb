/** What the table of compared runs says of each. Pure. */
import { type Choices, CONTROLS, counts, differing, valueText } from "./choices.ts";
import type { differencesOf } from "./differences.ts";
import { experimentOf } from "./experimentOf.ts";
import type { History } from "./history.ts";
import type { Net } from "./link.ts";
import type { Given } from "./messages.ts";
import { percent, short } from "./table.ts";

export const HEADS = ["run", "steps", "last loss", "train loss", "test loss", "test accuracy", "ms per step", "time against the first"];
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

/** Under these heads but the first, and last what differs from the first run. */
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

/** In time per step. Times that did not take turns say more about what else the machine did. */
function overheadOf(entry: Entry, first: Entry): string {
  if (entry === first || !entry.interleaved || !first.interleaved) return "–";
  const percentage = 100 * (entry.interleaved / first.interleaved - 1);
  return `${percentage >= 0 ? "+" : "−"}${Math.abs(percentage).toFixed(0)} %`;
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
  if (entry === first) return "–";
  if (entry.experiment === null && first.experiment === null) return listOf(choiceDifferences(entry.choices, first.choices));
  if (!differ) return "–";
  const [a, b] = [first, entry].map((one): unknown => {
    const given = givenOf(one);
    if (typeof given !== "string") return given;
    try {
      return JSON.parse(given);
    } catch {
      return given;
    }
  });
  return listOf(differ(a, b).map(({ path, from, to }) => `${path}: ${clipped(from)} → ${clipped(to)}`));
}

/** As the form says it. */
const choiceDifferences = (choices: Choices, first: Choices): string[] =>
  differing(first, choices)
    .filter((name) => counts(name, choices) || counts(name, first))
    .map((name) => `${CONTROLS[name].label.toLowerCase()}: ${valueText(name, first)} → ${valueText(name, choices)}`);

function listOf(found: readonly string[]): string {
  if (found.length === 0) return "nothing";
  return [
    ...found.slice(0, MOST_DIFFERENCES),
    ...(found.length > MOST_DIFFERENCES ? [`and ${found.length - MOST_DIFFERENCES} more`] : []),
  ].join("; ");
}

const clipped = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
