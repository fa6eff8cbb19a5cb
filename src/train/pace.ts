/**
 * How far the CPU may run ahead of the GPU: bounded by estimated time, not by a count of steps.
 *
 * The GPU tells how far it is only through fences: promises that settle when everything submitted before them is done. Firefox looks for
 * finished work every 100 ms, so waiting for each step would cost 100 ms a step; with about 200 ms of work in flight the GPU never idles, and a
 * stop or a pause still takes effect soon.
 */

/** Work in flight, in milliseconds: two of Firefox's polls. */
const BUDGET = 200;
/** Fences to each budget. */
const FENCES = 4;
/** Shortest time that is worth measuring: below it the clock's and the poll's grain would rule. */
const SHORTEST_MEASURE = 25;
const MOST_STEPS = 4096;
/** Two steps overlap encoding and computing, however long they take. */
const FEWEST_STEPS = 2;

export class Pace {
  private readonly now: () => number;
  /** Steps that may be in flight. */
  private window = FEWEST_STEPS;
  private submitted = 0;
  private completed = 0;
  private fenced = 0;
  private markTime = 0;
  private markCount = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  /** Milliseconds a step, as far as is known. */
  get milliseconds(): number {
    return BUDGET / this.window;
  }

  get stepsBetweenFences(): number {
    return Math.max(1, Math.floor(this.window / FENCES));
  }

  submit(): void {
    if (this.submitted === this.completed) {
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
    this.completed = Math.max(this.completed, fence);
    const elapsed = this.now() - this.markTime;
    const steps = this.completed - this.markCount;
    if (steps <= 0 || elapsed < SHORTEST_MEASURE) return;
    const fitting = Math.floor((BUDGET * steps) / elapsed);
    // Doubling at most: a first fence that comes late says little.
    this.window = Math.max(FEWEST_STEPS, Math.min(fitting, 2 * this.window, MOST_STEPS));
    this.markTime += elapsed;
    this.markCount = this.completed;
  }

  /** Whether no more may be submitted until a fence is reached. */
  get mustWait(): boolean {
    return this.submitted - this.completed >= this.window;
  }
}
