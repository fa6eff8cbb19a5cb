/** The oracle's fixtures are whole, and the comparison finds what differs from them. */
import { describe, expect, it } from "vitest";
import { compareFinal, compareTrace, describeViolations, type ReportedStep } from "../support/compareTrace.ts";
import { countedCases, loadOracleCase, type OracleTrace, oracleCases } from "../support/oracleFixture.ts";

/** A run that agrees with the trace exactly. */
function perfect(trace: OracleTrace): ReportedStep[] {
  return trace.steps.map((step) => ({
    ...step,
    layers: trace.parameters.map(({ name }, index) => ({ name, gradientNorm: step.layers[index]! })),
    auxiliary: trace.auxiliary?.map(({ name }, index) => ({ name, loss: step.auxiliary![index]! })),
  }));
}

/** `report` with step 3 changed. */
function changed(trace: OracleTrace, change: (step: ReportedStep) => ReportedStep): ReportedStep[] {
  return perfect(trace).map((step) => (step.step === 3 ? change(step) : step));
}

/** Gradients, or rates, so small that they move some weights by less than their rounding. */
const STILL = ["vanishing-sigmoid", "vanished", "faded", "adam-tiny-epsilon"];

describe("fixtures", () => {
  it("there are the three nets of different kinds and the four counted ones", () => {
    expect(oracleCases).toEqual(
      expect.arrayContaining(["deep-tanh", "residual-batch-norm", "branches", "count-3", "count-10", "count-50", "count-200"]),
    );
  });

  it.each(oracleCases)("%s: experiment, data, weights, trace and final state fit together", async (name) => {
    const { experiment, data, weights, trace, final } = await loadOracleCase(name);
    expect(experiment.format).toBe("fathom-experiment/1");
    expect(trace.format).toBe("fathom-trace/1");
    expect(trace.steps.map(({ step }) => step)).toEqual(Array.from({ length: experiment.steps }, (_, step) => step));
    expect(trace.steps.length).toBeGreaterThanOrEqual(countedCases.includes(name) ? 5 : 20);
    expect(data.x.shape[0]).toBe(data.y.shape[0]);
    expect(data.x.data.length).toBe(data.x.shape.reduce((product, length) => product * length, 1));
    // Same tensors before and after, and each of them moved unless it counts or its true gradient is zero.
    expect([...final.keys()]).toEqual([...weights.keys()]);
    expect(trace.final.map((tensor) => tensor.name)).toEqual([...final.keys()]);
    for (const [index, { name: parameter, scaleBy }] of trace.parameters.entries()) {
      expect(final.get(parameter)!.shape).toEqual(weights.get(parameter)!.shape);
      const frozen = trace.steps.every((step) => step.layers[index] === 0);
      if (scaleBy === undefined && !frozen && !STILL.includes(name))
        expect(final.get(parameter)!.data, parameter).not.toEqual(weights.get(parameter)!.data);
    }
    for (const step of trace.steps) expect(step.gradientNorm / Math.hypot(...step.layers)).toBeCloseTo(1, 7);
    for (const stray of [...Object.values(trace.strays), ...[...trace.parameters, ...trace.final].map((each) => each.stray)])
      expect(stray).toBeLessThanOrEqual(1e-3);
  });

  it("the vanishing net vanishes and the exploding one explodes", async () => {
    const vanishing = (await loadOracleCase("vanishing-sigmoid")).trace.steps[0]!.layers;
    expect(vanishing[0]! / vanishing.at(-2)!).toBeLessThan(1e-15);
    expect((await loadOracleCase("exploding-relu")).trace.steps[0]!.gradientNorm).toBeGreaterThan(1e6);
  });
});

