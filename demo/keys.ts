/** Space plays and pauses, the right arrow makes one step, R starts anew, ? shows these. */
export interface KeyActions {
  readonly play: () => void;
  readonly step: () => void;
  readonly reset: () => void;
  readonly help: () => void;
}

/** These take the keys for themselves. */
const OWN_KEYS = "input, textarea, select, [contenteditable]";

export function listenToKeys({ play, step, reset, help }: KeyActions): void {
  const actions: Readonly<Record<string, () => void>> = { " ": play, ArrowRight: step, r: reset, R: reset, "?": help };
  document.addEventListener("keydown", (event) => {
    const target = event.target as Element;
    const { key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey || target.closest(OWN_KEYS) || document.querySelector("dialog[open]")) return;
    // A focused button is pressed by the space bar.
    if (key === " " && target.closest("button, summary, a")) return;
    const action = actions[key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
