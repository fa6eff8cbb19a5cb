/** Lets the page answer its user while a loop submits work faster than it waits. */

/** Milliseconds: within a frame. */
const LONGEST = 12;

export class Breath {
  private readonly now: () => number;
  private last: number;

  constructor(now: () => number) {
    this.now = now;
    this.last = now();
  }

  get isDue(): boolean {
    return this.now() - this.last > LONGEST;
  }

  /** A message to oneself: a timer would be delayed by 4 ms. */
  async take(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    await new Promise<void>((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(null);
    });
    port1.close();
    this.last = this.now();
  }
}
