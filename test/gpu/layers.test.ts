/** Matrix products, batch-norm, losses and dropout through the engine: fused, on views, differentiated once and twice. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { philox4x32, STREAMS, uniform01 } from "../../src/core/philox.ts";
import { sizeOf } from "../../src/core/shape.ts";
import type { Engine } from "../../src/engine.ts";
import type { Node } from "../../src/graph/node.ts";
import { open } from "../../src/index.ts";
import { batchNormEvaluate, batchNormTrain } from "../../src/ops/batchNorm.ts";
import { add, mul } from "../../src/ops/binary.ts";
import { literal, scalar } from "../../src/ops/define.ts";
import { dropout } from "../../src/ops/dropout.ts";
import { linear, linearWeightGradient } from "../../src/ops/linear.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { pack, packOp } from "../../src/ops/pack.ts";
import { sum } from "../../src/ops/reduce.ts";
import { softmaxCrossEntropy } from "../../src/ops/softmaxCrossEntropy.ts";
import { relu, tanh } from "../../src/ops/unary.ts";
import { broadcastTo, transpose } from "../../src/ops/views.ts";
import type { Tensor } from "../../src/tensor.ts";
import { computeFloat64, spread } from "../support/float64.ts";
import { expectNear } from "../support/runKernel.ts";
import { partly } from "../support/thorough.ts";

const ULP = 2 ** -23;
let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

/** Nodes that hold numbers on the GPU, and the same numbers for the truth. */
class Bench {
  readonly values = new Map<Node, Float32Array | Int32Array>();
  /** A tensor that nobody holds is freed. */
  private readonly held: Tensor[] = [];
  private seed = 1;

  private hold(tensor: Tensor, data: Float32Array | Int32Array): Node {
    this.held.push(tensor);
    this.values.set(tensor.node, data);
    return tensor.node;
  }

  f32(...shape: number[]): Node {
    const data = spread(sizeOf(shape), this.seed++);
    return this.hold(gpu.tensor(data, shape), data);
  }

  i32(data: readonly number[]): Node {
    return this.hold(gpu.tensor(Int32Array.from(data)), Int32Array.from(data));
  }

  /** All in one plan. */
  async compare(roots: readonly Node[], tolerance: (root: number, truth: Float64Array) => number, what: string): Promise<void> {
    const tensors = roots.map((root) => gpu.wrap(root));
    await gpu.evaluate(roots);
    const truths = computeFloat64(roots, this.values);
    for (const [index, tensor] of tensors.entries()) {
      const data = Float64Array.from(await tensor.data());
      const allowed = tolerance(index, truths[index]!);
      expectNear(
        { shape: tensor.shape, data },
        { shape: roots[index]!.shape, data: truths[index]! },
        () => allowed,
        `${what}, root ${index}`,
      );
      tensor.dispose();
    }
  }
}

/** Numbers are below 1: each of n products and the sum of the rest may be off by half an ulp of at most n. */
const dotError = (terms: number): number => ULP * (terms + 2) * Math.max(1, Math.sqrt(terms));

