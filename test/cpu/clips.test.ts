/** Clips and penalties: the library's calls, what they cost in dispatches, and the references of their kernels against PyTorch's answers. */
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { clipOf, regularizerOf } from "../../src/experiment/remedies.ts";
import type { Node } from "../../src/graph/node.ts";
import { nn, optim, type TrainerOptions } from "../../src/index.ts";
import { CLIP_FORMS } from "../../src/ops/arena/clip.ts";
import { elementUpdate } from "../../src/ops/arena/elementUpdate.ts";
import { finishStatistics } from "../../src/ops/arena/finishStatistics.ts";
import { gradientStatistics } from "../../src/ops/arena/gradientStatistics.ts";
import { bitsOf, COUNTERS, floatOf, RECORD, recordWords, STEP } from "../../src/ops/arena/layout.ts";
import { updateSgdOp } from "../../src/ops/arena/updateSgd.ts";
import { input } from "../../src/ops/define.ts";
import { type Clip, clipLimit } from "../../src/optim/clip.ts";
import { effectiveLambdas } from "../../src/optim/regularizers.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { computeFloat64 } from "../support/float64.ts";
import { planTraining } from "../support/planningRuntime.ts";

const arena = layOutArena([
  { name: "0.weight", role: "weight", shape: [4] },
  { name: "1.weight", role: "weight", shape: [3] },
]);
const WEIGHTS = [
  [0.5, -1.25, 2, 0],
  [0.25, -0.125, 1.5],
];
const GRADIENTS = [
  [0.25, -0.5, 1, 0.125],
  [3, -4, 0.5],
];
const filled = (parts: readonly (readonly number[])[]): Float64Array => {
  const data = new Float64Array(arena.size);
  for (const [index, part] of parts.entries()) data.set(part, arena.segments[index]!.offset);
  return data;
};
const partsOf = (data: Float64Array): number[] => arena.segments.flatMap(({ offset, size }) => [...data.subarray(offset, offset + size)]);

/** The step's end by the references, with rate 1: parameters before minus after, and what is reported. */
function endOfStep(clip: Clip | null, lambdas: { l1: number; l2: number } | null) {
  const step = new Float64Array(STEP.words);
  step[STEP.learningRate] = bitsOf(1);
  step[STEP.clipMax] = bitsOf(clipLimit(clip));
  step[STEP.l1] = bitsOf(lambdas?.l1 ?? 0);
  step[STEP.l2] = bitsOf(lambdas?.l2 ?? 0);
  const values = new Map<Node, ArrayLike<number>>();
  const given = (data: ArrayLike<number>, dtype: "f32" | "u32" = "u32", shape: readonly number[] = [data.length]): Node => {
    const node = input(shape, dtype);
    values.set(node, data);
    return node;
  };
  const kind = clip?.type ?? "none";
  const regularizer = lambdas !== null;
  const nodes = {
    parameters: given(filled(WEIGHTS), "f32"),
    gradients: given(filled(GRADIENTS), "f32"),
    chunks: given(arena.chunks),
    step: given(step),
  };
  const rest = {
    partials: gradientStatistics(nodes, { regularizer }),
    segments: given(arena.segmentTable),
    step: nodes.step,
    loss: given([1], "f32", []),
    counters: given(new Float64Array(COUNTERS.words)),
    flags: given(new Float64Array(64)),
    ring: given(new Float64Array(recordWords(2))),
  };
  const finished = finishStatistics(rest, { segments: 2, layers: 1, slots: 1, clip: kind, policy: "stop", plateau: null });
  const updated = elementUpdate(
    updateSgdOp,
    { ...nodes, moments: null, table: null, summary: finished.summary },
    { momentum: 0, dampening: 0, nesterov: false, decoupled: false, regularizer, clip: CLIP_FORMS[kind] },
  );
  const [parameters, ring] = computeFloat64([updated.parameters, finished.ring], values);
  const before = partsOf(filled(WEIGHTS));
  return {
    taken: partsOf(parameters!).map((value, index) => before[index]! - value),
    clipScale: floatOf(ring![RECORD.clipScale]!),
    gradientNorm: floatOf(ring![RECORD.globalNorm]!),
    penalty: floatOf(ring![RECORD.penalty]!),
  };
}

