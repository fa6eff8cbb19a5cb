/**
 * How far the CPU may run ahead of the GPU: bounded by estimated time, not by a count of steps.
 *
 * The GPU tells how far it is only through fences: promises that settle when everything submitted before them is done. Firefox looks for
 * finished work every 100 ms, so waiting for each step would cost 100 ms a step; with about 200 ms of work in flight the GPU never idles, and a
 * stop or a pause still takes effect soon. For the same reason fences come in bursts, and speed is measured from burst to burst.
 */

/** Work in flight, in milliseconds: two of Firefox's polls. */
const BUDGET = 200;
/** Fences to each budget. */
const FENCES = 8;
/** Shortest time that is worth measuring: below it the clock's and the poll's grain would rule. */
const SHORTEST_MEASURE = 25;
/** Fences closer together than this belong to one burst, unless it has lasted as long as a measure. */
const GAP = 5;
/** One measure lowers the window to no less than this share of it. */
const LEAST_CHANGE = 0.7;
const MOST_STEPS = 4096;
/** Two steps overlap encoding and computing, however long they take. */
const FEWEST_STEPS = 2;

interface Burst {
  readonly start: number;
  /** Steps that had been submitted when it began. */
  readonly submitted: number;
  /** Whether they filled the window. */
  readonly full: boolean;
}

export class Pace {
  private readonly now: () => number;
  /** Steps that may be in flight. */
  private window = FEWEST_STEPS;
  private submitted = 0;
  private completed = 0;
  private fenced = 0;
  private burst: Burst | null = null;
  private lastReached = 0;
  /** Since when, and since which step, the speed is measured. */
  private markTime = 0;
  private markCount = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  get stepsBetweenFences(): number {
    return Math.max(1, Math.floor(this.window / FENCES));
  }

  submit(): void {
    if (this.submitted === this.completed) {
      // The GPU is idle: what passed until now was not its work.
      this.closeBurst();
      this.markTime = this.now();
      this.markCount = this.completed;
    }
    this.submitted++;
  }

  /** Whether enough was submitted since the last fence. */
  get wantsFence(): boolean {
    return this.submitted - this.fenced >= this.stepsBetweenFences;
  }

  /** A fence was put behind all that is submitted; hand the result to `reached` when it settles. */
  fence(): number {
    this.fenced = this.submitted;
    return this.submitted;
  }

  /** The GPU is past that fence. */
  reached(fence: number): void {
    const now = this.now();
    if (!this.burst || now - this.lastReached > GAP || now - this.burst.start > SHORTEST_MEASURE) {
      this.closeBurst();
      this.burst = { start: now, submitted: this.submitted, full: this.submitted - this.completed >= this.window };
    }
    this.lastReached = now;
    this.completed = Math.max(this.completed, fence);
  }

  /** What the burst says of the GPU's speed. All that came in it was done when it began. */
  private closeBurst(): void {
    if (!this.burst) return;
    const { start, submitted, full } = this.burst;
    this.burst = null;
    const elapsed = start - this.markTime;
    const steps = this.completed - this.markCount;
    // A full window was done before we were told: the GPU was idle, and how long it took says little of its speed.
    const starved = full && this.completed > submitted - this.stepsBetweenFences;
    if (!starved && (steps === 0 || elapsed < SHORTEST_MEASURE)) return;
    const fitting = starved ? Number.POSITIVE_INFINITY : Math.floor((BUDGET * steps) / elapsed);
    // Bounded both ways: one measure, taken by fences that are steps apart, says little.
    const bounded = Math.max(Math.min(fitting, 2 * this.window, MOST_STEPS), Math.floor(LEAST_CHANGE * this.window));
    this.window = Math.max(FEWEST_STEPS, bounded);
    this.markTime = start;
    this.markCount = this.completed;
  }

  /** Whether no more may be submitted until a fence is reached. */
  get mustWait(): boolean {
    return this.submitted - this.completed >= this.window;
  }
}
