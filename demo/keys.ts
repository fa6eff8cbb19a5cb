/** Space plays and pauses, the right arrow makes one step, R starts anew, ? shows these. They can be switched off, which the browser remembers. */
import { find } from "./dom.ts";

export interface KeyActions {
  readonly play: () => void;
  readonly step: () => void;
  readonly reset: () => void;
  readonly help: () => void;
}

/** These take the keys for themselves; what scrolls, to scroll. */
const OWN_KEYS = "input, textarea, select, [contenteditable], .scroll";
const SWITCH = "fathom-keys";

export function listenToKeys({ play, step, reset, help }: KeyActions): void {
  const actions: Readonly<Record<string, () => void>> = { " ": play, ArrowRight: step, r: reset, R: reset, "?": help };
  const on = find<HTMLInputElement>("#keys-on");
  on.checked = remembered() !== "off";
  on.addEventListener("change", () => remember(on.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    const target = event.target as Element;
    const { key, ctrlKey, metaKey, altKey, repeat } = event;
    if (!on.checked || ctrlKey || metaKey || altKey || target.closest(OWN_KEYS) || document.querySelector("dialog[open]")) return;
    // A focused button is pressed by the space bar.
    if (key === " " && target.closest("button, summary, a")) return;
    const action = actions[key];
    if (!action) return;
    event.preventDefault();
    // A key that is held down makes step after step, and does everything else once.
    if (!repeat || action === step) action();
  });
}

/** Null where the browser keeps nothing. */
function remembered(): string | null {
  try {
    return localStorage.getItem(SWITCH);
  } catch {
    return null;
  }
}

function remember(value: string): void {
  try {
    localStorage.setItem(SWITCH, value);
  } catch {
    // For as long as the page is open, then.
  }
}
