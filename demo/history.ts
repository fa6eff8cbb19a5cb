/** What the page knows of one run: its reports as rows of numbers that grow, and what was seen besides. */
import type { Choices } from "./choices.ts";
import type { ExperimentJson } from "./experimentOf.ts";
import { type Decades, decadesOf } from "./frame.ts";
import { Inside } from "./inside.ts";
import { COLUMNS, type Evaluated, type FromWorker, type Mark, type Points, type Readings } from "./messages.ts";
import { RowStore, thinned } from "./rowStore.ts";

type Column = (typeof COLUMNS)[number];
type Prepared = Extract<FromWorker, { type: "prepared" }>;
/** Powers of ten that any run's gradient norms begin with. */
export const NORM_DECADES: Decades = { low: -4, high: 1 };
type Restored = Pick<Extract<FromWorker, { type: "restored" }>, "rows" | "milliseconds" | "evaluations" | "marks">;

export class History {
  /** The user may call it another. */
  name: string;
  readonly choices: Choices;
  /** JSON, or the text that was edited by hand. */
  readonly experiment: ExperimentJson | string;
  /** That it trains on. */
  files: readonly File[] = [];
  weights: readonly string[] = [];
  /** Of the whole run. */
  steps = 1;
  dispatches = 0;
  parameters = 0;
  classes: number | null = null;
  points: Points | null = null;
  milliseconds = 0;
  /** Powers of ten that hold all norms so far. */
  normDecades = NORM_DECADES;
  evaluations: readonly Evaluated[] = [];
  /** What was changed while it ran. */
  readonly marks: Mark[] = [];
  plane: Uint8Array | null = null;
  readings: Readings | null = null;
  readonly inside = new Inside();
  private rows = new RowStore(COLUMNS.length);
  /** Where the run went on in this session: what was before may have been made by another program, or on another machine. */
  private before = { step: 0, milliseconds: 0 };
  private readonly recent: { readonly milliseconds: number; readonly step: number }[] = [];

  constructor(name: string, choices: Choices, experiment: ExperimentJson | string) {
    this.name = name;
    this.choices = choices;
    this.experiment = experiment;
  }

  prepare({ weights, steps, dispatches, parameters, classes, points }: Prepared): void {
    Object.assign(this, { weights, steps, dispatches, parameters, classes, points });
    this.rows = new RowStore(COLUMNS.length + weights.length);
  }

  /** How far the axes go: to the end of a short run, and so far that a long one is not a line at their left. */
  get span(): number {
    let span = 1000;
    while (span < this.step) span *= 2;
    return Math.min(span, this.steps);
  }

  /** Rows that are held: all reports, or evenly some of a long run's. */
  get count(): number {
    return this.rows.count;
  }

  append(rows: Float32Array, milliseconds: number): void {
    this.rows.add(rows);
    const { rowLength } = this.rows;
    for (let start = 0; start < rows.length; start += rowLength)
      this.normDecades = decadesOf(rows.subarray(start + COLUMNS.length, start + rowLength), this.normDecades);
    this.milliseconds = milliseconds;
    this.recent.push({ milliseconds, step: this.step });
    while (this.recent.length > 2 && milliseconds - this.recent[1]!.milliseconds > 2000) this.recent.shift();
  }

  /** What a run that goes on had seen before. */
  restore({ rows, milliseconds, evaluations, marks }: Restored): void {
    this.append(rows, milliseconds);
    this.before = { step: this.step, milliseconds };
    this.recent.length = 0;
    this.evaluations = thinned([...this.evaluations, ...evaluations]);
    this.marks.push(...marks);
  }

  /** A second look at the same step takes the place of the first. */
  see(evaluated: Evaluated): void {
    this.evaluations = thinned([...this.evaluations.filter(({ step }) => step !== evaluated.step), evaluated]);
  }

  value(row: number, column: Column): number {
    return this.rows.row(row)[COLUMNS.indexOf(column)]!;
  }

  /** Gradient norms of the weights, in depth order. */
  norms(row: number): Float32Array {
    return this.rows.row(row).subarray(COLUMNS.length);
  }

  /** All that are held, one after the other. */
  get allRows(): Float32Array {
    return this.rows.rows;
  }

  /** The number of the next step. */
  get step(): number {
    return this.count === 0 ? 0 : this.value(this.count - 1, "step") + 1;
  }

  /** Over the last two seconds; null where too little is known. */
  get stepsPerSecond(): number | null {
    const [first, last] = [this.recent[0], this.recent.at(-1)];
    if (!first || !last || last.milliseconds - first.milliseconds < 100) return null;
    return (1000 * (last.step - first.step)) / (last.milliseconds - first.milliseconds);
  }

  /** In this session; null where too little is known. */
  get millisecondsPerStep(): number | null {
    const [steps, milliseconds] = [this.step - this.before.step, this.milliseconds - this.before.milliseconds];
    return steps > 1 && milliseconds > 0 ? milliseconds / steps : null;
  }

  /** First layer's norm over the last's in a row. */
  ratio(row: number): number {
    const norms = this.norms(row);
    return norms[0]! / norms.at(-1)!;
  }
}
