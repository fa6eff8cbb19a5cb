/** The schedule that follows the losses, as finishStatistics advances it on the GPU: its overrides, and its float64 reference. */
import { bitsOf, COUNTERS, floatOf, STEP } from "./layout.ts";

export interface PlateauAttributes {
  readonly initial: number;
  readonly factor: number;
  readonly patience: number;
  readonly threshold: number;
  readonly thresholdMode: "relative" | "absolute";
  readonly cooldown: number;
  readonly minimum: number;
}

/** Bits of the step's word `STEP.plateau`. */
export const PLATEAU_STEP = { counts: 1, endsInterval: 2 } as const;

/** PyTorch's: drops that are smaller are not made. */
const SMALLEST_DROP = 1e-8;

export function plateauOverrides(plateau: PlateauAttributes | null): Record<string, number> {
  if (!plateau) return {};
  return {
    PLATEAU_INITIAL: plateau.initial,
    PLATEAU_FACTOR: plateau.factor,
    PLATEAU_PATIENCE: plateau.patience,
    PLATEAU_THRESHOLD: plateau.threshold,
    PLATEAU_RELATIVE: plateau.thresholdMode === "relative" ? 1 : 0,
    PLATEAU_COOLDOWN: plateau.cooldown,
    PLATEAU_MINIMUM: plateau.minimum,
  };
}

/** What the counters say the step's rate is to be multiplied by. */
export function plateauFactor(counters: ArrayLike<number>): number {
  return counters[COUNTERS.plateauFactor] === 0 ? 1 : floatOf(counters[COUNTERS.plateauFactor]!);
}

/** Advances the counters by one step that was not stopped; the same steps as in `shaders/lib/plateau.wgsl`, in float64. */
export function advancePlateau(
  counters: Float64Array,
  step: ArrayLike<number>,
  loss: number,
  skipped: boolean,
  plateau: PlateauAttributes,
): void {
  const word = step[STEP.plateau]!;
  if (word === 0) return;
  const sum = floatOf(counters[COUNTERS.plateauSum]!);
  if (!skipped) {
    const all = sum + floatOf(counters[COUNTERS.plateauLost]!) + loss;
    counters[COUNTERS.plateauSum] = bitsOf(Number.isFinite(all) ? all : Number.NaN);
    counters[COUNTERS.plateauLost] = Number.isFinite(all) ? bitsOf(all - Math.fround(all)) : 0;
    counters[COUNTERS.plateauSteps]! += 1;
  }
  if ((word & PLATEAU_STEP.endsInterval) === 0 || counters[COUNTERS.plateauSteps] === 0) return;
  const mean = (floatOf(counters[COUNTERS.plateauSum]!) + floatOf(counters[COUNTERS.plateauLost]!)) / counters[COUNTERS.plateauSteps]!;
  const best = floatOf(counters[COUNTERS.plateauBest]!);
  const limit = plateau.thresholdMode === "relative" ? best * (1 - plateau.threshold) : best - plateau.threshold;
  if (Number.isFinite(mean) && (counters[COUNTERS.plateauBetter] === 0 || mean < limit)) {
    counters[COUNTERS.plateauBest] = bitsOf(mean);
    counters[COUNTERS.plateauBetter]! += 1;
    counters[COUNTERS.plateauBad] = 0;
  } else counters[COUNTERS.plateauBad]! += 1;
  if (counters[COUNTERS.plateauCooldown]! > 0) {
    counters[COUNTERS.plateauCooldown]! -= 1;
    counters[COUNTERS.plateauBad] = 0;
  }
  if (counters[COUNTERS.plateauBad]! > plateau.patience) {
    const factor = plateauFactor(counters);
    const rate = Math.max(plateau.initial * factor * plateau.factor, plateau.minimum);
    if (plateau.initial * factor - rate > SMALLEST_DROP) counters[COUNTERS.plateauFactor] = bitsOf(rate / plateau.initial);
    counters[COUNTERS.plateauCooldown] = plateau.cooldown;
    counters[COUNTERS.plateauBad] = 0;
  }
  counters.fill(0, COUNTERS.plateauSum, COUNTERS.plateauSteps + 1);
}
