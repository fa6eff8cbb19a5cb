/** Every clip through the three kernels that carry it out, against its formula in float64: at magnitudes whose squares, and whose reciprocals, float32 does not hold. */
import { describe, expect, it } from "vitest";
import { CLIP_FORMS, type ClipKind } from "../../src/ops/arena/clip.ts";
import { finishStatisticsOp } from "../../src/ops/arena/finishStatistics.ts";
import { gradientStatisticsOp } from "../../src/ops/arena/gradientStatistics.ts";
import { COUNTERS, floatOf, RECORD, recordWords, SUMMARY } from "../../src/ops/arena/layout.ts";
import { updateSgdOp } from "../../src/ops/arena/updateSgd.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { fillArena, stepWords } from "../support/arenaInputs.ts";
import { spread } from "../support/float64.ts";
import { expectNear, f32, type KernelInput, referenceOf, runKernel, u32 } from "../support/runKernel.ts";

/** Sums of at most 5000 squares in blocks and trees, a root, a quotient and two products: 40 roundings at the most. */
const TOLERANCE = 40 * 2 ** -23;
const SUBNORMAL = 2 ** -126;

const arena = layOutArena([3, 70, 4200].map((size, index) => ({ name: `p${index}`, role: "weight", shape: [size] })));
/** None so small that a GPU may take it for 0 where 1e-36 is multiplied by it. */
const noise = spread(5000, 5).map((value) => Math.sign(value) * (0.1 + 0.9 * Math.abs(value)));
const chunks = u32(arena.chunks);
const segments = arena.segments.length;

/** An adaptive clip is another kernel's: test/gpu/rows.test.ts. */
type Done = Exclude<ClipKind, "none" | "adaptive">;

interface Clipped {
  readonly gradients: Float64Array;
  readonly gradientNorm: number;
  readonly clipScale: number;
  readonly summary: Float64Array;
}

/** What an update with rate 1 takes from parameters of 0: minus the clipped gradient, exactly. Holds each kernel to its reference on the way. */
async function clipped(gradients: KernelInput, clip: ClipKind, clipMax: number): Promise<Clipped> {
  const step = stepWords({ clipMax, learningRate: 1 });
  const zeros = f32([arena.size], new Float32Array(arena.size));
  const [partials] = await runKernel(gradientStatisticsOp, [zeros, gradients, chunks, step], { regularizer: false });
  const finish = [
    u32(partials!.data),
    u32(arena.segmentTable),
    step,
    f32([], [0]),
    u32(new Uint32Array(COUNTERS.words)),
    u32(new Uint32Array(64)),
    u32(new Uint32Array(recordWords(segments))),
  ];
  const attributes = { segments, layers: 1, slots: 1, clip, policy: "ignore", plateau: null } as const;
  const [summary, , , ring] = await runKernel(finishStatisticsOp, finish, attributes);
  const [trueSummary, , , trueRing] = referenceOf(finishStatisticsOp, finish, attributes);
  const near = (got: number, truth: number, what: string): void => {
    const [a, b] = [floatOf(got), floatOf(truth)];
    if (!Object.is(a, b) && !(Math.abs(a - b) <= TOLERANCE * Math.abs(b) + SUBNORMAL)) expect.fail(`${what}: ${a} for ${b}`);
  };
  near(ring!.data[RECORD.clipScale]!, trueRing!.data[RECORD.clipScale]!, "the reported scale");
  for (let at: number = SUMMARY.words; at < summary!.data.length; at += 2) {
    near(summary!.data[at]!, trueSummary!.data[at]!, `scale ${at}`);
    expect(summary!.data[at + 1]).toBe(trueSummary!.data[at + 1]);
  }
  near(summary!.data[SUMMARY.clipScale]!, trueSummary!.data[SUMMARY.clipScale]!, "the scale");
  expect(summary!.data[SUMMARY.clipExponent]).toBe(trueSummary!.data[SUMMARY.clipExponent]);

  const update = [gradients, chunks, u32(summary!.data), step, zeros];
  const sgd = { momentum: 0, dampening: 0, nesterov: false, decoupled: false, regularizer: false, clip: CLIP_FORMS[clip] };
  const [parameters] = await runKernel(updateSgdOp, update, sgd);
  const [truth] = referenceOf(updateSgdOp, update, sgd);
  expectNear(parameters!, truth!, (index) => 4 * 2 ** -23 * Math.abs(truth!.data[index]!) + SUBNORMAL, "parameters");
  return {
    gradients: parameters!.data.map((value) => -value),
    gradientNorm: floatOf(ring!.data[RECORD.globalNorm]!),
    clipScale: floatOf(ring!.data[RECORD.clipScale]!),
    summary: summary!.data,
  };
}

