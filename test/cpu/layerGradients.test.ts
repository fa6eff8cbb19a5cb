/** Gradient rules of matrix products, softmax, losses, batch-norm and dropout, against central differences of the references, in float64. */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import type { Node } from "../../src/graph/node.ts";
import { batchNormEvaluate, batchNormTrain } from "../../src/ops/batchNorm.ts";
import { add, mul } from "../../src/ops/binary.ts";
import { input, literal, pick } from "../../src/ops/define.ts";
import { dropout } from "../../src/ops/dropout.ts";
import { linear } from "../../src/ops/linear.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { multiMargin } from "../../src/ops/multiMargin.ts";
import { binaryCrossEntropyWithLogits, huber, meanAbsoluteError, meanSquaredError } from "../../src/ops/pointwiseLoss.ts";
import { sum } from "../../src/ops/reduce.ts";
import { logSoftmax, softmax } from "../../src/ops/softmax.ts";
import { softmaxCrossEntropy } from "../../src/ops/softmaxCrossEntropy.ts";
import { transpose } from "../../src/ops/views.ts";
import { checkGradients, computeFloat64, spread, type Values } from "../support/float64.ts";

/** Differences over five points with h = 1e-3 are off by h⁴·f⁽⁵⁾/30 and by 2⁻⁵²/h = 2e-13; fifth derivatives here stay below 1e5. */
const TOLERANCE = 1e-8;

interface Sample {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly build: (...inputs: Node[]) => Node;
}

const labels = (values: readonly number[]): { node: Node; values: Float64Array } => ({
  node: input([values.length], "i32"),
  values: Float64Array.from(values),
});
const four = labels([2, 0, 1, 1]);
const words = { seed: literal(7, "u32"), step: literal(3, "u32"), use: literal(1, "u32") };

/** Prediction and target. */
const PAIR = [
  [3, 2],
  [3, 2],
];

