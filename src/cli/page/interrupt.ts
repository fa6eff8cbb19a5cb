/** How the command asks the page for an end: the page asks, and is answered when there is something to tell, or after a while. */
import { INTERRUPT } from "../wire.ts";

export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const ask = async (): Promise<void> => {
    while (!controller.signal.aborted) {
      const answer = await fetch(`data/${INTERRUPT.name}`);
      if (!answer.ok) return;
      if ((await answer.text()) === INTERRUPT.stop) controller.abort();
    }
  };
  // A command that is gone is noticed where the page tells it something.
  ask().catch(() => undefined);
  return controller.signal;
}
