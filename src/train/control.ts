/** Stopping and going on, from outside of a run: pause, resume, single steps, and the caller's signal. */

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

  /** Until there is a reason to look again. */
  async changed(signal: AbortSignal | undefined): Promise<void> {
    if (!this.paused || this.steps > 0 || signal?.aborted) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
    this.wake = null;
  }
}