const samples: readonly Sample[] = [
  {
    name: "matmul of matrices",
    shapes: [
      [3, 4],
      [4, 2],
    ],
    build: matmul,
  },
  {
    name: "matmul of a transposed view",
    shapes: [
      [4, 3],
      [2, 4],
    ],
    build: (a, b) => matmul(transpose(a!), transpose(b!)),
  },
  { name: "matmul of vectors", shapes: [[4], [4]], build: matmul },
  { name: "matmul of a vector and a matrix", shapes: [[4], [4, 3]], build: matmul },
  { name: "matmul of a matrix and a vector", shapes: [[3, 4], [4]], build: matmul },
  {
    name: "matmul of batches that broadcast",
    shapes: [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
    build: matmul,
  },
  {
    name: "matmul of batches and one matrix",
    shapes: [
      [2, 5, 3, 4],
      [4, 2],
    ],
    build: matmul,
  },
  { name: "matmul of a batch of vectors", shapes: [[2, 3, 4], [4]], build: matmul },
  { name: "linear", shapes: [[3, 4], [2, 4], [2]], build: linear },
  {
    name: "linear without bias",
    shapes: [
      [3, 4],
      [2, 4],
    ],
    build: (x, w) => linear(x!, w!),
  },
  { name: "linear of a vector", shapes: [[4], [2, 4], [2]], build: linear },
  { name: "linear of rank 3", shapes: [[2, 3, 4], [2, 4], [2]], build: linear },
  { name: "softmax, last axis", shapes: [[3, 5]], build: (x) => softmax(x!) },
  { name: "softmax, inner axis", shapes: [[2, 3, 4]], build: (x) => softmax(x!, 1) },
  { name: "logSoftmax, last axis", shapes: [[3, 5]], build: (x) => logSoftmax(x!) },
  { name: "logSoftmax, first axis", shapes: [[3, 5]], build: (x) => logSoftmax(x!, 0) },
  { name: "softmaxCrossEntropy", shapes: [[4, 3]], build: (x) => softmaxCrossEntropy(x!, four.node) },
  { name: "softmaxCrossEntropy, smoothed", shapes: [[4, 3]], build: (x) => softmaxCrossEntropy(x!, four.node, 0.3) },
  { name: "multiMargin", shapes: [[4, 3]], build: (x) => multiMargin(x!, four.node, 1, 0.9) },
  { name: "multiMargin, squared", shapes: [[4, 3]], build: (x) => multiMargin(x!, four.node, 2, 0.9) },
  { name: "meanSquaredError", shapes: PAIR, build: (p, t) => meanSquaredError(p!, t!) },
  { name: "meanSquaredError, half", shapes: PAIR, build: (p, t) => meanSquaredError(p!, t!, true) },
  { name: "meanAbsoluteError", shapes: PAIR, build: (p, t) => meanAbsoluteError(p!, add(t!, literal(0.25))) },
  { name: "huber", shapes: PAIR, build: (p, t) => huber(p!, t!, 0.4) },
  { name: "binaryCrossEntropyWithLogits", shapes: PAIR, build: (p, t) => binaryCrossEntropyWithLogits(p!, t!) },
  { name: "batchNorm in training", shapes: [[5, 3], [3], [3]], build: (x, g, b) => batchNormTrain(x!, g!, b!, 1e-5).y },
  { name: "batchNorm without scale and shift", shapes: [[5, 3]], build: (x) => batchNormTrain(x!, null, null, 1e-3).y },
  {
    name: "batchNorm in evaluation",
    shapes: [[5, 3], [3], [3], [3], [3]],
    build: (x, m, v, g, b) => batchNormEvaluate(x!, m!, mul(v!, v!), g!, b!, 1e-2),
  },
  { name: "dropout", shapes: [[3, 7]], build: (x) => dropout(x!, literal(0.4), words.seed, words.step, words.use) },
];

function given({ shapes, build }: Sample): { root: Node; inputs: Node[]; values: Values } {
  const inputs = shapes.map((shape) => input(shape, "f32"));
  const values = new Map<Node, ArrayLike<number>>(
    inputs.map((node, index) => [
      node,
      spread(
        node.shape.reduce((a, b) => a * b, 1),
        index + 3,
      ),
    ]),
  );
  values.set(four.node, four.values);
  return { root: build(...inputs), inputs, values };
}

describe("gradients", () => {
  it.each(samples)("of $name", (sample) => {
    const { root, inputs, values } = given(sample);
    for (const { worst } of checkGradients(root, inputs, values)) expect(worst).toBeLessThan(TOLERANCE);
  });
});

describe("second derivatives", () => {
  it.each(samples)("of $name", (sample) => {
    const { root, inputs, values } = given(sample);
    // The gradient of a function of the value that is not linear, by every input; its own gradient is the Hessian's product with a weight.
    const objective = sum(mul(root, mul(root, root)));
    const gradients = backward([{ node: objective }], inputs);
    for (const gradient of gradients)
      for (const { worst } of checkGradients(gradient!, inputs, values)) expect(worst).toBeLessThan(TOLERANCE);
  });
});

function expectClose(actual: Float64Array, expected: Float64Array): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries()) expect(actual[index]!).toBeCloseTo(value, 12);
}

