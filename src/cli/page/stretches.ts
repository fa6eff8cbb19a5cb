/** How many steps are made between two checkpoints: as many as was asked for, or about ten seconds of them. */

const MILLISECONDS = 10_000;
const FIRST = 8;
/** One measure, perhaps of a single step, says little. */
const MOST_GROWTH = 8;

export class Stretches {
  private readonly fixed: boolean;
  private size: number;

  constructor(every: number | "auto") {
    this.fixed = every !== "auto";
    this.size = every === "auto" ? FIRST : every;
  }

  get next(): number {
    return this.size;
  }

  /** The last stretch took so long. */
  took(steps: number, milliseconds: number): void {
    if (this.fixed) return;
    const fitting = Math.round((steps * MILLISECONDS) / Math.max(milliseconds, 1));
    this.size = Math.max(1, Math.min(fitting, this.size * MOST_GROWTH));
  }
}
