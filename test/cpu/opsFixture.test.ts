/** The known answers of single ops are read as they were written. */
import { describe, expect, it } from "vitest";
import { batchNormCases, opCases } from "../support/opsFixture.ts";

describe("ops.json", () => {
  it("has numbers of the right count everywhere, and infinities where PyTorch has them", () => {
    const arrays = opCases.flatMap(({ inputs, constants = {}, output, cotangent, gradients }) => [
      ...Object.values(inputs),
      ...Object.values(constants),
      output,
      cotangent,
      ...Object.values(gradients),
    ]);
    for (const { shape, data } of arrays) expect(data).toHaveLength(shape.reduce((product, length) => product * length, 1));
    expect(opCases.find(({ op }) => op === "log")!.output.data[0]).toBe(Number.NEGATIVE_INFINITY);
    for (const { op, inputs } of opCases)
      for (const { data } of Object.values(inputs)) for (const value of data) expect(Math.fround(value), op).toBe(value);
  });

  it("says what the conventions at ties and kinks are", () => {
    const gradient = (op: string, axis?: number) =>
      Array.from(
        Object.values(opCases.find((each) => each.op === op && (axis === undefined || each.options["axis"] === axis))!.gradients)[0]!.data,
      );
    expect(gradient("maximum")[0]).toBe(0.5); // shared, of a cotangent of 1
    expect(gradient("amax", 1).slice(4, 8)).toEqual([-0.5, -0.5, -0.5, -0.5]); // four equal, of −2
    expect(gradient("max", 1).slice(4, 8)).toEqual([-2, 0, 0, 0]); // to the first
    expect(gradient("clamp")[1]).toBe(-2); // passes at the edge
    expect(gradient("norm").slice(0, 3)).toEqual([0, 0, 0]); // 0 at 0
    const relu = opCases.find(({ op }) => op === "relu")!;
    expect(relu.gradients["x"]!.data[relu.inputs["x"]!.data.indexOf(0)]).toBe(0);
  });

  it("has batch-norm's running statistics biased by nothing: the first batch moves them by momentum times the unbiased variance", () => {
    for (const { options, steps } of batchNormCases) {
      const { x, runningVariance } = steps[0]!;
      const rows = x.shape[0]!;
      const channel = Array.from({ length: rows }, (_, row) => x.data[row * 3]!);
      const mean = channel.reduce((sum, value) => sum + value, 0) / rows;
      const unbiased = channel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rows - 1);
      expect(runningVariance.data[0]).toBeCloseTo(1 - options.momentum + options.momentum * unbiased, 10);
      expect(steps.at(-1)!.mode).toBe("eval");
      expect(steps.at(-1)!.runningVariance).toEqual(steps.at(-2)!.runningVariance);
    }
  });
});
