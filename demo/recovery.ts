/** What is done after the GPU was lost: a new worker, with some patience, and not for ever. */

/** Losses in a row without a report between them. */
const MOST_LOSSES = 3;
/** A process that was killed takes a while to be there again. */
const MOST_TRIES = 8;
const WAIT = 700;

/** What the driver has to say, in brackets, helps nobody. */
export const withoutDriver = (message: string): string => message.replace(/ \(.*?\)(?=\. |\.?$)/, "");

export class Recovery {
  /** A run waits for its new device. */
  pending = false;
  /** What happened, until the run goes on. */
  why = "";
  paused = false;
  private losses = 0;
  private tries = 0;

  /** Whether it is worth trying. */
  begin(why: string, paused: boolean): boolean {
    if (this.losses >= MOST_LOSSES) return false;
    this.losses++;
    this.tries = 0;
    this.pending = true;
    this.paused = paused;
    this.why = `${withoutDriver(why).split(". ")[0]!.replace(/^t/, "T")}.`;
    return true;
  }

  /** The device could not be opened: tries once more, if that was for a run that waits. */
  again(renew: () => void): boolean {
    if (!this.pending || this.tries >= MOST_TRIES) {
      this.pending = false;
      return false;
    }
    this.tries++;
    setTimeout(renew, WAIT);
    return true;
  }

  /** A report came. */
  went(): void {
    this.losses = 0;
    this.why = "";
  }
}
