/** What the page knows of one run: its reports as rows of numbers that grow, and what was seen besides. */
import type { Choices } from "./choices.ts";
import type { ExperimentJson } from "./experimentOf.ts";
import { Inside } from "./inside.ts";
import { COLUMNS, type Evaluated, type FromWorker, type Mark, type Points, type Readings } from "./messages.ts";
import { withAdded } from "./rowStore.ts";

type Column = (typeof COLUMNS)[number];
type Prepared = Extract<FromWorker, { type: "prepared" }>;
type Restored = Pick<Extract<FromWorker, { type: "restored" }>, "rows" | "milliseconds" | "evaluations" | "marks">;

export class History {
  /** The user may call it another. */
  name: string;
  readonly choices: Choices;
  /** JSON, or the text that was edited by hand. */
  readonly experiment: ExperimentJson | string;
  weights: readonly string[] = [];
  /** Of the whole run. */
  steps = 1;
  dispatches = 0;
  parameters = 0;
  classes: number | null = null;
  points: Points | null = null;
  count = 0;
  milliseconds = 0;
  readonly evaluations: Evaluated[] = [];
  /** What was changed while it ran. */
  readonly marks: Mark[] = [];
  plane: Uint8Array | null = null;
  readings: Readings | null = null;
  readonly inside = new Inside();
  private rows = new Float32Array(0);
  private readonly recent: { readonly milliseconds: number; readonly count: number }[] = [];

  constructor(name: string, choices: Choices, experiment: ExperimentJson | string) {
    this.name = name;
    this.choices = choices;
    this.experiment = experiment;
  }

  prepare({ weights, steps, dispatches, parameters, classes, points }: Prepared): void {
    Object.assign(this, { weights, steps, dispatches, parameters, classes, points });
  }

  get rowLength(): number {
    return COLUMNS.length + this.weights.length;
  }

  append(rows: Float32Array, milliseconds: number): void {
    this.rows = withAdded(this.rows, this.count * this.rowLength, rows, this.rowLength);
    this.count += rows.length / this.rowLength;
    this.milliseconds = milliseconds;
    this.recent.push({ milliseconds, count: this.count });
    while (this.recent.length > 2 && milliseconds - this.recent[1]!.milliseconds > 2000) this.recent.shift();
  }

  /** What a run that goes on had seen before. */
  restore({ rows, milliseconds, evaluations, marks }: Restored): void {
    this.append(rows, milliseconds);
    this.recent.length = 0;
    this.evaluations.push(...evaluations);
    this.marks.push(...marks);
  }

  value(row: number, column: Column): number {
    return this.rows[row * this.rowLength + COLUMNS.indexOf(column)]!;
  }

  /** Gradient norms of the weights, in depth order. */
  norms(row: number): Float32Array {
    const start = row * this.rowLength + COLUMNS.length;
    return this.rows.subarray(start, start + this.weights.length);
  }

  /** The number of the next step. */
  get step(): number {
    return this.count === 0 ? 0 : this.value(this.count - 1, "step") + 1;
  }

  /** Over the last two seconds; null where too little is known. */
  get stepsPerSecond(): number | null {
    const [first, last] = [this.recent[0], this.recent.at(-1)];
    if (!first || !last || last.milliseconds - first.milliseconds < 100) return null;
    return (1000 * (last.count - first.count)) / (last.milliseconds - first.milliseconds);
  }

  get millisecondsPerStep(): number | null {
    return this.count > 1 && this.milliseconds > 0 ? this.milliseconds / this.count : null;
  }

  /** First layer's norm over the last's in a row. */
  ratio(row: number): number {
    const norms = this.norms(row);
    return norms[0]! / norms.at(-1)!;
  }
}
