/** Softmax and losses: each kernel against its float64 reference, PyTorch's answers, and numbers at which float32 formulas fail. */
import { describe, expect, it } from "vitest";
import type { Op } from "../../src/graph/op.ts";
import { multiMarginOp } from "../../src/ops/multiMargin.ts";
import { binaryCrossEntropyWithLogitsOp, huberOp, meanAbsoluteErrorOp, meanSquaredErrorOp } from "../../src/ops/pointwiseLoss.ts";
import { logSoftmaxOp, softmaxOp } from "../../src/ops/softmax.ts";
import { softmaxCrossEntropyOp } from "../../src/ops/softmaxCrossEntropy.ts";
import { spread } from "../support/float64.ts";
import { type OpCase, opCases } from "../support/opsFixture.ts";
import { expectNear, f32, hardware, i32, type KernelInput, referenceOf, runKernel, software } from "../support/runKernel.ts";

const ULP = 2 ** -23;
/** Every extent of 1, a prime, 63, 64 and 65, as rows and as columns. */
const SHAPES = [
  [1, 65],
  [7, 7],
  [63, 64],
  [64, 1],
  [65, 63],
] as const;
const times = (data: Float32Array, factor: number): Float32Array => data.map((value) => value * factor);

/**
 * exp(d) is off by 1.5 ulp (shaders/lib/math.wgsl); the difference d of two numbers up to `largest` by half an ulp of itself, which exp turns
 * into a relative error; a sum of `length` terms by half an ulp for each; the logarithm by 3.5 and division by 2.5 ulp.
 */
const softmaxError = (largest: number, length: number): number => ULP * (8 + largest + length / 2);

describe("softmax", () => {
  it.each([software, hardware])("over the last axis, for a $adapterClass adapter", async (target) => {
    for (const [rows, columns] of [...SHAPES, [3, 5000], [0, 4], [4, 0], [70000, 1]] as const) {
      const x = f32([rows, columns], times(spread(rows * columns), 8));
      for (const op of [softmaxOp, logSoftmaxOp]) {
        const [y] = await runKernel(op, [x], { axis: 1 }, target);
        const [truth] = referenceOf(op, [x], { axis: 1 });
        const relative = softmaxError(16, columns);
        expectNear(
          y!,
          truth!,
          (index) => (op === softmaxOp ? relative * truth!.data[index]! : relative + ULP * 16),
          `${op.name} [${rows},${columns}]`,
        );
      }
    }
  });

  it("over other axes", async () => {
    for (const shape of [
      [7, 5],
      [3, 4, 5],
      [2, 65, 3],
      [5, 0, 3],
      [64, 64],
    ])
      for (let axis = 0; axis < shape.length - 1; axis++) {
        const x = f32(shape, times(spread(shape.reduce((a, b) => a * b)), 8));
        for (const op of [softmaxOp, logSoftmaxOp]) {
          const [y] = await runKernel(op, [x], { axis });
          const [truth] = referenceOf(op, [x], { axis });
          const relative = softmaxError(16, shape[axis]!);
          expectNear(
            y!,
            truth!,
            (index) => (op === softmaxOp ? relative * truth!.data[index]! : relative + ULP * 16),
            `${op.name} [${shape}] axis ${axis}`,
          );
        }
      }
  });

  it.each([software, hardware])("gives PyTorch's answers for huge, equal and tiny logits, for a $adapterClass adapter", async (target) => {
    for (const { op: name, inputs, options, output } of opCases.filter(({ op }) => op === "softmax" || op === "logSoftmax")) {
      const op = name === "softmax" ? softmaxOp : logSoftmaxOp;
      const [y] = await runKernel(op, [f32(inputs["x"]!.shape, inputs["x"]!.data)], { axis: options["axis"] as number }, target);
      // A probability below float32's least normal number may be flushed to zero.
      expectNear(
        y!,
        output,
        (index) =>
          Math.max(softmaxError(2, 6), ULP) * Math.max(1, Math.abs(output.data[index]!)) * (name === "softmax" ? output.data[index]! : 1) +
          2 ** -126,
        `${name} ${JSON.stringify(options)}`,
      );
    }
  });

  it.each([software, hardware])("finds a number far above the others wherever it is, for a $adapterClass adapter", async (target) => {
    const [rows, columns] = [8, 65];
    // exp of the distance from any other number is beyond float32.
    const data = spread(rows * columns).map((value, index) =>
      index % columns === (7 * Math.floor(index / columns) + 1) % columns ? 500 : value,
    );
    for (const op of [softmaxOp, logSoftmaxOp]) {
      const [y] = await runKernel(op, [f32([rows, columns], data)], { axis: 1 }, target);
      const [truth] = referenceOf(op, [f32([rows, columns], data)], { axis: 1 });
      const relative = softmaxError(502, columns);
      expectNear(y!, truth!, (index) => relative * Math.abs(truth!.data[index]!) + 2 ** -126, op.name);
    }
    await compareLoss(crossEntropy(data, rows, columns), target, PLAIN, 502);
  });

  it("keeps the logarithm of a near certainty", async () => {
    const [y] = await runKernel(logSoftmaxOp, [f32([1, 3], [20, 0, 1])], { axis: 1 });
    const truth = -Math.log1p(Math.exp(-20) + Math.exp(-19));
    expect(Math.abs(y!.data[0]! / truth - 1)).toBeLessThan(ULP * (3 + 40 + 8));
  });
});

