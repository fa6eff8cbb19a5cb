/** Which of the runs that ended in their middle is offered to go on with. Pure. */
import type { KeptRun } from "./messages.ts";

/** Milliseconds of training: while another run is on, one that was hardly begun is not worth a word. */
const WORTH_IT = 10_000;

/** `kept` has the latest first; `current` is the run that the page shows. */
export function leftRun(kept: readonly KeptRun[], going: boolean, current: string | null): KeptRun | null {
  const [run] = kept.filter(({ id }) => id !== current);
  return run && (!going || run.milliseconds >= WORTH_IT) ? run : null;
}
