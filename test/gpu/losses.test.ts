/** Softmax and losses: each kernel against its float64 reference, PyTorch's answers, and numbers at which float32 formulas fail. */
import { describe, expect, it } from "vitest";
import { binaryCrossEntropyWithLogitsOp, meanSquaredErrorOp, softmaxCrossEntropyOp } from "../../src/ops/loss.ts";
import { logSoftmaxOp, softmaxOp } from "../../src/ops/softmax.ts";
import { spread } from "../support/float64.ts";
import { opCases } from "../support/opsFixture.ts";
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

  it("gives PyTorch's answers for huge, equal and tiny logits", async () => {
    for (const { op: name, inputs, options, output } of opCases.filter(({ op }) => op === "softmax" || op === "logSoftmax")) {
      const op = name === "softmax" ? softmaxOp : logSoftmaxOp;
      const [y] = await runKernel(op, [f32(inputs["x"]!.shape, inputs["x"]!.data)], { axis: options["axis"] as number });
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

async function compareLoss(inputs: readonly KernelInput[], target = software, largest = 16): Promise<void> {
  const [rows, classes] = inputs[0]!.shape as [number, number];
  const [loss, gradient] = await runKernel(softmaxCrossEntropyOp, inputs, undefined, target);
  const [trueLoss, trueGradient] = referenceOf(softmaxCrossEntropyOp, inputs, undefined);
  const what = `[${rows},${classes}]`;
  expectNear(
    gradient!,
    trueGradient!,
    (index) => (softmaxError(largest, classes) + 2 * ULP) * Math.abs(trueGradient!.data[index]!) + 2 ** -126,
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

describe("softmaxCrossEntropy", () => {
  it.each([software, hardware])("equals the reference, for a $adapterClass adapter", async (target) => {
    for (const [rows, classes] of [...SHAPES, [64, 10], [1639, 10], [3, 6000], [1, 20000], [20000, 3]] as const)
      await compareLoss(crossEntropy(times(spread(rows * classes), 8), rows, classes), target);
  });

  it("is one dispatch up to 16,384 logits", () => {
    const calls = (rows: number, classes: number): number => {
      const { form } = softmaxCrossEntropyOp;
      if (form.kind !== "kernel") throw new Error("no kernel");
      const view = { shape: [rows, classes], strides: [classes, 1], offset: 0, dtype: "f32" as const };
      return form.kernel([view, view] as never, [] as never, undefined, software).calls.length;
    };
    expect([calls(64, 10), calls(1638, 10), calls(1639, 10), calls(1, 16384)]).toEqual([1, 1, 2, 1]);
  });

  it("gives PyTorch's answers", async () => {
    const cases = opCases.filter(({ op }) => op === "softmaxCrossEntropy");
    expect(cases.length).toBeGreaterThan(0);
    for (const { inputs, constants, output, cotangent, gradients } of cases) {
      const [loss, gradient] = await runKernel(
        softmaxCrossEntropyOp,
        [f32(inputs["x"]!.shape, inputs["x"]!.data), i32(constants!["classes"]!.data)],
        undefined,
      );
      expectNear(loss!, { shape: [], data: output.data }, () => 16 * ULP * Math.max(1, output.data[0]!), "loss");
      const truth = gradients["x"]!;
      const scaled = { shape: truth.shape, data: truth.data.map((value) => value / cotangent.data[0]!) };
      expectNear(gradient!, scaled, (index) => softmaxError(2, 3) * Math.abs(scaled.data[index]!) + 2 ** -126, "gradient");
    }
  });

  it("keeps the digits of a loss and a gradient that vanish", async () => {
    const z = [25, 0, 1, -3];
    const [loss, gradient] = await runKernel(softmaxCrossEntropyOp, [f32([1, 4], z), i32([0])], undefined);
    const others = Math.exp(-25) + Math.exp(-24) + Math.exp(-28);
    expect(Math.abs(loss!.data[0]! / Math.log1p(others) - 1)).toBeLessThan(70 * ULP);
    expect(Math.abs(gradient!.data[0]! / (-others / (1 + others)) - 1)).toBeLessThan(70 * ULP);
  });

  it.each([-1, 3, 2147483647, -2147483648])("makes NaN of the class %i, and of nothing else", async (label) => {
    const inputs = [f32([3, 3], spread(9)), i32([1, label, 2])];
    const [loss, gradient] = await runKernel(softmaxCrossEntropyOp, inputs, undefined);
    expect(loss!.data[0]).toBeNaN();
    expect([...gradient!.data].map(Number.isNaN)).toEqual([false, false, false, true, true, true, false, false, false]);
  });

  it("makes NaN of a logit that is not finite", async () => {
    for (const bad of [Number.NaN, Infinity]) {
      const logits = spread(64 * 10);
      logits[123] = bad;
      const [loss] = await runKernel(softmaxCrossEntropyOp, crossEntropy(logits, 64, 10), undefined);
      expect(Number.isFinite(loss!.data[0]!), `loss for ${bad}`).toBe(false);
    }
  });
});

describe("pointwise losses", () => {
  const ops = [meanSquaredErrorOp, binaryCrossEntropyWithLogitsOp];
  it.each(ops.flatMap((op) => [software, hardware].map((target) => ({ name: op.name, op, target, kind: target.adapterClass }))))(
    "$name equals the reference, for a $kind adapter",
    async ({ op, target }) => {
      for (const shape of [[], [1], [7], [63], [64], [65], [16384], [16385], [3, 40000]]) {
        const count = shape.reduce((a, b) => a * b, 1);
        const inputs = [
          f32(shape, times(spread(count), 8)),
          f32(
            shape,
            spread(count, 5).map((value) => (value + 1) / 2),
          ),
        ];
        const [loss, gradient] = await runKernel(op, inputs, undefined, target);
        const [trueLoss, trueGradient] = referenceOf(op, inputs, undefined);
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
    for (const op of ops) {
      const cases = opCases.filter((one) => one.op === op.name);
      expect(cases.length).toBeGreaterThan(0);
      for (const { inputs, constants, output, cotangent, gradients } of cases) {
        const [loss, gradient] = await runKernel(
          op,
          [f32(inputs["x"]!.shape, inputs["x"]!.data), f32(inputs["x"]!.shape, constants!["targets"]!.data)],
          undefined,
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
    const [loss, gradient] = await runKernel(binaryCrossEntropyWithLogitsOp, [f32([1], [20]), f32([1], [1])], undefined);
    expect(Math.abs(loss!.data[0]! / Math.log1p(Math.exp(-20)) - 1)).toBeLessThan(60 * ULP);
    expect(Math.abs(gradient!.data[0]! / (-1 / (1 + Math.exp(20))) - 1)).toBeLessThan(60 * ULP);
  });
});
