/** Whether a loss falls: by enough, and more surely than noise from batch to batch would let it seem. Pure. */
import { median } from "./median.ts";
import { FEWEST_TO_JUDGE_LEARNING, LEARNING_SHARE, MOST_OF_TREND, SURE_OF_TREND } from "./thresholds.ts";

/**
 * Of the run's later half, and of the last 20 losses at least and 200 at most: the median of its second half is below 90 % of the first half's,
 * and Kendall's S, the pairs of losses that fall less those that rise, is further above 0 than by chance once in a hundred times. Of losses in
 * random order S has mean 0 and variance n(n − 1)(2n + 5)/18 (Mann, Econometrica 13, 1945).
 */
export function falls(losses: readonly number[]): boolean {
  const length = Math.max(FEWEST_TO_JUDGE_LEARNING, Math.min(MOST_OF_TREND, losses.length >> 1));
  const given = losses.slice(-length);
  const half = given.length >> 1;
  if (half === 0 || !(median(given.slice(-half)) < LEARNING_SHARE * median(given.slice(0, half)))) return false;
  let fallen = 0;
  for (const [index, later] of given.entries()) for (let before = 0; before < index; before++) fallen += Math.sign(given[before]! - later);
  const n = given.length;
  return fallen > SURE_OF_TREND * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
}
