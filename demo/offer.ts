/** Offers to go on with a run that was left: its page was closed, or something ended it. */
import { find, make } from "./dom.ts";
import type { Lab } from "./lab.ts";
import type { KeptRun } from "./messages.ts";

export class Offer {
  private readonly holder = find<HTMLElement>("#offer");
  private shown: KeptRun | null = null;

  draw(lab: Lab): void {
    const run = lab.left;
    this.holder.hidden = run === null;
    if (run === this.shown) return;
    this.shown = run;
    if (!run) {
      this.holder.replaceChildren();
      return;
    }
    const go = make("button", { type: "button", id: "go-on" }, "Continue it");
    go.addEventListener("click", () => lab.goOn(run));
    const leave = make("button", { type: "button", id: "forget" }, "Forget it");
    leave.addEventListener("click", () => lab.forget(run.id));
    this.holder.replaceChildren(`A run was left at step ${run.step} of ${run.steps}, ${ago(run.savedAt)}: ${run.name}. `, go, " ", leave);
  }
}

function ago(time: number): string {
  const minutes = Math.round((Date.now() - time) / 60_000);
  if (minutes < 1) return "a moment ago";
  const [count, unit] =
    minutes < 90 ? [minutes, "minute"] : minutes < 48 * 60 ? [Math.round(minutes / 60), "hour"] : [Math.round(minutes / 1440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}
