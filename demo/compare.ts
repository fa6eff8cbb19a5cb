/** The runs that are compared: pinned ones keep their colour until they are removed, and those of a link wait to be trained. */
import type { Run } from "./charts.ts";
import { differencesOf } from "./differences.ts";
import { find, make } from "./dom.ts";
import { experimentOf } from "./experimentOf.ts";
import type { History } from "./history.ts";
import { type Net, type Pin, sameNet } from "./link.ts";
import type { Given } from "./messages.ts";
import { MOST_RUNS } from "./palette.ts";
import { percent, short } from "./table.ts";

const HEADS = [
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

interface Entry extends Net {
  name: string;
  readonly colour: number;
  /** Null until it is trained. */
  history: History | null;
  /** Median of blocks of steps that took turns with the others'; null where it was not measured. */
  interleaved: number | null;
}

export interface CompareEvents {
  /** What is pinned became another. */
  readonly changed: () => void;
  readonly train: (net: Net) => void;
}

export class Compare {
  private entries: Entry[] = [];
  private current: Entry | null = null;
  private rows: readonly { readonly entry: Entry; readonly cells: readonly HTMLTableCellElement[]; readonly trained: boolean }[] = [];
  private readonly events: CompareEvents;

  constructor(events: CompareEvents) {
    this.events = events;
  }

  get full(): boolean {
    return this.entries.length >= MOST_RUNS - 1;
  }

  has(history: History): boolean {
    return this.entries.some((entry) => entry.history === history);
  }

  get pins(): readonly Pin[] {
    return this.entries.map(({ name, choices, experiment }) => ({ name, choices, experiment }));
  }

  /** Those of a link, in place of what was pinned. What has been trained already stays. */
  open(pins: readonly Pin[]): void {
    const before = this.entries;
    this.entries = pins.map(({ name, ...net }, index) => {
      const known = before.find((entry) => sameNet(entry, net));
      return { name, ...net, colour: index + 1, history: known?.history ?? null, interleaved: known?.interleaved ?? null };
    });
  }

  pin(history: History): void {
    if (this.full || this.has(history)) return;
    const taken = new Set(this.entries.map(({ colour }) => colour));
    const colour = Array.from({ length: MOST_RUNS - 1 }, (_, index) => index + 1).find((one) => !taken.has(one))!;
    this.entries.push({ ...entryOf(history), colour });
    this.events.changed();
  }

  /** Pinned ones, and the current run last, so that it lies on top. */
  private all(history: History | null): readonly Entry[] {
    if (!history || this.has(history)) return this.entries;
    // A run that a link has pinned is that one, once it is trained.
    const waiting = this.entries.find((entry) => entry.history === null && sameNet(entry, entryOf(history)));
    if (waiting) {
      waiting.history = history;
      history.name = waiting.name;
      return this.entries;
    }
    if (this.current?.history !== history) this.current = { ...entryOf(history), colour: 0 };
    return [...this.entries, this.current];
  }

  runs(history: History | null): readonly Run[] {
    return this.all(history).flatMap(({ history: its, colour }) => (its ? [{ history: its, colour }] : []));
  }

  /** The experiments of all of them, to be timed, and where the answer goes. */
  get toTime(): { readonly experiments: readonly Given[]; readonly take: (milliseconds: readonly number[]) => void } {
    const entries = this.rows.map(({ entry }) => entry);
    return {
      experiments: entries.map(givenOf),
      take: (milliseconds) => {
        for (const [index, entry] of entries.entries()) entry.interleaved = milliseconds[index]!;
        this.events.changed();
      },
    };
  }

  /** Rows stay as long as their runs do, so that focus does not get lost. */
  fill(history: History | null): void {
    const entries = this.all(history);
    const same =
      entries.length === this.rows.length &&
      entries.every((entry, index) => this.rows[index]!.entry === entry && this.rows[index]!.trained === (entry.history !== null));
    if (!same) this.build(entries);
    const first = entries[0];
    for (const { entry, cells } of this.rows)
      for (const [index, text] of textsOf(entry, first!).entries())
        if (cells[index]!.textContent !== text) cells[index]!.textContent = text;
  }

  private build(entries: readonly Entry[]): void {
    this.rows = entries.map((entry) => ({
      entry,
      trained: entry.history !== null,
      cells: textsOf(entry, entries[0]!).map(() => make("td")),
    }));
    const lines = this.rows.map(({ entry, cells }) =>
      make(
        "tr",
        {},
        make("td", {}, make("span", { className: `swatch run-${entry.colour}` })),
        make("td", {}, this.nameOf(entry)),
        ...cells,
        make("td", {}, ...this.buttonsOf(entry)),
      ),
    );
    const head = make("tr", {}, make("td"), ...HEADS.map((text) => make("th", { scope: "col" }, text)), make("td"));
    find("#runs").replaceChildren(...(entries.length > 0 ? [make("table", {}, make("thead", {}, head), make("tbody", {}, ...lines))] : []));
  }

  private nameOf(entry: Entry): HTMLElement {
    const input = make("input", { type: "text", value: entry.name, maxLength: 80, className: "name" });
    input.setAttribute("aria-label", "Name of the run");
    input.addEventListener("change", () => {
      entry.name = input.value;
      if (entry.history) entry.history.name = input.value;
      this.events.changed();
    });
    return input;
  }

  private buttonsOf(entry: Entry): HTMLElement[] {
    if (entry.colour === 0) return [];
    const remove = make("button", { type: "button" }, "Remove");
    remove.setAttribute("aria-label", `Remove ${entry.name}`);
    remove.addEventListener("click", () => {
      this.entries = this.entries.filter((other) => other !== entry);
      this.events.changed();
    });
    if (entry.history) return [remove];
    const train = make("button", { type: "button" }, "Train");
    train.setAttribute("aria-label", `Train ${entry.name}`);
    train.addEventListener("click", () => this.events.train(entry));
    return [train, remove];
  }
}

const entryOf = (history: History): Omit<Entry, "colour"> => ({
  name: history.name,
  choices: history.choices,
  experiment: typeof history.experiment === "string" ? history.experiment : null,
  history,
  interleaved: null,
});

const givenOf = ({ choices, experiment, history }: Entry): Given => history?.experiment ?? experiment ?? experimentOf(choices);

function textsOf(entry: Entry, first: Entry): string[] {
  const { history } = entry;
  if (!history) return ["not trained yet", "–", "–", "–", "–", "–", "–", differenceOf(entry, first)];
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
    differenceOf(entry, first),
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

function differenceOf(entry: Entry, first: Entry): string {
  if (entry === first) return "–";
  const [a, b] = [first, entry].map((one): unknown => {
    const given = givenOf(one);
    if (typeof given !== "string") return given;
    try {
      return JSON.parse(given);
    } catch {
      return given;
    }
  });
  const found = differencesOf(a, b).map(({ path, from, to }) => `${path}: ${clipped(from)} → ${clipped(to)}`);
  if (found.length === 0) return "nothing";
  return [
    ...found.slice(0, MOST_DIFFERENCES),
    ...(found.length > MOST_DIFFERENCES ? [`and ${found.length - MOST_DIFFERENCES} more`] : []),
  ].join("; ");
}

const clipped = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
