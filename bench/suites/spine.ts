/** The engine's spine: the training step of deep plain nets, and the matrix product they stand on. */
import { type Dataset, data, type Engine, init, nn, optim } from "../../src/index.ts";
import type { Contestant } from "../measure.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const WIDTH = 64;
const BATCH = 64;

export const spine: Suite = async (context) => {
  const dataset = await data.digits();
  const depths = context.quick ? [2, 4] : [50, 1000];
  const sizes = context.quick ? [16] : [256, 512, 1024];
  const steps = await context.measure(
    "steps",
    depths.map((depth) => stepOf(depth, context, dataset)),
  );
  const gpu = await context.open();
  try {
    const products = await context.measure(
      "products",
      sizes.map((size) => productOf(size, gpu)),
    );
    return [...steps, ...products];
  } finally {
    gpu.dispose();
  }
};

function stepOf(depth: number, { open }: SuiteContext, dataset: Dataset): Contestant {
  return {
    id: `step-${depth}`,
    title: `training step, ${depth} layers`,
    async prepare() {
      // An engine of its own, or the second depth would find the pipelines of the first.
      const gpu = await open();
      const trainer = await gpu.train({
        model: nn.sequential(
          nn.repeat(depth, () => [nn.linear(WIDTH, WIDTH, { init: init.glorotUniform() }), nn.tanh()]),
          nn.linear(WIDTH, 10, { init: init.glorotUniform() }),
        ),
        loss: nn.softmaxCrossEntropy(),
        batchSize: BATCH,
        seed: 7,
        optimizer: optim.sgd({ learningRate: 0.01 }),
        clip: optim.clipGlobalNorm(1),
      });
      const started = performance.now();
      await trainer.prepare(dataset);
      const compileMilliseconds = performance.now() - started;
      const { dispatches, pipelines, bytes } = trainer.counters;
      return {
        run: async (steps) => {
          for await (const _ of trainer.run(dataset, { steps, every: steps }));
        },
        compileMilliseconds,
        facts: { dispatches, pipelines, bytes },
        dispose() {
          trainer.dispose();
          gpu.dispose();
        },
      };
    },
  };
}

function productOf(size: number, gpu: Engine): Contestant {
  return {
    id: `matmul-${size}`,
    title: `matrix product, ${size} × ${size} × ${size}`,
    rate: { unit: "GFLOP/s", perMillisecond: (2 * size ** 3) / 1e6 },
    async prepare() {
      const [a, b] = [matrix(gpu, size, 1), matrix(gpu, size, 2)];
      const product = await gpu.compile((x, y) => x!.matmul(y!), [{ shape: [size, size] }, { shape: [size, size] }]);
      return {
        run: async (times) => {
          for (let time = 0; time < times; time++) for (const result of product.run(a, b)) result.dispose();
          await gpu.settled();
        },
        facts: {},
        dispose() {
          product.dispose();
          a.dispose();
          b.dispose();
        },
      };
    },
  };
}

/** Numbers that are neither equal nor special. */
function matrix(gpu: Engine, size: number, seed: number) {
  return gpu.tensor(
    Float32Array.from({ length: size * size }, (_, index) => Math.sin(index * 0.7 + seed)),
    [size, size],
  );
}
