/** The runs that are compared: pinned ones keep their colour until they are removed. */
import type { Run } from "./charts.ts";
import { find, make } from "./dom.ts";
import type { History } from "./history.ts";
import { MOST_RUNS } from "./palette.ts";
import { percent, short } from "./table.ts";

const HEADS = ["run", "steps", "last loss", "train loss", "test loss", "test accuracy", "ms per step"];

interface Row {
  readonly history: History;
  readonly row: HTMLTableRowElement;
  readonly cells: readonly HTMLTableCellElement[];
}

export class Compare {
  private pins: Run[] = [];
  private rows: readonly Row[] = [];
  private readonly onChange: () => void;

  constructor(onChange: () => void) {
    this.onChange = onChange;
  }

  get full(): boolean {
    return this.pins.length >= MOST_RUNS - 1;
  }

  has(history: History): boolean {
    return this.pins.some((pin) => pin.history === history);
  }

  pin(history: History): void {
    if (this.full || this.has(history)) return;
    const taken = new Set(this.pins.map(({ colour }) => colour));
    const colour = Array.from({ length: MOST_RUNS - 1 }, (_, index) => index + 1).find((one) => !taken.has(one))!;
    this.pins.push({ history, colour });
    this.onChange();
  }

  /** The current run last, so that it lies on top. */
  runs(current: History | null): readonly Run[] {
    return current && !this.has(current) ? [...this.pins, { history: current, colour: 0 }] : this.pins;
  }

  /** Rows stay as long as their runs do, so that focus does not get lost. */
  fill(current: History | null): void {
    const runs = this.runs(current);
    const same = runs.length === this.rows.length && runs.every(({ history }, index) => this.rows[index]!.history === history);
    if (!same) this.build(runs);
    for (const { history, cells } of this.rows) for (const [index, text] of textsOf(history).entries()) cells[index]!.textContent = text;
  }

  private build(runs: readonly Run[]): void {
    this.rows = runs.map(({ history, colour }) => {
      const cells = textsOf(history).map(() => make("td"));
      const remove = make("button", { type: "button" }, "Remove");
      remove.setAttribute("aria-label", `Remove ${history.name}`);
      remove.addEventListener("click", () => {
        this.pins = this.pins.filter((pin) => pin.history !== history);
        this.onChange();
      });
      const swatch = make("td", {}, make("span", { className: `swatch run-${colour}` }));
      return { history, cells, row: make("tr", {}, swatch, ...cells, make("td", {}, ...(colour === 0 ? [] : [remove]))) };
    });
    const head = make("tr", {}, make("td"), ...HEADS.map((text) => make("th", { scope: "col" }, text)), make("td"));
    find("#runs").replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...this.rows.map(({ row }) => row))));
  }
}

function textsOf(history: History): string[] {
  const last = history.count > 0 ? history.value(history.count - 1, "loss") : null;
  const seen = history.evaluations.at(-1);
  return [
    history.name,
    `${history.step} of ${history.steps}`,
    short(last),
    short(seen?.trainLoss),
    short(seen?.testLoss),
    percent(seen?.testAccuracy),
    short(history.millisecondsPerStep),
  ];
}
