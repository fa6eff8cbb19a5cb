/** Which layer is looked at: chosen by a slider, or by a click on the net's picture; and what is known of it, in words. */
import { find } from "./dom.ts";
import type { History } from "./history.ts";
import { layerAt } from "./netPicture.ts";
import { percent } from "./table.ts";
import { amount } from "./verdictWords.ts";

export class LayerPicker {
  private readonly slider = find<HTMLInputElement>("#layer");
  private readonly text = find<HTMLOutputElement>("#layer-text");
  private count = 1;

  constructor(onChange: () => void) {
    this.slider.addEventListener("input", onChange);
    const picture = find<HTMLCanvasElement>("#net");
    picture.addEventListener("click", ({ offsetX }) => {
      this.slider.value = String(layerAt(picture, offsetX, this.count) + 1);
      onChange();
    });
  }

  /** From 0. */
  get layer(): number {
    return Math.min(this.count, Number(this.slider.value)) - 1;
  }

  show(history: History | null): void {
    this.count = Math.max(1, history?.weights.length ?? 1);
    this.slider.max = String(this.count);
    this.slider.disabled = this.count === 1;
    const text =
      history && history.count > 0 ? wordsOf(history, this.layer) : "Press Play: each layer then has the colour of its gradient.";
    if (this.text.value !== text) this.text.value = text;
    this.slider.setAttribute("aria-valuetext", `layer ${this.layer + 1} of ${this.count}`);
  }
}

function wordsOf(history: History, layer: number): string {
  const { inside, weights, count } = history;
  const norms = history.norms(count - 1);
  const row = inside.count - 1;
  const looked = row >= 0 && layer < inside.activations.length;
  return [
    `Layer ${layer + 1} of ${weights.length}: gradient norm ${amount(norms[layer]!)}`,
    row >= 0 ? `update/weight ${amount(inside.ratios(row)[layer]!)}` : "",
    looked ? `${inside.activations[layer]!.split(" ")[1]} saturated ${percent(inside.saturated(row)[layer])}` : "",
    looked ? `dead units ${percent(inside.dead(row)[layer])}` : "",
  ]
    .filter((part) => part !== "")
    .join(" · ");
}