describe("compareTrace", () => {
  it("passes the truth, and what strays by half the allowance", async () => {
    const { trace } = await loadOracleCase("deep-tanh");
    expect(compareTrace(perfect(trace), trace)).toEqual([]);
    const near = changed(trace, (step) => ({
      ...step,
      loss: (step.loss as number) * (1 + 5e-6),
      layers: step.layers.map((layer) => ({ ...layer, gradientNorm: (layer.gradientNorm as number) * (1 - 5e-6) })),
    }));
    expect(describeViolations(compareTrace(near, trace))).toBe("");
  });

  it.each(["loss", "learningRate", "gradientNorm", "clipScale"] as const)("finds a %s that is off by 2e-5, in its step", async (key) => {
    const { trace } = await loadOracleCase("deep-tanh");
    const violations = compareTrace(
      changed(trace, (step) => ({ ...step, [key]: (step[key] as number) * (1 + 2e-5) })),
      trace,
    );
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({ step: 3, quantity: key, expected: trace.steps[3]![key] });
    expect(violations[0]!.allowed).toBeLessThan(2e-5 * trace.steps[3]![key]);
  });

  it("finds a regulariser where there should be none", async () => {
    const { trace } = await loadOracleCase("deep-tanh");
    expect(
      compareTrace(
        changed(trace, (step) => ({ ...step, regularization: 1e-30 })),
        trace,
      ),
    ).toMatchObject([{ quantity: "regularization", expected: 0, allowed: 0 }]);
  });

  it("finds one parameter's norm, however small beside the others", async () => {
    const { trace } = await loadOracleCase("vanishing-sigmoid");
    const first = trace.parameters[0]!;
    const violations = compareTrace(
      changed(trace, (step) => ({
        ...step,
        layers: step.layers.map((layer) =>
          layer.name === first.name ? { ...layer, gradientNorm: (layer.gradientNorm as number) * 1.01 } : layer,
        ),
      })),
      trace,
    );
    expect(violations).toMatchObject([{ step: 3, quantity: `gradientNorm of ${first.name}` }]);
    expect(violations[0]!.allowed).toBeLessThan(1e-20);
  });

  it("measures a bias that feeds a batch-norm by its layer's weight", async () => {
    const { trace } = await loadOracleCase("batch-norm-sgd");
    const bias = trace.parameters.find(({ scaleBy }) => scaleBy !== undefined)!;
    const weightNorm = trace.steps[3]!.layers[trace.parameters.findIndex(({ name }) => name === bias.scaleBy)]!;
    const withBias = (gradientNorm: number) =>
      changed(trace, (step) => ({
        ...step,
        layers: step.layers.map((layer) => (layer.name === bias.name ? { ...layer, gradientNorm } : layer)),
      }));
    expect(compareTrace(withBias(weightNorm * 5e-6), trace)).toEqual([]);
    expect(compareTrace(withBias(weightNorm * 1e-3), trace)).toMatchObject([{ quantity: `gradientNorm of ${bias.name}` }]);
  });

  it("finds an auxiliary head's loss that is off, missing or one too many", async () => {
    const { trace } = await loadOracleCase("auxiliary");
    expect(trace.auxiliary!.map(({ name }) => name)).toEqual(["early", "late"]);
    expect(compareTrace(perfect(trace), trace)).toEqual([]);
    const heads = (change: (losses: { name: string; loss: number }[]) => void) =>
      changed(trace, (step) => {
        const auxiliary = structuredClone(step.auxiliary) as { name: string; loss: number }[];
        change(auxiliary);
        return { ...step, auxiliary };
      });
    const off = compareTrace(
      heads(([, late]) => {
        late!.loss *= 1 + 2e-5;
      }),
      trace,
    );
    expect(off).toMatchObject([{ step: 3, quantity: "loss of late", expected: trace.steps[3]!.auxiliary![1] }]);
    const missing = compareTrace(
      heads((losses) => losses.shift()),
      trace,
    );
    expect(missing).toMatchObject([{ step: 3, quantity: "loss of early", actual: undefined }]);
    const extra = compareTrace(
      heads((losses) => losses.push({ name: "third", loss: 0 })),
      trace,
    );
    expect(extra).toMatchObject([{ step: 3, quantity: "loss of third", expected: undefined }]);
  });

  it("finds what is missing, what is too much, and what is no number", async () => {
    const { trace } = await loadOracleCase("deep-tanh");
    expect(compareTrace(perfect(trace).slice(0, -1), trace)).toMatchObject([{ quantity: "number of steps" }]);
    expect(
      compareTrace(
        changed(trace, (step) => ({ ...step, layers: step.layers.slice(1) })),
        trace,
      ),
    ).toMatchObject([{ step: 3, quantity: "gradientNorm of 0.weight", actual: undefined }]);
    const extra = changed(trace, (step) => ({ ...step, layers: [...step.layers, { name: "99.weight", gradientNorm: 0 }] }));
    expect(compareTrace(extra, trace)).toMatchObject([{ quantity: "gradientNorm of 99.weight", expected: undefined }]);
    for (const loss of [Number.NaN, "NaN", Number.POSITIVE_INFINITY])
      expect(
        compareTrace(
          changed(trace, (step) => ({ ...step, loss })),
          trace,
        ),
      ).toMatchObject([{ step: 3, quantity: "loss" }]);
  });
});

describe("compareFinal", () => {
  it("passes the truth and finds one wrong element, a wrong count, a wrong shape, a missing and an unknown tensor", async () => {
    const expected = await loadOracleCase("residual-batch-norm");
    const { final } = expected;
    expect(compareFinal(final, expected)).toEqual([]);
    const replaced = (name: string, change: (data: number[]) => void) => {
      const tensor = final.get(name)!;
      const data = Array.from(tensor.data);
      change(data);
      return new Map(final).set(name, { ...tensor, data: Float64Array.from(data) });
    };
    const weight = "3.2.0.0.weight";
    expect(
      compareFinal(
        replaced(weight, (data) => {
          data[7] = data[7]! + 1e-3;
        }),
        expected,
      ),
    ).toMatchObject([{ quantity: `final ${weight}[7]` }]);
    expect(
      compareFinal(
        replaced(weight, (data) => {
          data[7] = Number.NaN;
        }),
        expected,
      ),
    ).toMatchObject([{ quantity: `final ${weight}[7]` }]);
    expect(
      compareFinal(
        replaced("1.num_batches_tracked", (data) => {
          data[0] = data[0]! - 1;
        }),
        expected,
      ),
    ).toMatchObject([{ quantity: "final 1.num_batches_tracked[0]" }]);
    expect(
      compareFinal(
        replaced("1.running_var", (data) => {
          data[0] = data[0]! * 1.001;
        }),
        expected,
      ),
    ).toMatchObject([{ quantity: "final 1.running_var[0]" }]);
    const tensor = final.get(weight)!;
    expect(compareFinal(new Map(final).set(weight, { ...tensor, shape: [400] }), expected)).toMatchObject([
      { quantity: `shape of final ${weight}` },
    ]);
    const fewer = new Map(final);
    fewer.delete(weight);
    expect(compareFinal(fewer, expected)).toMatchObject([{ quantity: `shape of final ${weight}`, actual: undefined }]);
    expect(compareFinal(new Map(final).set("9.weight", tensor), expected)).toMatchObject([{ quantity: "final 9.weight" }]);
  });
});
