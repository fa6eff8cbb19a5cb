/** Colours for gradient norms: lighter means larger, for every kind of colour vision and on paper. */
import type { Colour } from "./png.ts";
import { logScale, type Scale } from "./scale.ts";

/** Eleven stops of viridis (S. van der Walt and N. Smith, public domain, CC0). */
const STOPS = ["440154", "482475", "414487", "355f8d", "2a788e", "21918c", "22a884", "44bf70", "7ad151", "bddf26", "fde725"].map(
  (hex): Colour => [Number.parseInt(hex.slice(0, 2), 16), Number.parseInt(hex.slice(2, 4), 16), Number.parseInt(hex.slice(4, 6), 16)],
);

/** `share` from 0 to 1. */
export function colourOf(share: number): Colour {
  const place = Math.min(1, Math.max(0, share)) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(place));
  const [from, to] = [STOPS[low]!, STOPS[low + 1]!];
  const mix = (channel: 0 | 1 | 2): number => Math.round(from[channel] + (to[channel] - from[channel]) * (place - low));
  return [mix(0), mix(1), mix(2)];
}

/** Decades that are told apart; with more, those between healthy layers could not be seen. */
const MOST_DECADES = 10;

/** One scale for all nets: whole decades from the largest norm down. Smaller ones have the darkest colour. */
export function normScale(norms: readonly number[]): Scale {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const norm of norms) {
    if (!Number.isFinite(norm) || norm <= 0) continue;
    if (norm < least) least = norm;
    if (norm > most) most = norm;
  }
  if (most === 0) return logScale(1e-4, 1);
  const top = Math.ceil(Math.log10(most));
  const bottom = Math.max(Math.floor(Math.log10(least)), top - MOST_DECADES);
  return logScale(10 ** Math.min(bottom, top - 1), 10 ** top, MOST_DECADES);
}