describe("matmul", () => {
  const EXTENTS = [0, 1, 7, 63, 64, 65];
  it.each(EXTENTS)("equals the truth for every extent beside %i", async (first) => {
    const sizes = [
      [first, 7, 65],
      [65, first, 7],
      [7, 65, first],
      [first, first, first],
    ] as const;
    // The kernel's own tests have such sizes for every tile; here the planner's part is meant.
    for (const [m, k, n] of partly(sizes, () => "size", EXTENTS.indexOf(first))) {
      const bench = new Bench();
      const [a, b] = [bench.f32(m, k), bench.f32(k, n)];
      const [ta, tb] = [bench.f32(k, m), bench.f32(n, k)];
      await bench.compare(
        [matmul(a, b), matmul(transpose(ta), b), matmul(a, transpose(tb)), matmul(transpose(ta), transpose(tb))],
        () => dotError(k),
        `${m}×${k}×${n}`,
      );
    }
  });

  it("reads transposed views without a copy", () => {
    const bench = new Bench();
    const [a, b] = [bench.f32(8, 16), bench.f32(24, 8)];
    const text = gpu.explain(gpu.wrap(matmul(transpose(a), transpose(b))));
    expect(text).toContain("\n1 dispatches");
  });

  it("broadcasts batches, and promotes vectors", async () => {
    const bench = new Bench();
    const roots = [
      matmul(bench.f32(3, 1, 5, 7), bench.f32(4, 7, 6)),
      matmul(bench.f32(2, 3, 5, 7), bench.f32(7, 6)),
      matmul(bench.f32(5, 7), bench.f32(3, 7, 6)),
      matmul(transpose(bench.f32(3, 7, 5), [0, 2, 1]), bench.f32(3, 7, 6)),
      matmul(bench.f32(7), bench.f32(7)),
      matmul(bench.f32(7), bench.f32(3, 7, 6)),
      matmul(bench.f32(3, 5, 7), bench.f32(7)),
      matmul(broadcastTo(bench.f32(7), [5, 7]), bench.f32(7, 6)),
      matmul(bench.f32(0, 5, 7), bench.f32(0, 7, 6)),
    ];
    expect(roots.map(({ shape }) => shape)).toEqual([
      [3, 4, 5, 6],
      [2, 3, 5, 6],
      [3, 5, 6],
      [3, 5, 6],
      [],
      [3, 6],
      [3, 5],
      [5, 6],
      [0, 5, 6],
    ]);
    await bench.compare(roots, () => dotError(7), "batches");
  });
});

describe("linear", () => {
  it.each([
    [64, 64, 64],
    [7, 5, 3],
    [1, 65, 10],
    [65, 1, 1],
    [0, 4, 3],
    [33, 64, 10],
  ])("equals the truth for %i rows, %i → %i", async (rows, features, out) => {
    const bench = new Bench();
    const [x, w, b, dz] = [bench.f32(rows, features), bench.f32(out, features), bench.f32(out), bench.f32(rows, out)];
    const both = linearWeightGradient(dz, x, true);
    const alone = linearWeightGradient(dz, x, false);
    await bench.compare([linear(x, w, b), linear(x, w)], () => dotError(features + 1), "forward");
    await bench.compare([both.weight, both.bias!, alone.weight], () => dotError(rows), "gradient");
  });

  it("is one dispatch with its bias and activation; two for its gradients", () => {
    const bench = new Bench();
    const [x, w1, b1, w2, b2] = [bench.f32(64, 64), bench.f32(64, 64), bench.f32(64), bench.f32(10, 64), bench.f32(10)];
    const loss = softmaxCrossEntropy(linear(tanh(linear(x, w1, b1)), w2, b2), bench.i32(Array.from({ length: 64 }, (_, row) => row % 10)));
    expect(gpu.explain(gpu.wrap(linear(tanh(linear(x, w1, b1)), w2, b2)))).toContain("\n2 dispatches");
    const gradients = backward([{ node: loss }], [w1, b1, w2, b2]) as Node[];
    const text = gpu.explain(...[loss, ...gradients].map((node) => gpu.wrap(node)));
    // Forward 2, loss 1, weight gradients 2, and one for the gradient of the hidden layer with tanh's derivative.
    expect(text).toContain("\n6 dispatches");
  });

  it("sums the bias's gradient even without features", async () => {
    const bench = new Bench();
    const dz = bench.f32(5, 3);
    const { weight, bias } = linearWeightGradient(dz, bench.f32(5, 0), true);
    await bench.compare([weight, bias!], () => dotError(5), "no features");
  });
});

describe("batchNorm", () => {
  it("rides with its activation, forward and backward", async () => {
    const bench = new Bench();
    const [x, g, b, dy] = [bench.f32(64, 32), bench.f32(32), bench.f32(32), bench.f32(64, 32)];
    const { y, statistics } = batchNormTrain(x, g, b, 1e-5);
    const activated = relu(y);
    const [dx, dg, db] = backward([{ node: activated, gradient: dy }], [x, g, b]) as [Node, Node, Node];
    const roots = [activated, statistics, mul(dx, literal(3)), dg, db];
    expect(gpu.explain(...roots.map((node) => gpu.wrap(node)))).toContain("\n2 dispatches");
    // Sums of 64 terms, none above 4, times 1/σ < 2 and 3.
    await bench.compare(roots, (_, truth) => ULP * 60 * truth.reduce((most, value) => Math.max(most, Math.abs(value)), 1), "batchNorm");
  });

  it("evaluates with running statistics in the linear layer's epilogue", async () => {
    const bench = new Bench();
    const [x, w, b] = [bench.f32(16, 8), bench.f32(12, 8), bench.f32(12)];
    const [m, v, scale, shift] = [bench.f32(12), bench.f32(12), bench.f32(12), bench.f32(12)];
    const y = batchNormEvaluate(linear(x, w, b), m, v, scale, shift, 1.01);
    expect(gpu.explain(gpu.wrap(y))).toContain("\n1 dispatches");
    // 1/√(v + 1.01) ≤ 10
    await bench.compare([y], () => 10 * ULP * 40, "evaluation");
  });
});