const crossEntropy = (logits: Float32Array, rows: number, classes: number): KernelInput[] => [
  f32([rows, classes], logits),
  i32(Array.from({ length: rows }, (_, row) => (row * 7 + 3) % classes)),
];

const PLAIN = { labelSmoothing: 0 };

/** A smoothed label takes its share from the gradient: rounding is then that of the terms, which are at most 1/rows. */
async function compareLoss(inputs: readonly KernelInput[], target = software, attributes = PLAIN, largest = 16): Promise<void> {
  const [rows, classes] = inputs[0]!.shape as [number, number];
  const [loss, gradient] = await runKernel(softmaxCrossEntropyOp, inputs, attributes, target);
  const [trueLoss, trueGradient] = referenceOf(softmaxCrossEntropyOp, inputs, attributes);
  const what = `[${rows},${classes}] smoothed by ${attributes.labelSmoothing}`;
  const terms = attributes.labelSmoothing === 0 ? 0 : (attributes.labelSmoothing * 4) / rows;
  expectNear(
    gradient!,
    trueGradient!,
    (index) => (softmaxError(largest, classes) + 2 * ULP) * (Math.abs(trueGradient!.data[index]!) + terms) + 2 ** -126,
    `gradient ${what}`,
  );
  // Terms are at least 0, so that their sum's error is relative: each term's own, and the depth of the tree.
  expectNear(
    loss!,
    trueLoss!,
    () => (softmaxError(largest, classes) + (10 + rows / 64) * ULP) * (trueLoss!.data[0]! + 2 * largest),
    `loss ${what}`,
  );
}

const HINGE = { power: 1, margin: 1 } as const;

