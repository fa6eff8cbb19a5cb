/** From a number of a layer to a share of a colour scale: of powers of ten, or from 0 to 1. */
import { type Decades, powerLabel, powers } from "./frame.ts";
import { viridis } from "./palette.ts";

export interface Scale {
  /** Of the scale's length; what is not finite has none. */
  readonly share: (value: number) => number;
  readonly ticks: readonly { readonly share: number; readonly text: string }[];
  /** Another one with the same key gives the same colours. */
  readonly key: string;
}

export function powerScale(decades: Decades): Scale {
  const { low, high } = decades;
  const share = (power: number): number => (power - low) / (high - low);
  return {
    // Zero is below every power.
    share: (value) => (value === 0 ? 0 : share(Math.log10(value))),
    ticks: powers(decades, 5).map((power) => ({ share: share(power), text: powerLabel(power) })),
    key: `${low} ${high}`,
  };
}

export const SHARES: Scale = {
  share: (value) => value,
  ticks: [0, 0.25, 0.5, 0.75, 1].map((share) => ({ share, text: `${100 * share} %` })),
  key: "shares",
};

/** Of what is not finite. */
const BROKEN = [213, 94, 0] as const;
const ZERO = [0, 0, 0] as const;

export function colourOf(value: number, scale: Scale): readonly [number, number, number] {
  if (!Number.isFinite(value)) return BROKEN;
  // A gradient of exactly 0 is none at all; a share of 0 is a share.
  return value === 0 && scale !== SHARES ? ZERO : viridis(scale.share(value));
}
