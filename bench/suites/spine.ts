/** The engine's spine: the training step of deep plain nets, and the matrix product they stand on. */
import { type Dataset, data, type Engine, init, nn, open, optim } from "../../src/index.ts";
import { type Contestant, entryOf, measure } from "../measure.ts";
import type { Entry } from "../schema.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const WIDTH = 64;
const BATCH = 64;
const [SHALLOW, DEEP] = [50, 1000];
const MATRIX_SIZES = [256, 512, 1024];

export const spine: Suite = {
  about: `a training step of ${SHALLOW} and ${DEEP} hidden layers of ${WIDTH} (batch ${BATCH}, tanh, SGD, global-norm clip), and matrix products`,
  async run(context) {
    const { gpu, effort, tell } = context;
    const dataset = await data.digits();
    const { class: adapterClass } = gpu.adapter;
    const steps = await measure([stepOf(SHALLOW, context, dataset), stepOf(DEEP, context, dataset)], effort, adapterClass, tell);
    const products = await measure(
      MATRIX_SIZES.map((size) => productOf(size, context)),
      effort,
      adapterClass,
      tell,
    );
    return [...steps, ...derived(steps, adapterClass), ...products];
  },
};

function stepOf(depth: number, { sampleMilliseconds }: SuiteContext, dataset: Dataset): Contestant {
  return {
    id: `step-${depth}`,
    title: `training step, ${depth} layers`,
    unit: "ms",
    ...(depth === SHALLOW ? { target: { relation: "at most", value: 60, adapterClass: "software" } } : {}),
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
      const prepareMilliseconds = Math.round(performance.now() - started);
      const block = async (steps: number): Promise<number> => {
        const begun = performance.now();
        for await (const _ of trainer.run(dataset, { steps, every: steps }));
        return (performance.now() - begun) / steps;
      };
      await block(2);
      const steps = Math.max(1, Math.round(sampleMilliseconds / (await block(2))));
      const { dispatches, pipelines, bytes } = trainer.counters;
      return {
        sample: () => block(steps),
        facts: { dispatches, pipelines, bytes, prepareMilliseconds, stepsInSample: steps },
        dispose() {
          trainer.dispose();
          gpu.dispose();
        },
      };
    },
  };
}

/** Depth must cost no more than its layers do. */
function derived([shallow, deep]: readonly Entry[], adapterClass: string): Entry[] {
  const perLayer = deep!.samples.map((milliseconds, index) => milliseconds / DEEP / (shallow!.samples[index]! / SHALLOW));
  return [
    entryOf(
      {
        id: "depth-cost",
        title: `time per layer, ${DEEP} over ${SHALLOW} layers`,
        unit: "×",
        target: { relation: "at most", value: 1.3, adapterClass: "any" },
      },
      perLayer,
      {},
      adapterClass,
    ),
    entryOf(
      {
        id: "prepare-1000",
        title: `compiling ${DEEP} layers`,
        unit: "ms",
        target: { relation: "at most", value: 3000, adapterClass: "software" },
      },
      [Number(deep!.facts["prepareMilliseconds"])],
      {},
      adapterClass,
    ),
  ];
}

function productOf(size: number, { gpu, sampleMilliseconds }: SuiteContext): Contestant {
  return {
    id: `matmul-${size}`,
    title: `matrix product, ${size} × ${size} × ${size}`,
    unit: "GFLOP/s",
    ...(size === 1024 ? { target: { relation: "at least", value: 4, adapterClass: "software" } } : {}),
    async prepare() {
      const [a, b] = [matrix(gpu, size, 1), matrix(gpu, size, 2)];
      const product = await gpu.compile((x, y) => x!.matmul(y!), [{ shape: [size, size] }, { shape: [size, size] }]);
      const block = async (times: number): Promise<number> => {
        const begun = performance.now();
        for (let time = 0; time < times; time++) for (const result of product.run(a, b)) result.dispose();
        await gpu.settled();
        return (performance.now() - begun) / times;
      };
      await block(1);
      const times = Math.max(1, Math.round(sampleMilliseconds / (await block(1))));
      return {
        sample: async () => (2 * size ** 3) / (await block(times)) / 1e6,
        facts: { productsInSample: times },
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
