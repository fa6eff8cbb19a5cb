/** Says aloud what the verdict is: at once where it is of another kind, and otherwise seldom, for its numbers change all the time. */
import { find } from "./dom.ts";

const MILLISECONDS = 15_000;

export class Announcer {
  private readonly region = find<HTMLElement>("#announcer");
  private kind = "";
  private at = 0;

  say(kind: string, text: string): void {
    const now = performance.now();
    if (text === this.region.textContent || (kind === this.kind && kind !== "plain" && now - this.at < MILLISECONDS)) return;
    Object.assign(this, { kind, at: now });
    this.region.textContent = text;
  }
}