describe("softmaxCrossEntropy", () => {
  it.each([software, hardware])("equals the reference, for a $adapterClass adapter", async (target) => {
    for (const [rows, classes] of [...SHAPES, [64, 10], [1639, 10], [3, 6000], [1, 20000], [20000, 3]] as const)
      await compareLoss(crossEntropy(times(spread(rows * classes), 8), rows, classes), target);
    for (const [rows, classes] of [
      [7, 7],
      [64, 1],
      [3, 600],
      [5000, 5],
    ] as const)
      await compareLoss(crossEntropy(times(spread(rows * classes), 8), rows, classes), target, { labelSmoothing: 0.1 });
  });

  it("is one dispatch up to 16,384 logits", () => {
    const calls = (rows: number, classes: number): number => {
      const { form } = softmaxCrossEntropyOp;
      if (form.kind !== "kernel") throw new Error("no kernel");
      const view = { shape: [rows, classes], strides: [classes, 1], offset: 0, dtype: "f32" as const };
      return form.kernel([view, view] as never, [] as never, PLAIN, software).calls.length;
    };
    expect([calls(64, 10), calls(1638, 10), calls(1639, 10), calls(1, 16384)]).toEqual([1, 1, 2, 1]);
  });

  it("gives PyTorch's answers", async () => {
    const cases = opCases.filter(({ op }) => op === "softmaxCrossEntropy");
    expect(cases.length).toBeGreaterThan(0);
    expect(new Set(cases.map(({ options }) => options["labelSmoothing"]))).toEqual(new Set([undefined, 0.125, 0.5]));
    for (const { inputs, constants, output, cotangent, gradients, options } of cases) {
      const labelSmoothing = Number(options["labelSmoothing"] ?? 0);
      const [loss, gradient] = await runKernel(
        softmaxCrossEntropyOp,
        [f32(inputs["x"]!.shape, inputs["x"]!.data), i32(constants!["classes"]!.data)],
        { labelSmoothing },
      );
      expectNear(loss!, { shape: [], data: output.data }, () => 16 * ULP * Math.max(1, output.data[0]!), "loss");
      const truth = gradients["x"]!;
      const scaled = { shape: truth.shape, data: truth.data.map((value) => value / cotangent.data[0]!) };
      const terms = (4 * labelSmoothing) / truth.shape[0]!;
      expectNear(gradient!, scaled, (index) => softmaxError(2, 3) * (Math.abs(scaled.data[index]!) + terms) + 2 ** -126, "gradient");
    }
  });

  it("keeps the digits of a loss and a gradient that vanish", async () => {
    const z = [25, 0, 1, -3];
    const [loss, gradient] = await runKernel(softmaxCrossEntropyOp, [f32([1, 4], z), i32([0])], PLAIN);
    const others = Math.exp(-25) + Math.exp(-24) + Math.exp(-28);
    expect(Math.abs(loss!.data[0]! / Math.log1p(others) - 1)).toBeLessThan(70 * ULP);
    expect(Math.abs(gradient!.data[0]! / (-others / (1 + others)) - 1)).toBeLessThan(70 * ULP);
  });

  it.each([-1, 3, 2147483647, -2147483648])("makes NaN of the class %i, and of nothing else", async (label) => {
    const inputs = [f32([3, 3], spread(9)), i32([1, label, 2])];
    for (const run of [runKernel(softmaxCrossEntropyOp, inputs, PLAIN), runKernel(multiMarginOp, inputs, HINGE)]) {
      const [loss, gradient] = await run;
      expect(loss!.data[0]).toBeNaN();
      expect([...gradient!.data].map(Number.isNaN)).toEqual([false, false, false, true, true, true, false, false, false]);
    }
  });

  it("makes NaN of a logit that is not finite", async () => {
    for (const bad of [Number.NaN, Infinity]) {
      const logits = spread(64 * 10);
      logits[123] = bad;
      for (const run of [
        runKernel(softmaxCrossEntropyOp, crossEntropy(logits, 64, 10), { labelSmoothing: 0.1 }),
        runKernel(softmaxCrossEntropyOp, crossEntropy(logits, 64, 10), PLAIN),
        runKernel(multiMarginOp, crossEntropy(logits, 64, 10), HINGE),
      ])
        expect(Number.isFinite((await run)[0]!.data[0]!), `loss for ${bad}`).toBe(false);
    }
  });
});

describe("multiMargin", () => {
  it.each([software, hardware])("equals the reference, for a $adapterClass adapter", async (target) => {
    for (const [rows, classes] of [
      [7, 7],
      [64, 1],
      [3, 600],
      [5000, 5],
    ] as const)
      for (const power of [1, 2] as const) {
        const attributes = { power, margin: 0.75 };
        const inputs = crossEntropy(times(spread(rows * classes), 2), rows, classes);
        const [loss, gradient] = await runKernel(multiMarginOp, inputs, attributes, target);
        const [trueLoss, trueGradient] = referenceOf(multiMarginOp, inputs, attributes);
        const what = `[${rows},${classes}] to the power ${power}`;
        // Hinges of up to 5 are off by 1.5 ulp of 8; terms of a sum are at least 0, and their tree is at most length / lanes + 10 deep.
        const most = power * 8 ** (power - 1);
        expectNear(loss!, trueLoss!, () => ULP * (20 + (rows * classes) / 64) * (trueLoss!.data[0]! + most * 8), `loss ${what}`);
        const count = rows * classes;
        expectNear(
          gradient!,
          trueGradient!,
          (index) => ULP * (8 + classes / 2) * (Math.abs(trueGradient!.data[index]!) + (8 * power) / count),
          `gradient ${what}`,
        );
      }
  });

  it("gives PyTorch's answers, at the margin too", async () => {
    const cases = opCases.filter(({ op }) => op === "multiMargin");
    expect(cases.length).toBe(6);
    for (const { inputs, constants, output, cotangent, gradients, options } of cases) {
      const attributes = { power: options["power"] as 1 | 2, margin: Number(options["margin"]) };
      const given = [f32(inputs["x"]!.shape, inputs["x"]!.data), i32(constants!["classes"]!.data)];
      const truth = gradients["x"]!.data.map((value) => value / cotangent.data[0]!);
      for (const [loss, gradient] of [await runKernel(multiMarginOp, given, attributes), referenceOf(multiMarginOp, given, attributes)]) {
        expectNear(loss!, { shape: [], data: output.data }, () => 8 * ULP * output.data[0]!, "loss");
        expectNear(gradient!, { shape: gradients["x"]!.shape, data: truth }, (index) => 8 * ULP * Math.abs(truth[index]!), "gradient");
      }
    }
  });
});

