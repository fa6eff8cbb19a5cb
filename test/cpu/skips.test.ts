/** Skip connections: names, values and gradients in float64, what is drawn at random, and how many dispatches they take. */
import { describe, expect, it } from "vitest";
import { philox4x32, STREAMS, uniform01 } from "../../src/core/philox.ts";
import { Random } from "../../src/core/random.ts";
import { buildModel } from "../../src/experiment/index.ts";
import { parseExperiment } from "../../src/experiment/parse.ts";
import { nn, optim } from "../../src/index.ts";
import { collect } from "../../src/nn/collect.ts";
import { checkGradients, spread } from "../support/float64.ts";
import { runModel, SEED, STEP_NUMBER, traceModel } from "../support/modelFloat64.ts";
import { planTraining } from "../support/planningRuntime.ts";

const names = (model: nn.Module): string[] =>
  collect(model).parameters.map(({ name, role, shape }) => `${name} ${role} ${shape.join("x")}`);
/** Weights that differ by name and element. */
const weights = (name: string, size: number): Float32Array =>
  spread(size, [...name].reduce((sum, c) => 31 * sum + c.charCodeAt(0), 7) % 1e6);

/** y = x·Wᵀ + b of a row, weights as above. */
function affine(path: string, x: readonly number[], out: number): number[] {
  const [w, b] = [weights(`${path}.weight`, out * x.length), weights(`${path}.bias`, out)];
  return Array.from({ length: out }, (_, o) => x.reduce((sum, value, i) => sum + value * w[o * x.length + i]!, b[o]!));
}

const ROWS = 3;
const X = spread(ROWS * 4, 5);
const rows = Array.from({ length: ROWS }, (_, row) => Array.from(X.subarray(4 * row, 4 * row + 4)));

function expectRows(model: nn.Module, row: (x: number[]) => number[]): void {
  const truth = rows.flatMap(row);
  const found = runModel(model, [ROWS, 4], X, weights);
  expect(found).toHaveLength(truth.length);
  for (const [index, value] of truth.entries()) expect(found[index]!).toBeCloseTo(value, 12);
}

const MODELS = {
  rezero: nn.residual(nn.linear(4, 4), nn.tanh(), { scale: "rezero" }),
  layerScale: nn.residual(nn.linear(4, 2), nn.tanh(), { scale: { type: "layerScale", initial: 0.5 } }),
  highway: nn.highway(nn.linear(4, 4), nn.tanh(), { gateBias: -2 }),
  dense: nn.dense(2, (round) => [nn.linear(4 + 3 * round, 3), nn.tanh()]),
} as const;
const KINDS = Object.keys(MODELS) as (keyof typeof MODELS)[];

describe("parameters", () => {
  it("have the names, roles and shapes of the specification", () => {
    const whole = nn.sequential(nn.tanh(), ...KINDS.map((kind) => MODELS[kind]).slice(0, 2), nn.linear(2, 4), MODELS.highway, MODELS.dense);
    expect(names(whole)).toEqual([
      "1.alpha residualScale 1",
      "1.0.weight weight 4x4",
      "1.0.bias bias 4",
      "2.gamma residualScale 2",
      "2.0.weight weight 2x4",
      "2.0.bias bias 2",
      "2.projection.weight weight 2x4",
      "3.weight weight 4x2",
      "3.bias bias 4",
      "4.0.weight weight 4x4",
      "4.0.bias bias 4",
      "4.gate.weight weight 4x4",
      "4.gate.bias bias 4",
      "5.0.0.weight weight 3x4",
      "5.0.0.bias bias 3",
      "5.1.0.weight weight 3x7",
      "5.1.0.bias bias 3",
    ]);
    expect(MODELS.dense.gives(4)).toBe(10);
  });

  it("begin as the papers have it", () => {
    const first = (model: nn.Module, own: string): number[] => {
      const { init, shape } = collect(model).parameters.find(({ name }) => name === own)!;
      return [...init.generate(shape, new Random(1, "init"))];
    };
    expect(first(MODELS.rezero, "alpha")).toEqual([0]);
    expect(first(nn.residual(nn.linear(2, 2), { scale: { type: "rezero", initial: 1 } }), "alpha")).toEqual([1]);
    expect(first(nn.residual(nn.linear(2, 2), { scale: "layerScale" }), "gamma")).toEqual([1e-4, 1e-4]);
    expect(first(MODELS.highway, "gate.bias")).toEqual([-2, -2, -2, -2]);
    expect(first(nn.highway(nn.linear(2, 2)), "gate.bias")).toEqual([-1, -1]);
  });
});

