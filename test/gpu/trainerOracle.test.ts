/** Training held against PyTorch's float64 traces: every step's loss, norms and clip, the state after the last step, and an evaluation. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { open } from "../../src/index.ts";
import { countedCases, loadOracleCase, oracleCases } from "../support/oracleFixture.ts";
import { differences, reportsOf, trainerOf } from "../support/oracleRun.ts";

// On a software adapter a pipeline may take half a second, and a net may have forty.
vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

/**
 * These run in both browsers, the others in Chromium alone: their many shapes want many pipelines, and Firefox grows slow over hundreds of them.
 * Of every optimizer, clip, norm, loss and kind of schedule one, what is deep, vanishes or explodes, and the net of every kind of layer. The small
 * ones are of the usual shapes, and share most pipelines.
 */
const IN_BOTH = [
  ...["sixty-deep", "twenty-normed", "vanished", "exploding-relu", "thirty-pre-norm", "stochastic-depth", "every-layer"],
  ...["sgd-dampened", "rmsprop", "adagrad", "adamw-groups", "layer-norm", "nadam", "radam", "lion", "lamb", "muon", "plateau", "epochs"],
  ...["noise", "value-clip", "parameter-norm", "adaptive-clip", "exploded", "group-norm-glu", "weight-norm", "weight-standardization"],
  ...["nadam-no-momentum-decay", "radam-short-memory", "soft-and-hard"],
];

const chosen = oracleCases.filter(
  (name) => !countedCases.includes(name) && (!navigator.userAgent.includes("Firefox") || IN_BOTH.includes(name)),
);

describe("training follows PyTorch", () => {
  // The counted cases are run, and compared, where their dispatches are counted.
  it.each(chosen)("in the case %s", async (name) => {
    const oracle = await loadOracleCase(name);
    const { trainer, dataset, run } = await trainerOf(gpu, oracle);
    const reports = await reportsOf(trainer, dataset, run);
    expect(await differences(oracle, trainer, reports)).toBe("");

    const { loss, accuracy, stray } = oracle.trace.evaluation;
    const evaluation = await trainer.evaluate(dataset.train);
    expect(Math.abs(evaluation.loss - loss)).toBeLessThanOrEqual(Math.max(10 * stray, 1e-5) * Math.abs(loss));
    if (accuracy === null) expect(evaluation.accuracy).toBeNull();
    else expect(evaluation.accuracy).toBeCloseTo(accuracy, 7);
    trainer.dispose();
  });

  it("in at least fifteen cases in each browser, whose names are right", () => {
    expect(IN_BOTH.filter((name) => !chosen.includes(name))).toEqual([]);
    expect(new Set(IN_BOTH).size).toBeGreaterThanOrEqual(15);
  });

  it("to the outputs, from a state that PyTorch saved", async () => {
    const oracle = await loadOracleCase("every-layer");
    const { trainer } = await trainerOf(gpu, oracle);
    await trainer.load(oracle.bytes.final, { fileName: "final.safetensors" });
    const features = oracle.data.x.shape[1]!;
    const expected = oracle.trace.evaluation.outputs.flat();
    const x = Array.from(oracle.data.x.data.subarray(0, features * oracle.trace.evaluation.outputs.length));
    const outputs = await trainer.predict(x, { sampleShape: [features] });
    expect(outputs).toHaveLength(expected.length);
    const largest = Math.max(...expected.map(Math.abs));
    for (const [index, value] of outputs.entries())
      expect(Math.abs(value - expected[index]!) / largest, `output ${index}`).toBeLessThan(1e-5);
    trainer.dispose();
  });
});