describe("pointwise losses", () => {
  const losses: readonly { readonly op: Op<{ readonly parameter: number }>; readonly parameter: number }[] = [
    { op: meanSquaredErrorOp, parameter: 1 },
    { op: meanSquaredErrorOp, parameter: 0.5 },
    { op: meanAbsoluteErrorOp, parameter: 1 },
    { op: huberOp, parameter: 1 },
    { op: huberOp, parameter: 2.5 },
    { op: binaryCrossEntropyWithLogitsOp, parameter: 1 },
  ];
  it.each(losses.flatMap((loss) => [software, hardware].map((target) => ({ ...loss, target }))))(
    "$op.name of parameter $parameter equals the reference, for a $target.adapterClass adapter",
    async ({ op, parameter, target }) => {
      const few = [[], [65], [16385]];
      for (const shape of op === binaryCrossEntropyWithLogitsOp ? [...few, [1], [7], [63], [64], [16384], [3, 40000]] : few) {
        const count = shape.reduce((a, b) => a * b, 1);
        const inputs = [
          f32(shape, times(spread(count), 8)),
          f32(
            shape,
            spread(count, 5).map((value) => (value + 1) / 2),
          ),
        ];
        const [loss, gradient] = await runKernel(op, inputs, { parameter }, target);
        const [trueLoss, trueGradient] = referenceOf(op, inputs, { parameter });
        // All terms are at least 0. An invocation adds up to span/64 of them, then the tree.
        expectNear(loss!, trueLoss!, () => ULP * (20 + Math.min(count, 20000) / 64) * trueLoss!.data[0]!, `${op.name} [${shape}]`);
        expectNear(
          gradient!,
          trueGradient!,
          (index) => ULP * 40 * Math.abs(trueGradient!.data[index]!) + (ULP * 4) / count,
          `gradient of ${op.name} [${shape}]`,
        );
      }
    },
  );

  it("give PyTorch's answers", async () => {
    const parameterOf = ({ op, options }: OpCase): number => (op === "huber" ? Number(options["delta"]) : options["half"] ? 0.5 : 1);
    for (const op of new Set(losses.map((loss) => loss.op))) {
      const cases = opCases.filter((one) => one.op === op.name);
      expect(cases.length).toBeGreaterThan(0);
      for (const opCase of cases) {
        const { inputs, constants, output, cotangent, gradients } = opCase;
        const [loss, gradient] = await runKernel(
          op,
          [f32(inputs["x"]!.shape, inputs["x"]!.data), f32(inputs["x"]!.shape, constants!["targets"]!.data)],
          { parameter: parameterOf(opCase) },
        );
        expectNear(loss!, { shape: [], data: output.data }, () => 16 * ULP * Math.abs(output.data[0]!), op.name);
        const truth = gradients["x"]!.data.map((value) => value / cotangent.data[0]!);
        expectNear(
          gradient!,
          { shape: gradients["x"]!.shape, data: truth },
          (index) => 16 * ULP * Math.abs(truth[index]!) + 2 ** -126,
          `gradient of ${op.name}`,
        );
      }
    }
  });

  it("keep the digits of a certainty", async () => {
    const [loss, gradient] = await runKernel(binaryCrossEntropyWithLogitsOp, [f32([1], [20]), f32([1], [1])], { parameter: 1 });
    expect(Math.abs(loss!.data[0]! / Math.log1p(Math.exp(-20)) - 1)).toBeLessThan(60 * ULP);
    expect(Math.abs(gradient!.data[0]! / (-1 / (1 + Math.exp(20))) - 1)).toBeLessThan(60 * ULP);
  });
});