describe("values", () => {
  const body = (x: number[], out = 4): number[] => affine("0", x, out).map(Math.tanh);

  it("of a scaled residual are x + α·body(x), and P·x + γ ⊙ body(x)", () => {
    const [alpha] = weights("alpha", 1);
    expectRows(MODELS.rezero, (x) => body(x).map((value, i) => x[i]! + alpha! * value));
    const [gamma, p] = [weights("gamma", 2), weights("projection.weight", 8)];
    expectRows(MODELS.layerScale, (x) =>
      body(x, 2).map((value, o) => x.reduce((sum, at, i) => sum + at * p[4 * o + i]!, 0) + gamma[o]! * value),
    );
  });

  it("of a highway are gated", () => {
    expectRows(MODELS.highway, (x) => {
      const gate = affine("gate", x, 4).map((value) => 1 / (1 + Math.exp(-value)));
      return body(x).map((value, i) => gate[i]! * value + (1 - gate[i]!) * x[i]!);
    });
  });

  it("of a dense block are the input and all outputs", () => {
    expectRows(MODELS.dense, (x) => {
      const first = [...x, ...affine("0.0", x, 3).map(Math.tanh)];
      return [...first, ...affine("1.0", first, 3).map(Math.tanh)];
    });
  });
});

describe("gradients", () => {
  it.each(KINDS)("of %s are those of central differences, by the input and every parameter", (kind) => {
    const { x, output, parameters, valuesOf } = traceModel(MODELS[kind], [ROWS, 4], true);
    const wrt = [x, ...parameters.values()];
    for (const { worst, gradient } of checkGradients(output, wrt, valuesOf(X, weights))) {
      expect(worst).toBeLessThan(1e-8);
      expect(gradient.some((value) => value !== 0)).toBe(true);
    }
  });
});

describe("stochastic depth", () => {
  const RATE = 0.5;
  const uniform = (element: number, user: number): number =>
    uniform01(philox4x32([Math.floor(element / 4), STEP_NUMBER, user, 0], [SEED, STREAMS.dropout])[element % 4]!);
  const block = (mode: "row" | "batch", features: number): nn.Module =>
    nn.residual(nn.linear(features, features, { bias: false }), { stochasticDepth: { rate: RATE, mode } });
  const one = (_: string, size: number): Float32Array => new Float32Array(size).fill(1);

  it("leaves rows out, or the whole batch, by the specified random numbers, numbered together with dropout", () => {
    for (const features of [1, 3, 4]) {
      const model = nn.sequential(nn.dropout(RATE), block("row", features), block("batch", features), block("row", features));
      const count = 9;
      const found = runModel(model, [count, features], new Float32Array(count * features).fill(1), one, true);
      const kept = (element: number, user: number): number => (uniform(element, user) >= RATE ? 2 : 0);
      for (let row = 0; row < count; row++) {
        let x = Array.from({ length: features }, (_, feature) => kept(row * features + feature, 0));
        for (const [user, element] of [row, 0, row].entries()) {
          const sum = x.reduce((total, value) => total + value, 0);
          x = x.map((value) => value + kept(element, user + 1) * sum);
        }
        expect(Array.from(found.subarray(row * features, (row + 1) * features), (value) => value + 0)).toEqual(x);
      }
    }
    const draws = Array.from({ length: 9 }, (_, row) => uniform(row, 1) >= RATE);
    expect(new Set(draws).size, "some rows are kept, some not").toBe(2);
  });

  it("does nothing outside training, and at rate 0", () => {
    for (const model of [block("row", 2), block("batch", 2)])
      expect([...runModel(model, [2, 2], [1, 2, 3, 4], one)]).toEqual([4, 5, 10, 11]);
    const never = nn.residual(nn.linear(2, 2, { bias: false }), { stochasticDepth: { rate: 0 } });
    expect([...runModel(never, [2, 2], [1, 2, 3, 4], one, true)]).toEqual([4, 5, 10, 11]);
  });

  it("decays by the round of the innermost repeat", () => {
    const rates: number[] = [];
    const residual = (decay?: string): object => ({
      type: "residual",
      body: [{ type: "linear", units: 2 }],
      stochasticDepth: { rate: 0.6, ...(decay ? { decay } : {}) },
    });
    const layers = [
      residual("linear"),
      { type: "repeat", times: 2, body: [{ type: "repeat", times: 3, body: [residual("linear")] }, residual("linear"), residual()] },
    ];
    const { model } = parseExperiment({
      format: "fathom-experiment/1",
      seed: 1,
      dataset: "digits",
      batchSize: 4,
      steps: 1,
      model: layers,
      loss: "softmaxCrossEntropy",
      optimizer: "sgd",
      schedule: { type: "constant", initial: 1 },
    });
    const { trace } = traceModel(buildModel(model, 2), [2, 2], false);
    const context = {
      training: true,
      parameter: (name: string) => trace.wrap(traceModel(nn.linear(2, 2), [2, 2], false).parameters.get(name)!),
      run: ({ module }: nn.Child, x: never) => module.forward(x, context as never),
      stochasticDepth: (x: never, rate: number) => {
        rates.push(rate);
        return x;
      },
    };
    buildModel(model, 2).forward(trace.wrap(traceModel(nn.linear(2, 2), [2, 2], false).x), context as never);
    const rounds = [0.6 / 3, (0.6 * 2) / 3, 0.6];
    expect(rates).toEqual([0.6, ...rounds, 0.3, 0.6, ...rounds, 0.6, 0.6]);
  });
});