/** The limit, partial sums and scales pass through float32. */
const OFF = 8 * 2 ** -24;

describe("a clip", () => {
  /** torch.nn.utils.clip_grad_norm_ and clip_grad_value_ in float64; rescaling and normalising by torch's norm of all. */
  const pytorch: readonly [Clip, readonly number[], number][] = [
    [
      optim.clipGlobalNorm(1.5),
      [
        0.07273928263598609, -0.14547856527197217, 0.29095713054394434, 0.03636964131799304, 0.872871391631833, -1.1638285221757774,
        0.14547856527197217,
      ],
      0.29095713054394434,
    ],
    [optim.clipParameterNorm(1.5), [0.25, -0.5, 1, 0.125, 0.8955332929712039, -1.1940443906282718, 0.14925554882853398], 0.298511097657068],
    [optim.clipValue(0.75), [0.25, -0.5, 0.75, 0.125, 0.75, -0.75, 0.5], 0.1875],
    [
      optim.rescale(1.5),
      [
        0.07273929674533079, -0.14547859349066158, 0.29095718698132317, 0.036369648372665396, 0.8728715609439694, -1.1638287479252927,
        0.14547859349066158,
      ],
      0.29095718698132317,
    ],
    [
      optim.normalize(),
      [
        0.048492864496887195, -0.09698572899377439, 0.19397145798754878, 0.024246432248443597, 0.5819143739626463, -0.7758858319501951,
        0.09698572899377439,
      ],
      0.19397145798754878,
    ],
  ];
  it.each(pytorch)("is PyTorch's: $type", (clip, expected, scale) => {
    const { taken, clipScale, gradientNorm } = endOfStep(clip, null);
    for (const [index, value] of expected.entries()) expect(Math.abs(taken[index]! - value), `element ${index}`).toBeLessThan(4 * OFF);
    expect(Math.abs(clipScale - scale)).toBeLessThan(OFF);
    expect(Math.abs(gradientNorm - 5.155397656825349)).toBeLessThan(8 * OFF);
  });

  it("leaves alone what is short, except that normalising makes it longer", () => {
    for (const clip of [optim.clipGlobalNorm(100), optim.clipParameterNorm(100), optim.clipValue(4), optim.rescale(100)]) {
      const { taken, clipScale } = endOfStep(clip, null);
      expect(taken).toEqual(GRADIENTS.flat());
      expect(clipScale).toBe(1);
    }
  });

  it("says what it was given that it does not take", () => {
    expect(() => optim.clipGlobalNorm(0)).toThrow("optim.clipGlobalNorm: max is 0; use a finite number above 0");
    expect(() => optim.clipParameterNorm(-1)).toThrow("optim.clipParameterNorm: max is -1; use a finite number above 0");
    expect(() => optim.clipValue(Number.NaN)).toThrow("optim.clipValue: max is NaN; use a finite number above 0");
    expect(() => optim.rescale(Infinity)).toThrow("optim.rescale: threshold is Infinity; use a finite number above 0");
  });

  it("is what an experiment names", () => {
    expect(clipOf({ type: "parameterNorm", max: 2 })).toEqual(optim.clipParameterNorm(2));
    expect(clipOf({ type: "value", max: 2 })).toEqual(optim.clipValue(2));
    expect(clipOf({ type: "rescale", threshold: 2 })).toEqual(optim.rescale(2));
    expect(clipOf({ type: "normalize" })).toEqual(optim.normalize());
  });
});

