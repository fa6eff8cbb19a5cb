/** What the worker looks at besides reports: losses and accuracies over whole splits, and a net's answers all over the plane. In the worker, loaded for the first look. */
import type { Dataset, Trainer } from "../src/index.ts";
import { PLANE_CELLS, PLANE_REACH } from "./messages.ts";
import { isPlane } from "./points.ts";

export async function evaluate(trainer: Trainer, { train, test }: Dataset) {
  const trained = await trainer.evaluate(train);
  const tested = test ? await trainer.evaluate(test) : null;
  return {
    trainLoss: trained.loss,
    trainAccuracy: trained.accuracy,
    testLoss: tested?.loss ?? null,
    testAccuracy: tested?.accuracy ?? null,
  };
}

/** Cell by cell, top row first. */
const CENTRES = Float32Array.from({ length: 2 * PLANE_CELLS ** 2 }, (_, index) => {
  const cell = index >> 1;
  const at = index % 2 === 0 ? cell % PLANE_CELLS : PLANE_CELLS - 1 - Math.floor(cell / PLANE_CELLS);
  return ((at + 0.5) / PLANE_CELLS) * 2 * PLANE_REACH - PLANE_REACH;
});

export async function planeOf(trainer: Trainer, dataset: Dataset): Promise<Uint8Array<ArrayBuffer> | null> {
  if (!isPlane(dataset)) return null;
  const outputs = await trainer.predict(CENTRES, { sampleShape: [2] });
  return Uint8Array.from({ length: PLANE_CELLS ** 2 }, (_, cell) => 255 / (1 + Math.exp(outputs[2 * cell]! - outputs[2 * cell + 1]!)));
}
