/** How sure a ratio of medians is: a percentile bootstrap, resampled by rounds, so that what a slow moment did to both stays paired. */
import { spread } from "../../src/cli/statistics.ts";
import { Random } from "../../src/core/random.ts";
import type { Comparison } from "../schema.ts";

export const RESAMPLES = 2000;
const CONFIDENCE = 0.95;

export const median = (values: readonly number[]): number => spread(values).median;

/**
 * The interval of median(times) / median(base) that holds 95 % of resamples (Efron and Tibshirani, 1993, chapter 13). Entry i of both lists was
 * measured in round i. The same seed gives the same interval.
 */
export function ratioInterval(times: readonly number[], base: readonly number[], seed: number, resamples = RESAMPLES): [number, number] {
  if (times.length !== base.length || times.length === 0)
    throw new RangeError(`ratioInterval: ${times.length} and ${base.length} samples are not of the same rounds`);
  const random = new Random(seed, "data");
  const [drawnTimes, drawnBase] = [new Array<number>(times.length), new Array<number>(times.length)];
  const ratios = Array.from({ length: resamples }, () => {
    for (let at = 0; at < times.length; at++) {
      const round = random.integer(times.length);
      drawnTimes[at] = times[round]!;
      drawnBase[at] = base[round]!;
    }
    return median(drawnTimes) / median(drawnBase);
  }).sort((one, other) => one - other);
  const tail = (1 - CONFIDENCE) / 2;
  return [ratios[Math.floor(tail * (resamples - 1))]!, ratios[Math.ceil((1 - tail) * (resamples - 1))]!];
}

export function verdictOf([low, high]: readonly [number, number]): Comparison["verdict"] {
  return low > 1 ? "slower" : high < 1 ? "faster" : "no measurable difference";
}