describe("second derivatives", () => {
  it("give a Hessian's product with a vector through linear, tanh, batch-norm and softmax-cross-entropy", async () => {
    const bench = new Bench();
    const [x, w1, b1, g, b] = [bench.f32(16, 6), bench.f32(8, 6), bench.f32(8), bench.f32(8), bench.f32(8)];
    const [w2, b2] = [bench.f32(3, 8), bench.f32(3)];
    const variables = [w1, b1, g, b, w2, b2];
    const hidden = batchNormTrain(tanh(linear(x, w1, b1)), g, b, 1e-5).y;
    const loss = softmaxCrossEntropy(linear(hidden, w2, b2), bench.i32(Array.from({ length: 16 }, (_, row) => row % 3)));
    const gradients = backward([{ node: loss }], variables) as Node[];
    const directional = gradients.map((gradient) => sum(mul(gradient, bench.f32(...gradient.shape)))).reduce(add);
    const products = backward([{ node: directional }], variables) as Node[];
    // A dozen sums of at most 16 terms, one after another: each may be off by 16 half ulps of the largest number about.
    await bench.compare(
      [loss, ...gradients, ...products],
      (_, truth) => 12 * 16 * ULP * truth.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2),
      "HVP",
    );
  });
});

/** What dropout keeps, by the TypeScript twin of the GPU's Philox. */
const keeps = (index: number, rate: number, seed: number, step: number, use: number): boolean =>
  uniform01(philox4x32([Math.floor(index / 4), step, use, 0], [seed, STREAMS.dropout])[index % 4]!) >= Math.fround(rate);

