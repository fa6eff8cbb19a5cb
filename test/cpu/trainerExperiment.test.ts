/** The experiment file: what it becomes, and how faults in it are named. */
import { describe, expect, it } from "vitest";
import { sizeOf } from "../../src/core/shape.ts";
import {
  type Experiment,
  fromExperiment,
  loadDataset,
  parseExperiment,
  prepareExperiment,
  trainerOptions,
} from "../../src/experiment/index.ts";
import { encodeSafetensors } from "../../src/io/index.ts";
import { collect } from "../../src/nn/collect.ts";
import { minimal } from "../support/minimalExperiment.ts";
import { loadOracleCase, oracleCases } from "../support/oracleFixture.ts";
import { planTraining } from "../support/planningRuntime.ts";

const faultsOf = (value: unknown): string => {
  try {
    parseExperiment(value);
  } catch (error) {
    expect(error).toMatchObject({ name: "FathomError", code: "experiment" });
    return (error as Error).message;
  }
  return "no fault";
};

describe("a valid experiment", () => {
  it("has its defaults filled in, and bare names spelled out", () => {
    const experiment: Experiment = parseExperiment(JSON.stringify(minimal));
    expect(experiment).toEqual({
      ...minimal,
      dataset: { type: "digits", order: "shuffled" },
      model: [{ type: "linear", units: 10, bias: true, parametrization: "none" }],
      loss: { type: "softmaxCrossEntropy", labelSmoothing: 0 },
      optimizer: { type: "sgd", momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, decoupledWeightDecay: false },
      schedule: { ...minimal.schedule, unit: "step" },
      monitor: { every: 1 },
      nonFinite: "stop",
      statistics: true,
    });
  });

  it("becomes a model, data and options", async () => {
    const { dataset, options, run } = await prepareExperiment(
      parseExperiment({ ...minimal, monitor: { every: 5 }, regularizer: { type: "l1", lambda: 0.5, divideBy: "samples" } }),
    );
    expect(dataset.train.count).toBe(1437);
    expect(collect(options.model).parameters.map(({ name, shape }) => `${name} ${shape}`)).toEqual(["0.weight 10,64", "0.bias 10"]);
    expect(options.regularizer).toEqual({ l1: 0.5, l2: 0, divideBy: "samples" });
    expect(options.optimizer.learningRate(12)).toBe(0.1);
    expect(run).toEqual({ steps: 300, every: 5 });
  });

  it("gives the library's model, loss, optimizer, schedule and remedies", () => {
    const spec = { ...minimal, schedule: { type: "cosine", initial: 0.1, steps: 9, unit: "epoch" }, clip: { type: "globalNorm", max: 2 } };
    const { experiment, model, loss, optimizer, schedule, clip, regularizer, options } = fromExperiment(JSON.stringify(spec));
    expect(experiment).toEqual(parseExperiment(spec));
    expect([model.takes, model.gives(64), loss.name, optimizer.type, clip?.type, regularizer]).toEqual([
      64,
      10,
      "softmaxCrossEntropy",
      "sgd",
      "globalNorm",
      null,
    ]);
    expect(schedule.description).toBe("cosine(0.1 → 0, 9 steps) per epoch");
    expect(options).toMatchObject({ model, loss, optimizer, clip, batchSize: 64, seed: 7 });
  });

  it("says whether repeats run as stacks", async () => {
    const repeat = { type: "repeat", times: 8, body: [{ type: "linear", units: 64 }, "tanh"] };
    const spec = { ...minimal, model: [repeat, ...minimal.model] };
    const dispatches = async (more: object): Promise<number> => {
      const { dataset, options } = await prepareExperiment(parseExperiment({ ...spec, ...more }));
      const [step] = await planTraining(options, dataset, { adapterClass: "software", subgroups: false });
      return step!.plan.dispatches.length;
    };
    const unfused = await dispatches({ depthFusion: "never" });
    // Three of each layer, and three of the stack.
    expect(await dispatches({ depthFusion: "always" })).toBeLessThanOrEqual(unfused - 3 * 8 + 4);
    expect(await dispatches({ depthFusion: "auto" })).toBe(unfused);
    expect(trainerOptions(parseExperiment(spec), 64)).not.toHaveProperty("depthFusion");
    expect(faultsOf({ ...spec, depthFusion: "maybe" })).toMatch(/depthFusion is "maybe"; use one of "auto", "always", "never"/);
  });

  it("knows the features of its data, or is told", () => {
    const features = (dataset: unknown): number | null => fromExperiment({ ...minimal, dataset }).model.takes;
    expect(features("digits")).toBe(64);
    for (const type of ["spirals", "circles", "xor"]) expect(features(type), type).toBe(2);
    expect([features({ type: "parity", bits: 7 }), features({ type: "gaussian", dimensions: 5 })]).toEqual([7, 5]);
    const file = { ...minimal, dataset: { type: "safetensors", file: "x" } };
    expect(fromExperiment(file, { features: 9 }).model.takes).toBe(9);
    expect(() => fromExperiment(file)).toThrow(/how many features a sample has is not known here; pass \{ features: 784 \}/);
    expect(() => fromExperiment({ ...minimal, seed: -1 }, { fileName: "a.json" })).toThrow(/^a\.json: seed is -1/);
  });

  it("may be of generated data", async () => {
    for (const type of ["spirals", "circles", "xor", "parity", "gaussian"] as const) {
      const dataset = await loadDataset(parseExperiment({ ...minimal, dataset: { type, samples: 50, seed: 3 } }));
      expect(dataset.train.count, type).toBe(40);
    }
  });
});

