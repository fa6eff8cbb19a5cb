/** The plateau's float64 reference: against PyTorch's ReduceLROnPlateau, and in what PyTorch does not know, intervals and skipped steps. */
import { describe, expect, it } from "vitest";
import { bitsOf, COUNTERS, floatOf, STEP } from "../../src/ops/arena/layout.ts";
import { advancePlateau, type PlateauAttributes, plateauFactor } from "../../src/ops/arena/plateau.ts";
import { type PlateauOptions, plateau } from "../../src/optim/schedule.ts";
import answers from "../oracle/schedules.json" with { type: "json" };

const stepOf = (word: number): number[] => Object.assign(new Array<number>(STEP.words).fill(0), { [STEP.plateau]: word });

/** The factor before each of the steps, given as [loss, word, skipped]. */
function factors(attributes: PlateauAttributes, steps: readonly (readonly [number, number, boolean?])[]): number[] {
  const counters = new Float64Array(COUNTERS.words);
  return steps.map(([loss, word, skipped = false]) => {
    const factor = plateauFactor(counters);
    advancePlateau(counters, stepOf(word), loss, skipped, attributes);
    return factor;
  });
}

const facts = (initial: number, options: PlateauOptions): PlateauAttributes => plateau(initial, options).plateau!;

describe("PyTorch's rates", () => {
  it.each(answers.plateaus.map((one) => [JSON.stringify(one.schedule), one] as const))("%s", (_, { schedule, losses, rates }) => {
    const { type: _type, initial, ...options } = schedule;
    const found = factors(
      facts(initial, options as PlateauOptions),
      losses.map((loss) => [loss, 3] as const),
    );
    expect(new Set(rates).size).toBeGreaterThan(4);
    // The factor is kept in float32, and rounded at each drop.
    for (const [step, rate] of rates.entries())
      expect(Math.abs((initial * found[step]!) / rate - 1), `step ${step}`).toBeLessThan(20 * 2 ** -24);
  });
});

describe("intervals", () => {
  const patient = facts(1, { patience: 0, factor: 0.5, threshold: 0 });

  it("take the mean of their losses", () => {
    // Means 2, 2 (not better), 1.5 (better), 4 (not).
    const losses = [1, 3, 3, 1, 2, 1, 4, 4, 0];
    expect(
      factors(
        patient,
        losses.map((loss, step) => [loss, step % 2 === 0 ? 1 : 3] as const),
      ),
    ).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]);
  });

  it("leave out steps that were skipped, and say nothing where all were", () => {
    const steps = [
      [2, 1],
      [99, 3, true],
      [1.5, 1],
      [Number.NaN, 3, true],
      [99, 1, true],
      [99, 3, true],
      [1, 3],
      [1, 3],
    ] as const;
    expect(factors(patient, steps)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(
      factors(patient, [
        [2, 1],
        [99, 3],
        [1.5, 3],
        [1.5, 3],
        [0, 3],
      ]),
    ).toEqual([1, 1, 1, 1, 0.5]);
  });

  it("with a loss that is not finite are not better", () => {
    for (const loss of [Number.NaN, Infinity, -Infinity])
      expect(
        factors(patient, [
          [2, 3],
          [1, 1],
          [loss, 1],
          [0.5, 3],
          [0.25, 3],
          [0, 3],
        ]),
        `${loss}`,
      ).toEqual([1, 1, 1, 1, 0.5, 0.5]);
  });

  it("do not count where the step's word says so", () => {
    expect(
      factors(patient, [
        [1, 3],
        [9, 0],
        [9, 0],
        [0.5, 3],
        [9, 3],
        [0, 0],
      ]),
    ).toEqual([1, 1, 1, 1, 1, 0.5]);
  });
});

it("keeps what rounding takes from a sum", () => {
  const counters = new Float64Array(COUNTERS.words);
  counters[COUNTERS.plateauSum] = bitsOf(2 ** 17);
  // Each is below half of the sum's last digit.
  for (let step = 0; step < 500; step++) advancePlateau(counters, stepOf(1), 0.001, false, facts(1, {}));
  expect(floatOf(counters[COUNTERS.plateauSum]!) - 2 ** 17 + floatOf(counters[COUNTERS.plateauLost]!)).toBeCloseTo(0.5, 6);
});
