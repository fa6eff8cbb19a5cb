/** Buttons, progress, the verdict and the numbers of the run. */
import { find } from "./dom.ts";
import type { History } from "./history.ts";
import type { Lab } from "./lab.ts";
import type { Phase } from "./saying.ts";
import { durationText, percent } from "./table.ts";
import { amount } from "./verdictWords.ts";

const PLAY_TEXT = {
  opening: "Play",
  unusable: "Play",
  idle: "Play",
  preparing: "Pause",
  playing: "Pause",
  paused: "Go on",
  done: "Play again",
  failed: "Play again",
} as const satisfies Record<Phase, string>;

/** Sets what is another than before only: a live region reads what it is given. */
function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** `canPin` where the run is not pinned and may be. */
export function showRun(
  { phase, saying, history, adapter, keeps, note, canStart, canStep, unusable, tellsStories }: Lab,
  canPin: boolean,
): void {
  document.body.dataset["phase"] = phase;
  const play = find<HTMLButtonElement>("#play");
  setText(play, PLAY_TEXT[phase]);
  play.disabled = !canStart;
  find<HTMLButtonElement>("#step").disabled = !canStep;
  find<HTMLButtonElement>("#reset").disabled = history === null;
  for (const button of document.querySelectorAll<HTMLButtonElement>("#stages button")) button.disabled = !tellsStories;

  const verdict = find<HTMLElement>("#verdict");
  setText(verdict, saying.text);
  verdict.dataset["kind"] = saying.kind;
  const remedy = find<HTMLButtonElement>("#remedy");
  remedy.hidden = saying.remedy === null;
  if (saying.remedy) setText(remedy, `${canPin ? "Pin this and try" : "Try"} ${saying.remedy.text}`);

  if (unusable !== "")
    setText(
      find("#intro"),
      "Watch deep nets train as it was recorded, every layer's gradient, and what each remedy changes. Where there is WebGPU, this page also builds and trains nets of your own.",
    );

  const progress = find<HTMLProgressElement>("#progress");
  progress.max = history?.steps ?? 1;
  progress.value = history?.step ?? 0;
  setText(find("#numbers"), history ? numbersOf(history) : "\u00a0");
  setText(find("#adapter"), keeps ? adapter : `${adapter} This browser keeps nothing: a run ends with its page.`);
  const noted = find<HTMLElement>("#note");
  noted.hidden = note === "";
  setText(noted, note);
}

function numbersOf(history: History): string {
  const { step, steps, count, stepsPerSecond, dispatches, parameters } = history;
  if (count === 0) return parameters > 0 ? `${parameters} parameters, ${dispatches} dispatches a step` : "\u00a0";
  const last = count - 1;
  const clip = history.value(last, "clipScale");
  const seen = history.evaluations.at(-1);
  const left = stepsPerSecond && step < steps ? `, ${durationText((steps - step) / stepsPerSecond)} left` : "";
  // Of a net that is dead there is none.
  const ratio = history.ratio(last);
  return [
    `step ${step} of ${steps}`,
    stepsPerSecond ? `${stepsPerSecond >= 10 ? Math.round(stepsPerSecond) : stepsPerSecond.toFixed(1)} steps/s${left}` : "",
    `loss ${history.value(last, "loss").toPrecision(3)}`,
    `gradient norm ${history.value(last, "gradientNorm").toPrecision(3)}${clip < 1 ? `, clipped to ${(100 * clip).toPrecision(2)} %` : ""}`,
    // The verdict's is a median of many steps.
    Number.isNaN(ratio) ? "" : `first to last layer ${amount(ratio)} in this step`,
    seen?.testAccuracy == null ? "" : `test accuracy ${percent(seen.testAccuracy)}`,
  ]
    .filter((part) => part !== "")
    .join(" · ");
}