describe("the oracle's experiments", () => {
  it.each(oracleCases)("%s has PyTorch's parameters", async (name) => {
    const { experiment, trace, weights, data } = await loadOracleCase(name);
    const model = trainerOptions(experiment, data.x.shape[1]!).model;
    const { parameters, statistics } = collect(model);
    expect(parameters.map((parameter) => parameter.name)).toEqual(trace.parameters.map((parameter) => parameter.name));
    for (const parameter of parameters) expect(parameter.shape, parameter.name).toEqual(weights.get(parameter.name)!.shape);
    for (const { path, features } of statistics) expect(weights.get(`${path}.running_mean`)!.shape).toEqual([features]);
  });
});

describe("data in a safetensors file", () => {
  const file = (y: Parameters<typeof encodeSafetensors>[0] extends infer _ ? object : never): Promise<Uint8Array> =>
    Promise.resolve(encodeSafetensors({ x: { dtype: "F32", shape: [3, 2, 2], data: new Float32Array(12) }, ...(y as object) } as never));
  const spec = parseExperiment({ ...minimal, dataset: { type: "safetensors", file: "d.safetensors", order: "sequential" } });

  it("is classes for whole numbers and targets for floats", async () => {
    const classes = await loadDataset(spec, () => file({ y: { dtype: "I64", shape: [3], data: BigInt64Array.of(0n, 4n, 1n) } }));
    expect(classes).toMatchObject({ classes: 5, sampleShape: [4], test: null });
    expect(classes.train.y).toEqual(Int32Array.of(0, 4, 1));
    const targets = await loadDataset(spec, () => file({ y: { dtype: "F32", shape: [3, 2], data: new Float32Array(6) } }));
    expect(targets).toMatchObject({ classes: null });
    expect(sizeOf(targets.train.yShape)).toBe(2);
  });

  it("is refused by what is wrong with it", async () => {
    await expect(loadDataset(spec, () => file({}))).rejects.toThrow('d.safetensors: has no tensor "y"');
    await expect(loadDataset(spec, () => file({ y: { dtype: "I32", shape: [2], data: new Int32Array(2) } }))).rejects.toThrow(
      /first axes must be equal/,
    );
    await expect(loadDataset(spec, () => file({ y: { dtype: "I32", shape: [3], data: Int32Array.of(0, -1, 0) } }))).rejects.toThrow(
      /label -1 at index 1/,
    );
    await expect(loadDataset(spec)).rejects.toThrow(/no way to read files/);
  });
});

describe("faults", () => {
  it("are named by their path, with what is allowed", () => {
    expect(faultsOf({ ...minimal, batchSize: 0 })).toBe("experiment: batchSize is 0; use a whole number from 1");
    expect(faultsOf({ ...minimal, batchsize: 3 })).toContain("batchsize is not a key here; use format, name, seed, dataset");
    expect(faultsOf({ ...minimal, loss: "hinge" })).toContain(
      'loss.type is "hinge"; use one of "softmaxCrossEntropy", "binaryCrossEntropyWithLogits", "meanSquaredError"',
    );
    expect(faultsOf({ ...minimal, format: "fathom-experiment/2" })).toContain('format is not "fathom-experiment/1"');
    expect(faultsOf({ ...minimal, model: [] })).toContain("model is empty");
    expect(faultsOf({ ...minimal, model: {} })).toContain("model is an object (Object); use a list of layers");
    expect(faultsOf({ ...minimal, seed: undefined })).toContain("seed is");
    const { steps: _, ...without } = minimal;
    expect(faultsOf(without)).toContain("steps is missing");
    expect(faultsOf("{")).toContain("is not JSON");
    expect(faultsOf(null)).toContain("is null; use an object with format");
  });

  it("are found in nested layers and schedules", () => {
    const model = [
      {
        type: "repeat",
        times: 2,
        body: [
          {
            type: "residual",
            body: [
              { type: "linear", units: 1.5 },
              { type: "batchNorm", momentum: 2 },
            ],
          },
        ],
      },
    ];
    expect(faultsOf({ ...minimal, model })).toContain("model[0].body[0].body[0].units is 1.5; use a whole number from 1");
    expect(faultsOf({ ...minimal, model })).toContain("model[0].body[0].body[1].momentum is 2; use a number from 0, up to 1");
    expect(faultsOf({ ...minimal, model: [{ type: "conv" }] })).toContain('model[0].type is "conv"; use one of "linear", "batchNorm"');
    expect(faultsOf({ ...minimal, model: ["linear"] })).toContain("model[0].units is missing");
    expect(faultsOf({ ...minimal, model: [{ type: "concat", branches: [["relu"], ["lrelu"]] }] })).toContain(
      "model[0].branches[1][0].type",
    );
    // biome-ignore lint/suspicious/noThenProperty: the file's own word
    expect(faultsOf({ ...minimal, schedule: { type: "warmUp", steps: 3, then: { type: "linear", initial: 1 } } })).toContain(
      "schedule.then.steps is missing",
    );
    expect(faultsOf({ ...minimal, model: [{ type: "linear", units: 3, init: { type: "normal", std: 1 } }] })).toContain(
      "model[0].init.std is not a key here; use type, mean, standardDeviation",
    );
  });

  it("are counted where there are many", () => {
    expect(faultsOf({ ...minimal, model: Array.from({ length: 50 }, () => ({ type: "linear", units: 0 })) })).toMatch(/and 42 more$/);
  });
});
