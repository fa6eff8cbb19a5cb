/** The runs that are compared: pinned ones keep their colour until they are removed, and those of a link wait to be trained. */
import { changesOf } from "./changes.ts";
import type { Run } from "./charts.ts";
import { type Differ, type Entry, HEADS, textsOf } from "./compareTexts.ts";
import { find, make } from "./dom.ts";
import { experimentOf, type OwnData } from "./experimentOf.ts";
import type { History } from "./history.ts";
import { type Net, type Pin, sameNet } from "./link.ts";
import type { ToTime } from "./messages.ts";
import { MOST_RUNS } from "./palette.ts";
import { focusIn, refocus } from "./rowFocus.ts";
import { swatchOf } from "./swatch.ts";

interface Row {
  readonly entry: Entry;
  readonly line: HTMLTableRowElement;
  readonly cells: readonly HTMLElement[];
  readonly trained: boolean;
}

export interface CompareEvents {
  /** What is pinned became another. */
  readonly changed: () => void;
  readonly train: (net: Net) => void;
}

export class Compare {
  private entries: Entry[] = [];
  private current: Entry | null = null;
  private rows: readonly Row[] = [];
  private differ: Differ = null;
  private asked = false;
  /** Steps of the runs that the browser has kept. */
  private readonly keptAt = new WeakMap<History, number>();
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

  canPin(history: History | null): history is History {
    return history !== null && !this.full && !this.has(history);
  }

  get pins(): readonly Pin[] {
    return this.entries.map(({ name, choices, experiment, changed }) => ({
      name,
      choices,
      experiment,
      ...(changed === "" ? {} : { changed }),
    }));
  }

  /** Those of a link, in place of what was pinned. What has been trained already stays. */
  open(pins: readonly Pin[]): void {
    const before = this.entries;
    this.entries = pins.map(({ changed = "", ...pin }, index) => {
      const known = before.find((entry) => sameNet(entry, pin));
      return { ...pin, changed, colour: index + 1, history: known?.history ?? null, interleaved: known?.interleaved ?? null };
    });
    void this.takeUp();
  }

  /** What the browser has kept of them. */
  private async takeUp(): Promise<void> {
    const waiting = this.entries.filter(({ history }) => history === null);
    if (waiting.length === 0) return;
    // A browser may keep nothing, and without a network there may be no code.
    const pinned = await import("./pinned.ts").catch(() => null);
    for (const entry of waiting) {
      const kept = (await pinned?.find(entry).catch(() => null)) ?? null;
      // It may have been trained meanwhile.
      entry.history ??= kept;
    }
    this.events.changed();
  }

  /** In this browser, so that their curves are there when the page is opened again; while a run goes on there is no end to it. */
  async keep(): Promise<void> {
    const runs = this.entries.filter(({ history }) => history !== null && this.keptAt.get(history) !== history.step);
    if (runs.length === 0) return;
    for (const { history } of runs) this.keptAt.set(history!, history!.step);
    const pinned = await import("./pinned.ts").catch(() => null);
    for (const entry of runs) await pinned?.keep(entry, entry.history!).catch(() => {});
  }

  /** Nothing happens where there is no run, no room, or a pin of it. */
  pin(history: History | null): void {
    if (!this.canPin(history)) return;
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

  /** All of them, to be timed, and where the answer goes; untrained ones on the data that are open. */
  toTime(open: OpenData): { readonly nets: readonly ToTime[]; readonly take: (milliseconds: readonly number[]) => void } {
    const entries = this.rows.map(({ entry }) => entry);
    return {
      nets: entries.map((entry) => netOf(entry, open)),
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
    this.noteChanges();
    if (entries.length > 1 && !this.asked) void this.fetchDiffer();
    const first = entries[0];
    for (const { entry, cells } of this.rows)
      for (const [index, text] of textsOf(entry, first!, this.differ).entries())
        if (cells[index]!.textContent !== text) cells[index]!.textContent = text;
  }

  /** Its code comes with the second run. */
  private async fetchDiffer(): Promise<void> {
    this.asked = true;
    try {
      this.differ = (await import("./differences.ts")).differencesOf;
      this.events.changed();
    } catch {
      this.asked = false;
    }
  }

  /** Of runs that are trained here; the address has those of pinned ones. */
  private noteChanges(): void {
    let pinned = false;
    for (const { entry } of this.rows) {
      const changed = entry.history ? changesOf(entry.history.marks) : entry.changed;
      if (changed === entry.changed) continue;
      entry.changed = changed;
      pinned ||= entry !== this.current;
    }
    if (pinned) this.events.changed();
  }

  private build(entries: readonly Entry[]): void {
    const focused = focusIn(this.rows);
    this.rows = entries.map((entry) => this.rowOf(entry));
    const lines = this.rows.map(({ line }) => line);
    const head = make("tr", {}, make("td"), ...HEADS.map((text) => make("th", { scope: "col" }, text)));
    find("#runs").replaceChildren(...(entries.length > 0 ? [make("table", {}, make("thead", {}, head), make("tbody", {}, ...lines))] : []));
    if (focused) refocus(focused, this.rows, find("#play"));
  }

  /** With its buttons and what differs beside its name, where no window is too narrow for them. */
  private rowOf(entry: Entry): Row {
    const cells = HEADS.slice(1).map(() => make("td"));
    const differs = make("small");
    const buttons = this.buttonsOf(entry);
    const label = (): void => {
      for (const button of buttons) button.setAttribute("aria-label", `${button.textContent} ${entry.name}`);
    };
    label();
    const line = make(
      "tr",
      {},
      make("td", {}, swatchOf(entry.colour)),
      make("td", {}, make("div", { className: "named" }, this.nameOf(entry, label), ...buttons), differs),
      ...cells,
    );
    return { entry, cells: [...cells, differs], line, trained: entry.history !== null };
  }

  private nameOf(entry: Entry, renamed: () => void): HTMLElement {
    const input = make("input", { type: "text", value: entry.name, maxLength: 80, className: "name" });
    input.setAttribute("aria-label", "Name of the run");
    input.addEventListener("change", () => {
      entry.name = input.value;
      if (entry.history) entry.history.name = input.value;
      renamed();
      this.events.changed();
    });
    return input;
  }

  private buttonsOf(entry: Entry): HTMLElement[] {
    if (entry.colour === 0) return [];
    const remove = make("button", { type: "button" }, "Remove");
    remove.addEventListener("click", () => {
      this.entries = this.entries.filter((other) => other !== entry);
      this.events.changed();
    });
    if (entry.history) return [remove];
    const train = make("button", { type: "button" }, "Train");
    train.addEventListener("click", () => this.events.train(entry));
    return [train, remove];
  }
}

/** One's own. */
interface OpenData {
  readonly own: OwnData | null;
  readonly files: readonly File[];
}

function netOf({ name, choices, experiment, history }: Entry, { own, files }: OpenData): ToTime {
  if (history) return { experiment: history.experiment, files: history.files };
  if (experiment === null && choices.data === "own" && !own)
    throw new Error(`"${name}" trains on a file of one's own, and none is open: open it under Your files, or remove that run`);
  return { experiment: experiment ?? experimentOf(choices, name, own), files };
}

const entryOf = (history: History): Omit<Entry, "colour"> => ({
  name: history.name,
  choices: history.choices,
  experiment: typeof history.experiment === "string" ? history.experiment : null,
  history,
  interleaved: null,
  changed: changesOf(history.marks),
});
