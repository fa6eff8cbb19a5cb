/** Noise on the gradients: its numbers against known ones, its variance, and its one dispatch. */
import { describe, expect, it } from "vitest";
import { inverseNormal } from "../../src/core/normal.ts";
import { noiseOf } from "../../src/experiment/remedies.ts";
import { optim } from "../../src/index.ts";
import { noiseAt } from "../../src/ops/arena/gradientNoise.ts";
import { noiseDeviation } from "../../src/optim/noise.ts";

describe("inverseNormal", () => {
  /** torch.special.ndtri in float64. */
  const KNOWN: readonly (readonly [number, number])[] = [
    [1.1641532182693481e-10, -6.3379577545537895],
    [1e-8, -5.612001244174789],
    [0.0001, -3.7190164854556804],
    [0.0123, -2.247626755795138],
    [0.074999, -1.4395385353452306],
    [0.075001, -1.4395244066035215],
    [0.2, -0.8416212335729142],
    [0.49, -0.02506890825871106],
    [0.4999999, -2.506628274703107e-7],
  ];
  it("equals PyTorch's in the middle and in both tails", () => {
    for (const [p, z] of KNOWN) {
      expect(Math.abs(inverseNormal(p) / z - 1)).toBeLessThan(1e-14);
      expect(Math.abs(inverseNormal(1 - p) / -z - 1)).toBeLessThan(1e-14 + 2 ** -52 / Math.min(p, 0.5 - p));
    }
    expect(inverseNormal(0.5)).toBe(0);
  });
});

describe("gradient noise", () => {
  it("is normal: mean, variance and fourth moment within five standard errors", () => {
    const count = 40_000;
    const moments = [1, 2, 4].map((power) => {
      let sum = 0;
      for (let element = 0; element < count; element++) sum += noiseAt(3, 7, 1, element) ** power;
      return sum / count;
    });
    // Var z = 1, Var z² = 2, Var z⁴ = 96.
    for (const [index, [mean, variance]] of [
      [0, 1],
      [1, 2],
      [3, 96],
    ].entries())
      expect(Math.abs(moments[index]! - mean!), `moment ${index}`).toBeLessThan(5 * Math.sqrt(variance! / count));
  });

  it("differs with seed, step, parameter and element", () => {
    const all = [
      noiseAt(1, 2, 3, 4),
      noiseAt(2, 2, 3, 4),
      noiseAt(1, 3, 3, 4),
      noiseAt(1, 2, 4, 4),
      noiseAt(1, 2, 3, 5),
      noiseAt(1, 2, 3, 8),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it("has a variance of η/(1 + t)^γ", () => {
    const noise = optim.gradientNoise({ eta: 0.3, gamma: 0.5 });
    expect([0, 3, 99].map((step) => noiseDeviation(noise, step) ** 2)).toEqual([0.3, 0.15, 0.03].map((value) => expect.closeTo(value, 12)));
    expect(optim.gradientNoise({ eta: 1 })).toEqual({ eta: 1, gamma: 0.55 });
    expect(noiseOf({ eta: 1, gamma: 2 })).toEqual({ eta: 1, gamma: 2 });
    expect(noiseDeviation(null, 0)).toBe(0);
  });

  it("says what it was given that it does not take", () => {
    expect(() => optim.gradientNoise({} as never)).toThrow("optim.gradientNoise: eta is undefined; use a finite number from 0");
    expect(() => optim.gradientNoise({ eta: 1, gamma: -1 })).toThrow("optim.gradientNoise: gamma is -1; use a finite number from 0");
    expect(() => optim.gradientNoise({ eta: 1, decay: 1 } as never)).toThrow(/there is no option "decay"; it has eta, gamma/);
  });
});
