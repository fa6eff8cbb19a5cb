/** What the worker looks at besides reports: losses and accuracies over whole splits, and a net's answers all over the plane. In the worker, loaded for the first look. */
import type { Dataset, Trainer } from "../src/index.ts";
import { PLANE_CELLS } from "./messages.ts";
import { type Drawn, patternAt, SQUARES } from "./points.ts";

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

/** Cell by cell, top row first, in a plane that goes to ±1. */
const CENTRES = Float32Array.from({ length: 2 * PLANE_CELLS ** 2 }, (_, index) => {
  const cell = index >> 1;
  const at = index % 2 === 0 ? cell % PLANE_CELLS : PLANE_CELLS - 1 - Math.floor(cell / PLANE_CELLS);
  return ((at + 0.5) / PLANE_CELLS) * 2 - 1;
});

/** Row by row from below. */
const PATTERNS = Float32Array.from(
  Array.from({ length: SQUARES ** 2 }, (_, square) => patternAt(square % SQUARES, Math.floor(square / SQUARES))).flat(),
);
const CELLS_A_SQUARE = PLANE_CELLS / SQUARES;

/** The square that a cell lies in. */
function squareOf(cell: number): number {
  const [column, row] = [cell % PLANE_CELLS, PLANE_CELLS - 1 - Math.floor(cell / PLANE_CELLS)].map((at) => Math.floor(at / CELLS_A_SQUARE));
  return row! * SQUARES + column!;
}

export async function planeOf(trainer: Pick<Trainer, "predict">, drawn: Drawn, reach: number): Promise<Uint8Array<ArrayBuffer> | null> {
  if (drawn === null) return null;
  const outputs = await (drawn === "plane"
    ? trainer.predict(
        CENTRES.map((at) => reach * at),
        { sampleShape: [2] },
      )
    : trainer.predict(PATTERNS, { sampleShape: [4] }));
  return Uint8Array.from({ length: PLANE_CELLS ** 2 }, (_, cell) => {
    const sample = drawn === "plane" ? cell : squareOf(cell);
    return 255 / (1 + Math.exp(outputs[2 * sample]! - outputs[2 * sample + 1]!));
  });
}
