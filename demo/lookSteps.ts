/** At which steps of a run the net is looked at: the same for every run of that length, so that curves of pinned runs have their points at the same steps. Pure. */

const MOST_LOOKS = 40;
/** Of the time, at most about this share is for looking. */
const SHARE = 0.2;

export class LookSteps {
  /** Steps that this divides are looked at. It only ever doubles, so that the points of a slow run are some of a fast one's. */
  private stride: number;
  private trainedBefore: number | null = null;

  constructor(steps: number) {
    this.stride = Math.max(1, Math.ceil(steps / MOST_LOOKS));
  }

  isDue(step: number): boolean {
    return step % this.stride === 0;
  }

  /** The first step after this one that is looked at. */
  after(step: number): number {
    return step - (step % this.stride) + this.stride;
  }

  /** A look took so long, in a run that had trained for so long, pauses left out, all in milliseconds. The first one compiles, and is no measure. */
  took(milliseconds: number, trained: number): void {
    const since = this.trainedBefore === null ? null : trained - this.trainedBefore;
    if (since !== null && milliseconds > SHARE * (milliseconds + since)) this.stride *= 2;
    this.trainedBefore = trained;
  }
}
