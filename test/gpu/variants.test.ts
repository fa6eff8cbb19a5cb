/** One result, however it is computed: eagerly or by a replayed plan to the last bit, and by every variant of the kernels within the error's bound. */
import { expect, it, vi } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import type { Node } from "../../src/graph/node.ts";
import { open, type Tensor, valueAndGrad } from "../../src/index.ts";
import { input } from "../../src/ops/define.ts";
import { linear } from "../../src/ops/linear.ts";
import { layerNorm } from "../../src/ops/normalize.ts";
import { softmaxCrossEntropy } from "../../src/ops/softmaxCrossEntropy.ts";
import { tanh } from "../../src/ops/unary.ts";
import { computeBounds } from "../support/errorBounds.ts";
import { spread } from "../support/float64.ts";
import { runGraphs } from "../support/runGraphs.ts";
import { hardware, software } from "../support/runKernel.ts";

vi.setConfig({ testTimeout: 120_000 });

const ROWS = 33;
const FEATURES = 37;
const CLASSES = 5;
const labels = Int32Array.from({ length: ROWS }, (_, row) => row % CLASSES);

it("gives the same bits eagerly and replayed, again and again: loss and gradients", async () => {
  const gpu = await open();
  const x = gpu.tensor(spread(ROWS * FEATURES, 1), [ROWS, FEATURES]);
  const y = gpu.tensor(labels);
  const weights = [
    gpu.tensor(spread(FEATURES * FEATURES, 2), [FEATURES, FEATURES]),
    gpu.tensor(spread(CLASSES * FEATURES, 3), [CLASSES, FEATURES]),
  ];
  const loss = (first: Tensor, second: Tensor): Tensor =>
    x.matmul(first).layerNorm().tanh().matmul(second.transpose()).softmaxCrossEntropy(y);
  const both = (first: Tensor, second: Tensor): readonly Tensor[] => {
    const { value, gradients } = valueAndGrad(loss)(first, second);
    return [value, ...gradients];
  };
  const bits = (tensors: readonly Tensor[]): Promise<number[][]> =>
    Promise.all(tensors.map(async (tensor) => [...new Uint32Array((await tensor.data()).buffer as ArrayBuffer, 0, tensor.size)]));
  const eager = await bits(both(weights[0]!, weights[1]!));
  expect(eager.flat().filter((word) => word !== 0).length).toBeGreaterThan(FEATURES * FEATURES);
  const compiled = await gpu.compile(
    (first, second) => both(first!, second!),
    weights.map(({ shape }) => ({ shape })),
  );
  for (let replay = 0; replay < 3; replay++) expect(await bits(compiled.run(...weights)), `replay ${replay}`).toEqual(eager);
  gpu.dispose();
});

it("is within its bound of float64 by the kernels for software and for hardware", async () => {
  const f = (...shape: number[]): Node => input(shape, "f32");
  const [x, first, bias, second] = [f(ROWS, FEATURES), f(FEATURES, FEATURES), f(FEATURES), f(CLASSES, FEATURES)];
  const y = input([ROWS], "i32");
  const hidden = tanh(layerNorm(linear(x, first, bias), null, null, 1e-5));
  const loss = softmaxCrossEntropy(linear(hidden, second), y);
  const gradients = backward([{ node: loss }], [first, second]);
  const values = new Map<Node, ArrayLike<number>>([
    [x, spread(ROWS * FEATURES, 1)],
    [first, spread(FEATURES * FEATURES, 2)],
    [bias, spread(FEATURES, 4)],
    [second, spread(CLASSES * FEATURES, 3)],
    [y, labels],
  ]);
  const roots = [loss, ...gradients.map((node) => node!)];
  const truth = computeBounds(roots, values);
  const runs = roots.map((root, index) => ({ what: `root ${index}`, root, values }));
  const found = await Promise.all([software, hardware].map((target) => runGraphs(runs, target)));
  for (const [index, { data, off }] of truth.entries()) {
    // A bound that says something: far below the values.
    expect(Math.max(...off)).toBeLessThan(0.01 * Math.max(...data.map(Math.abs)));
    for (const [variant, results] of found.entries())
      for (const [at, value] of results[index]!.entries())
        expect(Math.abs(value - data[at]!), `root ${index}, element ${at}, variant ${variant}`).toBeLessThanOrEqual(off[at]!);
  }
  // They are different kernels.
  expect(found[0]![1]).not.toEqual(found[1]![1]);
});
