/** The handwritten digits that come with Fathom: 1,437 to train and 360 to test, 8 × 8 pixels, ten classes. Provenance: NOTICE. */
import { checkOptions } from "../core/check.ts";
import type { Dataset } from "./dataset.ts";

export interface DigitsOptions {
  /** Images as vectors of 64 (default), or as [8, 8]. */
  readonly flatten?: boolean;
}

/** Pixels are stored as bytes 0 to 16 and scaled to 0..1 by xScale. The data and its reader are modules of their own, fetched when first asked for. */
export async function digits(options: DigitsOptions = {}): Promise<Dataset> {
  checkOptions("data.digits", options, ["flatten"]);
  const [embedded, { idx }] = await Promise.all([import("./digits.embedded.ts"), import("./idx.ts")]);
  const sources = {
    trainImages: fromBase64(embedded.trainImages),
    trainLabels: fromBase64(embedded.trainLabels),
    testImages: fromBase64(embedded.testImages),
    testLabels: fromBase64(embedded.testLabels),
  };
  return idx(sources, { name: "digits", classes: 10, scale: 1 / 16, flatten: options.flatten ?? true });
}

/** `atob` skips the line breaks. */
function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
