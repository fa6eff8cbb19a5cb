/** Axes: where a value lies between two ends, and which values are marked. */

export interface Scale {
  readonly kind: "linear" | "log";
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** 0 at the low end, 1 at the high end; outside values are held at the ends. */
  place(value: number): number;
}

export function linearScale(low: number, high: number, wishedTicks = 6): Scale {
  const top = high > low ? high : low + 1;
  const step = niceStep((top - low) / wishedTicks);
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= top + step * 1e-9; tick += step) ticks.push(Number(tick.toPrecision(12)));
  return { kind: "linear", low, high: top, ticks, place: (value) => clampShare((value - low) / (top - low)) };
}

/** From a positive low to a positive high. Ticks are powers of ten, with 2 and 5 between them where there is room. */
export function logScale(low: number, high: number, mostTicks = 8): Scale {
  const [bottom, top] = low < high ? [Math.log10(low), Math.log10(high)] : [Math.log10(low) - 0.5, Math.log10(low) + 0.5];
  const decades = top - bottom;
  const every = Math.max(1, Math.ceil(decades / mostTicks));
  const ticks: number[] = [];
  for (let power = Math.floor(bottom); power <= Math.ceil(top); power++) {
    if (power % every !== 0) continue;
    for (const factor of decades < 3 ? [1, 2, 5] : [1]) {
      const tick = factor * 10 ** power;
      if (Math.log10(tick) >= bottom - 1e-9 && Math.log10(tick) <= top + 1e-9) ticks.push(Number(tick.toPrecision(3)));
    }
  }
  return {
    kind: "log",
    low: 10 ** bottom,
    high: 10 ** top,
    ticks,
    place: (value) => (value <= 0 ? 0 : clampShare((Math.log10(value) - bottom) / decades)),
  };
}

const clampShare = (share: number): number => Math.min(1, Math.max(0, share));

/** 1, 2 or 5 times a power of ten, and at least 1: what is counted here are steps and layers, or losses, which the caller scales. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  return factor * power;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  "-": "⁻",
  "0": "⁰",
  "1": "¹",
  "2": "²",
  "3": "³",
  "4": "⁴",
  "5": "⁵",
  "6": "⁶",
  "7": "⁷",
  "8": "⁸",
  "9": "⁹",
};

/** 0.01, 0.5, 100; beyond that as 10⁻¹⁷. */
export function tickLabel(value: number): string {
  if (value === 0) return "0";
  const power = Math.log10(Math.abs(value));
  if (power > -2.5 && power < 4) return String(Number(value.toPrecision(3)));
  const whole = Math.floor(power + 1e-9);
  const factor = Number((value / 10 ** whole).toPrecision(2));
  const raised = [...String(whole)].map((digit) => SUPERSCRIPTS[digit]).join("");
  return factor === 1 ? `10${raised}` : `${factor}·10${raised}`;
}
