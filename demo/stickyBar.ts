/** What gets the focus is scrolled to below the run bar, where that stays in sight. */
import { find } from "./dom.ts";

const ROOM = 12;

export function keepClearOfBar(): void {
  const bar = find<HTMLElement>(".run");
  const root = document.documentElement;
  new ResizeObserver(() => {
    root.style.scrollPaddingTop = getComputedStyle(bar).position === "sticky" ? `${bar.offsetHeight + ROOM}px` : "";
  }).observe(bar);
}
