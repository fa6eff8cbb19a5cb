/** Contestants that stand in several places of a round: what others are compared with must not be one engine's luck. */
import { median } from "./bootstrap.ts";

/** Those with `places` stand there, evenly from the first to the last; the others keep their order. */
export function inPlaces<C extends { readonly places?: number }>(contestants: readonly C[]): C[] {
  const order = [...contestants];
  for (const one of contestants) {
    const most = (one.places ?? 1) - 1;
    for (let place = 1; place <= most; place++) order.splice(Math.round((order.length * place) / most), 0, one);
  }
  return order;
}

/**
 * One for each contestant: the first, with the middle of its places' times in each round that all of them took part in. The middle has the median
 * that one place has; a mean would be drawn to the slow ones, by which times are skewed.
 */
export function withoutPlaces<R extends { readonly contestant: unknown; readonly stable: boolean; readonly times: readonly number[] }>(
  runners: readonly R[],
): R[] {
  const places = new Map<unknown, R[]>();
  for (const runner of runners) places.set(runner.contestant, [...(places.get(runner.contestant) ?? []), runner]);
  return [...places.values()].map((same) => {
    const rounds = Math.min(...same.map(({ times }) => times.length));
    const times = Array.from({ length: rounds }, (_, round) => median(same.map((one) => one.times[round]!)));
    return { ...same[0]!, stable: same.every(({ stable }) => stable), times };
  });
}
