/** Stopping and going on, from outside of a run: pause, resume, single steps, and the caller's signal. */

/** A paused run looks up this often, in milliseconds: a lost device or a disposed trainer wakes nobody. */
const LOOK_UP = 250;

export class Control {
  private paused = false;
  private steps = 0;
  private wake: (() => void) | null = null;

  get isPaused(): boolean {
    return this.paused;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.steps = 0;
    this.wake?.();
  }

  /** Lets a paused run make one step. */
  letOneThrough(): void {
    this.steps++;
    this.wake?.();
  }

  /** Whether the run may make a step now; a step that was let through is then used up. */
  take(): boolean {
    if (!this.paused) return true;
    if (this.steps === 0) return false;
    this.steps--;
    return true;
  }

  /** Until there may be a reason to look again. */
  async changed(signal: AbortSignal | undefined): Promise<void> {
    if (!this.paused || this.steps > 0 || signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, LOOK_UP);
      this.wake = done;
      signal?.addEventListener("abort", done, { once: true });
    });
    this.wake = null;
  }
}