describe("options", () => {
  it("are refused by name", () => {
    expect(() => nn.residual(nn.linear(4, 4), { scale: "fixup" as never })).toThrow('scale is "fixup"; use "rezero" or "layerScale"');
    expect(() => nn.residual(nn.linear(4, 4), { scale: { type: "rezero", gain: 1 } as never })).toThrow('no option "gain"');
    expect(() => nn.residual(nn.tanh(), { scale: "layerScale" })).toThrow(/does not say how many features/);
    expect(() => nn.residual(nn.linear(4, 4), { stochasticDepth: { rate: 1 } })).toThrow("nn.residual: stochasticDepth: rate is 1");
    expect(() => nn.residual(nn.linear(4, 4), { stochasticDepth: { rate: 0.1, mode: "column" as never } })).toThrow(/mode is "column"/);
    expect(() => nn.highway(nn.linear(4, 3))).toThrow("nn.highway: its body turns 4 features into 3; a highway keeps the width");
    expect(() => nn.highway(nn.tanh())).toThrow(/does not say how many features/);
    expect(() => nn.highway(nn.linear(4, 4), { bias: 1 } as never)).toThrow('there is no option "bias"; it has gateBias');
    expect(() => nn.dense(2, () => nn.linear(4, 3))).toThrow("round 1 takes 4 features, and the input and the rounds before it have 7");
    const shared = nn.linear(4, 3);
    expect(() => nn.dense(2, () => shared)).toThrow(/nn.dense: round 1 is the same module/);
  });
});

describe("dispatches", () => {
  const data = { count: 16, x: new Float32Array(128), xScale: 1, y: new Int32Array(16), yShape: [] };
  const dataset = { name: "zeros", sampleShape: [8], classes: 3, train: data, test: null };
  /** Of one step and of one prediction. */
  async function counts(block: () => nn.Module, width = 8, times = 4): Promise<{ step: number; prediction: number }> {
    const model = nn.sequential(nn.linear(8, 8), nn.repeat(times, block), nn.linear(width, 3));
    const options = { model, loss: nn.softmaxCrossEntropy(), batchSize: 8, optimizer: optim.sgd({ learningRate: 0.1 }) };
    const programs = await planTraining(options, dataset, { adapterClass: "software", subgroups: false }, true);
    const of = (label: string): number => programs.find((program) => program.label === label)!.plan.dispatches.length;
    return { step: of("training step"), prediction: of("prediction") };
  }
  const body = (): [nn.Module, nn.Module] => [nn.linear(8, 8), nn.tanh()];

  it("of a scale are none forward, and one backward for each block: the sum that is its gradient", async () => {
    const plain = await counts(() => nn.residual(...body()));
    for (const scale of ["rezero", "layerScale"] as const) {
      const scaled = await counts(() => nn.residual(...body(), { scale }));
      expect(scaled.prediction).toBe(plain.prediction);
      expect(scaled.step - plain.step, scale).toBe(4);
    }
  });

  it("of stochastic depth are none", async () => {
    const plain = await counts(() => nn.residual(...body()));
    for (const mode of ["row", "batch"] as const)
      expect(await counts(() => nn.residual(...body(), { stochasticDepth: { rate: 0.2, mode } }))).toEqual(plain);
  });

  it("of a dense block are one concatenation forward and one piece of its gradient backward for each round", async () => {
    const plain = await counts(() => nn.sequential(...body()), 8, 1);
    for (const rounds of [2, 7]) {
      const dense = await counts(() => nn.dense(rounds, (round) => [nn.linear(8 + 4 * round, 4), nn.tanh()]), 8 + 4 * rounds, 1);
      expect(dense.prediction - plain.prediction, `${rounds} rounds`).toBe(rounds - 1 + rounds);
      expect(dense.step - plain.step, `${rounds} rounds`).toBe(3 * (rounds - 1) + 2 * rounds);
    }
  });

  it("of a highway are its gate's three, and one to mix forward and backward", async () => {
    const plain = await counts(() => nn.sequential(...body()));
    const highway = await counts(() => nn.highway(...body()));
    expect(highway.prediction - plain.prediction).toBe(4 * 2);
    expect(highway.step - plain.step).toBe(4 * 5);
  });
});