describe("a penalty", () => {
  it("joins loss and gradient as PyTorch's autograd has it: both powers", () => {
    const { taken, penalty } = endOfStep(null, { l1: 0.375, l2: 0.25 });
    const expected = [0.5, -0.6875, 0.875, 0, 0.4375, -0.40625, 0.75].map((value, index) => value + GRADIENTS.flat()[index]!);
    expect(taken).toEqual(expected);
    expect(penalty).toBeCloseTo(3.126953125, 6);
  });

  it("has two λ's, both divided by the number of samples", () => {
    expect(optim.elasticNet({ l1: 1, l2: 3, divideBy: "samples" })).toEqual({ l1: 1, l2: 3, divideBy: "samples" });
    expect(effectiveLambdas(optim.elasticNet({ l1: 1, l2: 3, divideBy: "samples" }), 4)).toEqual({ l1: 0.25, l2: 0.75 });
    expect(effectiveLambdas(optim.elasticNet({ l1: 1, l2: 3 }), 4)).toEqual({ l1: 1, l2: 3 });
    expect([optim.ridge(0.5), optim.lasso(0.5)]).toEqual([optim.l2(0.5), optim.l1(0.5)]);
    const divideBy = "samples" as const;
    expect(regularizerOf({ type: "ridge", lambda: 2, divideBy })).toEqual(optim.l2(2, { divideBy }));
    expect(regularizerOf({ type: "lasso", lambda: 2, divideBy })).toEqual(optim.l1(2, { divideBy }));
    expect(regularizerOf({ type: "elasticNet", l1: 2, l2: 3, divideBy })).toEqual(optim.elasticNet({ l1: 2, l2: 3, divideBy }));
  });

  it("says what it was given that it does not take", () => {
    expect(() => optim.ridge(-1)).toThrow("optim.ridge: lambda is -1; use a finite number from 0");
    expect(() => optim.elasticNet({ l1: 1 } as never)).toThrow("optim.elasticNet: l2 is undefined; use a finite number from 0");
    expect(() => optim.elasticNet({ l1: 1, l2: 1, lambda: 2 } as never)).toThrow(/there is no option "lambda"; it has l1, l2, divideBy/);
  });
});

describe("a step's dispatches", () => {
  const target = { adapterClass: "software", subgroups: false } as const;
  const train = { count: 20, x: new Float32Array(80), xScale: 1, y: new Int32Array(20), yShape: [] };
  const dataset: Dataset = { name: "four numbers", sampleShape: [4], classes: 4, train, test: null };
  const dispatches = async (hidden: number, more: Partial<TrainerOptions>): Promise<number> => {
    const options: TrainerOptions = {
      model: nn.sequential(
        nn.repeat(hidden, () => [nn.linear(4, 4), nn.tanh()]),
        nn.linear(4, 4),
      ),
      loss: nn.softmaxCrossEntropy(),
      batchSize: 4,
      optimizer: optim.sgd({ learningRate: 0.1 }),
      ...more,
    };
    return (await planTraining(options, dataset, target))[0]!.plan.dispatches.length;
  };
  const remedies: readonly [string, Partial<TrainerOptions>, number][] = [
    ["clipGlobalNorm", { clip: optim.clipGlobalNorm(1) }, 0],
    ["clipParameterNorm", { clip: optim.clipParameterNorm(1) }, 0],
    ["clipValue", { clip: optim.clipValue(1) }, 0],
    ["rescale", { clip: optim.rescale(1) }, 0],
    ["normalize", { clip: optim.normalize() }, 0],
    ["clipAdaptive", { clip: optim.clipAdaptive() }, 1],
    ["maxNorm", { constraint: optim.maxNorm(1) }, 1],
    [
      "all together",
      {
        clip: optim.clipAdaptive(),
        constraint: optim.maxNorm(1),
        gradientNoise: optim.gradientNoise({ eta: 1 }),
        regularizer: optim.l2(1e-3),
      },
      3,
    ],
    ["gradientNoise", { gradientNoise: optim.gradientNoise({ eta: 1 }) }, 1],
    ["gradientNoise of 0", { gradientNoise: optim.gradientNoise({ eta: 0 }) }, 0],
    ["elasticNet", { regularizer: optim.elasticNet({ l1: 1e-3, l2: 1e-3 }) }, 0],
  ];
  it.each(["muon", "lamb", "lion"] as const)("may follow every optimizer: %s with all of them", async (name) => {
    const optimizer = optim[name]({ learningRate: 0.1 });
    const all = { clip: optim.clipAdaptive(), gradientNoise: optim.gradientNoise({ eta: 1 }), regularizer: optim.l2(1e-3) };
    const [free, held] = [await dispatches(3, { optimizer }), await dispatches(3, { optimizer, ...all, constraint: optim.maxNorm(1) })];
    expect(held - free).toBe(3);
  });

  it.each([3, 50])("are as many more as a remedy needs, at depth %i", async (hidden) => {
    const plain = await dispatches(hidden, {});
    for (const [name, remedy, more] of remedies) expect((await dispatches(hidden, remedy)) - plain, name).toBe(more);
  });
});