const normOf = (values: ArrayLike<number>): number => {
  const highest = Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return highest === 0 ? 0 : highest * Math.sqrt(Array.from(values).reduce((sum, value) => sum + (value / highest) ** 2, 0));
};
const partOf = (values: ArrayLike<number>, segment: number): number[] => {
  const { offset, size } = arena.segments[segment]!;
  return Array.from(values).slice(offset, offset + size);
};

type Formula = (g: ArrayLike<number>, limit: number) => (value: number, segment: number) => number;

/** docs/experiment.md in float64: the clipped gradients of each segment. */
const FORMULAS: Readonly<Record<Done, Formula>> = {
  globalNorm: (g, max) => {
    const scale = Math.min(1, max / (normOf(g) + 1e-6));
    return (value) => value * scale;
  },
  parameterNorm: (g, max) => {
    const scales = arena.segments.map((_, segment) => Math.min(1, max / (normOf(partOf(g, segment)) + 1e-6)));
    return (value, segment) => value * scales[segment]!;
  },
  value: (_, max) => (value) => Math.min(Math.max(value, -max), max),
  rescale: (g, threshold) => {
    const scale = normOf(g) > threshold ? threshold / normOf(g) : 1;
    return (value) => value * scale;
  },
  normalize: (g) => {
    const norm = normOf(g);
    return (value) => (norm === 0 ? value : value / norm);
  },
};
const KINDS = Object.keys(FORMULAS) as Done[];

async function compare(gradients: KernelInput, clip: Done, limit: number, what: string): Promise<Clipped> {
  const g = Float64Array.from(gradients.data);
  const max = Math.fround(limit);
  const made = await clipped(gradients, clip, max);
  const formula = FORMULAS[clip](g, max);
  let least = 1;
  for (const [segment, { offset, size }] of arena.segments.entries())
    for (let index = offset; index < offset + size; index++) {
      const truth = formula(g[index]!, segment);
      if (Math.abs(made.gradients[index]! - truth) > TOLERANCE * Math.abs(truth) + SUBNORMAL)
        expect.fail(`${what}, element ${index}: ${made.gradients[index]} for ${truth}`);
      if (g[index] !== 0) least = Math.min(least, truth / g[index]!);
    }
  if (clip === "normalize" && normOf(g) > 0) least = 1 / normOf(g);
  if (least < 3e38) expect(Math.abs(made.clipScale - least), `${what}: clipScale`).toBeLessThanOrEqual(TOLERANCE * least + SUBNORMAL);
  const norm = normOf(g);
  if (norm < 3e38) expect(Math.abs(made.gradientNorm - norm), `${what}: norm`).toBeLessThanOrEqual(TOLERANCE * norm + SUBNORMAL);
  return made;
}

describe.each(KINDS)("%s", (clip) => {
  it("is its formula for gradients from 1e-36 to 1e38, longer and shorter than its limit", async () => {
    for (const magnitude of [1e-36, 1e-30, 1e-19, 1, 1e19, 1e30, 1e38]) {
      const gradients = fillArena(arena, (segment, index) => magnitude * noise[(index + 31 * segment) % 5000]!);
      for (const limit of [magnitude / 8, 1]) await compare(gradients, clip, Math.min(limit, 3e38), `${magnitude} to ${limit}`);
    }
  });

  it("keeps zeros, and gives each parameter its own where they differ by sixty orders", async () => {
    expect(
      (
        await compare(
          fillArena(arena, () => 0),
          clip,
          1,
          "zeros",
        )
      ).clipScale,
    ).toBe(1);
    // The root of its squares is exactly 1, and the exponent says the rest.
    const single = fillArena(arena, (segment, index) => (segment === 1 && index === 0 ? 0.125 : 0));
    await compare(single, clip, 0.0625, "a power of two");
    const mixed = fillArena(arena, (segment, index) => [1e30, 1e-30, 0][segment]! * noise[index]!);
    for (const limit of [1e-31, 1e29]) await compare(mixed, clip, limit, `mixed to ${limit}`);
  });

  it("says NaN for a gradient that is none and 0 for an infinite one, and lets neither pass as a number", async () => {
    for (const [bad, scale] of [
      [Number.NaN, Number.NaN],
      [Infinity, 0],
    ] as const) {
      const made = await clipped(
        fillArena(arena, (segment, index) => (segment === 1 && index === 69 ? bad : noise[index]!)),
        clip,
        0.5,
      );
      const { offset } = arena.segments[1]!;
      expect(made.clipScale).toBe(scale);
      expect(made.gradientNorm).toBe(bad);
      // clip_grad_value_ makes an infinity the limit; the others 0 · ∞.
      expect(made.gradients[offset + 69]).toEqual(clip === "value" && bad === Infinity ? 0.5 : Number.NaN);
      const whole = clip === "parameterNorm" || clip === "value";
      const first = made.gradients[arena.segments[0]!.offset]!;
      expect(Math.abs(first), "another parameter's").toEqual(whole ? Math.abs(first) : scale);
      expect(Number.isFinite(first)).toBe(whole || scale === 0);
    }
  });
});
