/** A made-up run for tests of the report and the files: five nets that vanish, thrive, die, explode and break. Nothing here was measured. */
import type { NetResult, RunResult } from "../../src/cli/results.ts";
import { spread } from "../../src/cli/statistics.ts";
import { diagnose } from "../../src/train/diagnose.ts";
import type { Report } from "../../src/train/report.ts";

interface Shape {
  readonly title: string;
  /** Norm of a layer's weights, layers counted from the input as 0. */
  readonly norm: (layer: number, step: number) => number;
  readonly loss: (step: number) => number;
  readonly stopsAt?: number;
}

export const SYNTHETIC_DEPTH = 25;

export const SYNTHETIC_SHAPES: readonly Shape[] = [
  { title: "vanishes", norm: (layer) => 0.4 * 10 ** ((layer - 24) * 0.7), loss: () => 2.3 },
  {
    title: "thrives",
    norm: (layer, step) => 0.3 * (1 + layer / 24) * Math.exp(-step / 300),
    loss: (step) => 2.4 * Math.exp(-step / 90) + 0.02,
  },
  { title: "dies", norm: (layer, step) => (step > 60 && layer < 18 ? 0 : 0.2), loss: (step) => Math.max(1.9, 2.4 - step / 100) },
  { title: "explodes", norm: (layer) => 0.5 * 10 ** ((24 - layer) * 0.15), loss: (step) => 2.4 + Math.sin(step / 9) * 0.3 },
  {
    title: 'breaks <script>alert("x")</script>',
    norm: (layer, step) => (step > 150 && layer < 9 ? Number.NaN : 10 ** (step / 50 - 2)),
    loss: (step) => (step > 151 ? Number.NaN : 2.4),
    stopsAt: 160,
  },
];

export function syntheticReports({ norm, loss, stopsAt }: Shape, steps: number, seed: number): Report[] {
  // Lehmer's generator (Park and Miller, 1988): plenty for noise.
  let state = seed;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return Array.from({ length: Math.min(steps, stopsAt ?? steps) }, (_, step) => {
    const layers = Array.from({ length: SYNTHETIC_DEPTH }, (_, layer) => [
      { name: `0.${layer}.0.weight`, role: "weight" as const, gradientNorm: norm(layer, step) * (0.7 + 0.6 * random()) },
      { name: `0.${layer}.0.bias`, role: "bias" as const, gradientNorm: 1e-9 * random() },
    ]).flat();
    const gradientNorm = Math.hypot(...layers.map((layer) => layer.gradientNorm));
    return {
      step,
      loss: loss(step) * (0.85 + 0.3 * random()),
      regularization: 0,
      learningRate: 0.02 * (1 - step / steps),
      gradientNorm,
      clipScale: Math.min(1, 5 / (gradientNorm + 1e-6)),
      layers,
      appliedStep: step + 1,
      skipped: false,
    };
  });
}

export function syntheticRun(steps = 400): RunResult {
  const nets = SYNTHETIC_SHAPES.map((shape, index): NetResult => {
    const reports = syntheticReports(shape, steps, index + 1);
    const broken = shape.stopsAt !== undefined && shape.stopsAt < steps;
    return {
      name: ["vanishes", "thrives", "dies", "explodes", "breaks"][index]!,
      title: shape.title,
      experiment: { format: "fathom-experiment/1", name: shape.title },
      reports,
      scores: broken ? null : { trainLoss: reports.at(-1)!.loss, trainAccuracy: 0.9, testLoss: 1, testAccuracy: 0.8 + index / 100 },
      counters: { dispatches: 77 + index, pipelines: 9, buffers: 30, bytes: 1e6, compileMilliseconds: 120 },
      parameters: 100_000,
      seed: 7,
      verdict: diagnose(reports, { chance: Math.log(10) }),
      stopped: broken
        ? {
            name: "FathomError",
            code: "non-finite",
            message: "training stopped at step 160: the output of layer 9 is not finite",
            details: { step: 160 },
          }
        : null,
      trainingMilliseconds: 8000,
      stepTime: { ...spread([17 + index, 18 + index, 19 + index]), stepsInBlock: 6 },
    };
  });
  return {
    title: "Synthetic & <made up>",
    plain: "thrives",
    environment: {
      adapter: "synthetic",
      adapterClass: "software",
      userAgent: "none",
      fathom: "0",
      browser: "None/0",
      node: "v0",
      system: "none",
      processor: "none",
      logicalProcessors: 2,
      date: "2000-01-01T00:00:00.000Z",
    },
    nets,
  };
}