describe("decompositions", () => {
  it.each([
    { name: "batchNorm", affine: true },
    { name: "batchNorm without scale and shift", affine: false },
  ])("$name equals its parts", ({ affine }) => {
    const [x, g, b] = [input([5, 3], "f32"), input([3], "f32"), input([3], "f32")];
    const values = new Map<Node, ArrayLike<number>>([
      [x, spread(15)],
      [g, spread(3, 2)],
      [b, spread(3, 3)],
    ]);
    const { y, statistics } = batchNormTrain(x, affine ? g : null, affine ? b : null, 1e-5);
    const { op, inputs, attributes } = y.inputs[0]!;
    const parts = op.decompose!(inputs as never, attributes) as readonly Node[];
    const [whole, stats, ...rest] = computeFloat64([y, statistics, ...parts], values) as [Float64Array, Float64Array, ...Float64Array[]];
    expectClose(rest[0]!, whole);
    expectClose(Float64Array.of(...rest[1]!, ...rest[2]!), stats);
    const dy = input([5, 3], "f32");
    const [dx] = backward([{ node: y, gradient: dy }], [x]);
    const kernel = dx!.inputs.length === 1 ? dx!.inputs[0]! : dx!;
    const built = kernel.op.decompose!(kernel.inputs as never, kernel.attributes);
    const list = Array.isArray(built) ? (built as readonly Node[]) : [built as Node];
    const whole2 = computeFloat64(
      list.map((_, index) => pick(kernel, index)),
      new Map(values).set(dy, spread(15, 9)),
    );
    const parts2 = computeFloat64(list, new Map(values).set(dy, spread(15, 9)));
    for (const [output, data] of whole2.entries()) expectClose(parts2[output]!, data);
  });
});

describe("errors", () => {
  const f = (...shape: number[]): Node => input(shape, "f32");
  it.each([
    ["matmul's inner dimensions", () => matmul(f(4, 3), f(2, 5)), "matmul: inner dimensions differ: f32[4,3] and f32[2,5]"],
    ["matmul's batches", () => matmul(f(2, 4, 3), f(3, 3, 5)), /matmul: shapes \[2\] and \[3\] do not broadcast/],
    ["a scalar factor", () => matmul(f(), f(2)), /a factor is a scalar; use mul/],
    ["linear's features", () => linear(f(4, 3), f(5, 2)), /x is f32\[4,3\], and the weight f32\[5,2\] takes 2 features/],
    ["linear's bias", () => linear(f(4, 3), f(5, 3), f(3)), /the bias is f32\[3\].*must be f32\[5\]/],
    ["labels of another type", () => softmaxCrossEntropy(f(4, 3), f(4)), /takes i32, got f32\[4\]/],
    ["too few labels", () => softmaxCrossEntropy(f(4, 3), input([3], "i32")), /logits f32\[4,3\] and labels i32\[3\]/],
    ["an empty batch", () => softmaxCrossEntropy(f(0, 3), input([0], "i32")), /empty/],
    [
      "a label smoothing of 1",
      () => softmaxCrossEntropy(f(4, 3), input([4], "i32"), 1),
      /labelSmoothing is 1; use a finite number from 0, below 1/,
    ],
    ["a power", () => multiMargin(f(4, 3), input([4], "i32"), 3), /multiMargin: power is 3; use 1 or 2/],
    ["a margin", () => multiMargin(f(4, 3), input([4], "i32"), 1, Number.NaN), /multiMargin: margin is NaN/],
    ["a delta of 0", () => huber(f(4), f(4), 0), /huber: delta is 0; use a finite number above 0/],
    ["targets of another shape", () => meanSquaredError(f(4, 3), f(4)), /f32\[4,3\] and f32\[4\]/],
    ["a batch of one", () => batchNormTrain(f(1, 3), null, null, 1e-5), /at least 2 rows.*larger batch/],
    ["a shift without a scale", () => batchNormTrain(f(4, 3), null, f(3), 1e-5), /a shift and no scale/],
    ["a scale of another length", () => batchNormTrain(f(4, 3), f(4), f(4), 1e-5), /the scale is f32\[4\].*must be f32\[3\]/],
    ["an axis that is not there", () => softmax(f(4, 3), 2), /axis 2 is outside a tensor of rank 2/],
    ["a rate that is no scalar", () => dropout(f(4), f(4), words.seed, words.step, words.use), /rate is f32\[4\]; it must be a scalar/],
  ])("name %s", (_, build, message) => {
    expect(build).toThrow(message);
    expect(build).toThrow(expect.objectContaining({ name: "FathomError" }));
  });
});