describe("dropout", () => {
  const words = (seed: number, step: number, use: number): [Node, Node, Node] => [
    scalar(seed, "u32"),
    scalar(step, "u32"),
    scalar(use, "u32"),
  ];
  it.each([{ shape: [8, 8] }, { shape: [7, 3] }, { shape: [1] }, { shape: [0] }, { shape: [1027] }])(
    "keeps what Philox says, forward and backward, of $shape",
    async ({ shape }) => {
      const bench = new Bench();
      const [x, dy] = [bench.f32(...shape), bench.f32(...shape)];
      for (const [rate, seed, step, use] of [
        [0.5, 7, 3, 1],
        [0.1, 0xffffffff, 0, 5],
      ] as const) {
        const y = dropout(x, scalar(rate), ...words(seed, step, use));
        const [dx] = backward([{ node: y, gradient: dy }], [x]) as [Node];
        const [actual, gradient] = [gpu.wrap(y), gpu.wrap(dx)];
        const [kept, back] = [await actual.data(), await gradient.data()];
        for (let index = 0; index < kept.length; index++) {
          const expected = keeps(index, rate, seed, step, use);
          expect([kept[index] !== 0, back[index] !== 0], `element ${index}`).toEqual([expected, expected]);
          if (expected) expect(Math.abs(kept[index]! / (bench.values.get(x)![index]! / (1 - rate)) - 1)).toBeLessThan(4 * ULP);
          if (expected) expect(Math.abs(back[index]! / (bench.values.get(dy)![index]! / (1 - rate)) - 1)).toBeLessThan(4 * ULP);
        }
      }
    },
  );

  it("keeps all at rate 0, and takes a new rate, seed, step and use without a new plan", async () => {
    const bench = new Bench();
    const x = bench.f32(64);
    const at = async (rate: number, seed: number, step: number, use: number): Promise<string> => {
      const tensor = gpu.wrap(dropout(x, scalar(rate), ...words(seed, step, use)));
      return Array.from(await tensor.data(), (value) => (value === 0 ? "0" : "1")).join("");
    };
    expect(await at(0, 1, 1, 1)).toBe("1".repeat(64));
    const { pipelines } = gpu.counters;
    const masks = [await at(0.5, 1, 1, 1), await at(0.5, 2, 1, 1), await at(0.5, 1, 2, 1), await at(0.5, 1, 1, 2), await at(0.25, 1, 1, 1)];
    expect(new Set(masks).size).toBe(5);
    expect(await at(0.5, 1, 1, 1)).toBe(masks[0]);
    expect(gpu.counters.pipelines).toBe(pipelines);
  });

  it("keeps an element whose number is the rate itself", async () => {
    const rates = [0, 1, 2, 3].map((index) => uniform01(philox4x32([0, 3, 1, 0], [7, STREAMS.dropout])[index]!));
    const x = gpu.tensor(new Float32Array(4).fill(1));
    for (const [index, rate] of rates.entries()) {
      const y = await gpu.wrap(dropout(x.node, scalar(rate), ...words(7, 3, 1))).data();
      expect(y[index], `element ${index}`).not.toBe(0);
    }
  });

  /** With and without another reader of what dropout made: the gradient by its zeros, and by Philox again. */
  it.each([1, 3, 8])("finds in what it made, bit for bit, what was dropped, $0 together", async (together) => {
    const odd = [0, -0, 2 ** -149, -(2 ** -149), 2 ** -126, -(2 ** -126), Number.NaN, Infinity, -Infinity, 3e38, -3e38, 1, -1e-30];
    const numbers = Float32Array.from({ length: 480 }, (_, index) => odd[index % odd.length]!);
    const [x, dy] = [gpu.tensor(numbers), gpu.tensor(spread(480))];
    for (const rate of [0, 0.05, 0.5, 1])
      for (const activation of [(node: Node) => node, tanh, relu]) {
        const before = activation(x.node);
        const y = dropout(before, scalar(rate), ...words(7, 3, 1), together);
        const factor = broadcastTo(scalar(2), [480]);
        const gradient = (roots: Node[]) => gpu.wrap(backward([{ node: mul(y, factor), gradient: dy.node }], roots)[0]!);
        const [read, again, kept] = [gradient([before, factor]), gradient([before]), gpu.wrap(y)];
        expect([gpu.explain(read), gpu.explain(again)].map((text) => text.includes("dropoutGradient"))).toEqual([true, false]);
        const [actual, expected, made] = [await read.data(), await again.data(), await kept.data()];
        for (let index = 0; index < 480; index++) {
          const what = `element ${index} of ${numbers[index]} at ${rate}`;
          const keep = keeps(Math.floor(index / together), rate, 7, 3, 1);
          // Subnormal numbers may be flushed on the way.
          expect(Object.is(made[index], -0), what).toBe(!keep);
          expect(actual[index]! + 0, what).toBe(expected[index]! + 0);
          expect(actual[index] !== 0, what).toBe(keep);
        }
      }
  });

  it("is part of the layer's one dispatch", async () => {
    const bench = new Bench();
    const [x, w] = [bench.f32(8, 4), bench.f32(12, 4)];
    const y = dropout(tanh(linear(x, w)), scalar(0.5), ...words(1, 2, 3));
    expect(gpu.explain(gpu.wrap(y))).toContain("\n1 dispatches");
    await bench.compare([y], () => 2 * dotError(6), "fused dropout");
  });

  it("drops what is not finite too", async () => {
    const x = gpu.tensor(new Float32Array(64).fill(Number.NaN));
    const y = await gpu.wrap(dropout(x.node, scalar(0.5), ...words(7, 3, 1))).data();
    expect(Array.from(y, (value) => value === 0)).toEqual(Array.from(y, (_, index) => !keeps(index, 0.5, 7, 3, 1)));
  });
});

describe("pack", () => {
  it("puts parts at their places, and zeros between", async () => {
    const bench = new Bench();
    const [a, b] = [bench.f32(5), bench.f32(2, 3)];
    const packed = pack(
      [
        { node: mul(a, literal(2)), offset: 0 },
        { node: matmul(b, transpose(b)), offset: 64 },
        { node: b, offset: 128 },
      ],
      192,
    );
    expect(packed.op).toBe(packOp);
    await bench.compare([mul(packed, literal(1.5))], () => 8 * ULP, "pack");
  });
});
