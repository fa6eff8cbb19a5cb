/** How much of the allowed time is left, so that a suite ends when it was told to and says what it left out. */
import type { Clock } from "./clock.ts";

export class Deadline {
  private readonly clock: Clock;
  private readonly end: number;

  constructor(clock: Clock, seconds: number) {
    this.clock = clock;
    this.end = clock.now() + seconds * 1000;
  }

  /** Seconds; never below 0. */
  get left(): number {
    return Math.max(0, (this.end - this.clock.now()) / 1000);
  }

  get over(): boolean {
    return this.left === 0;
  }

  /** A deadline of its own for a part of the work, after that share of what is left. */
  part(share: number): Deadline {
    return new Deadline(this.clock, this.left * share);
  }
}
