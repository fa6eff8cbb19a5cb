/**
 * TensorFlow.js by its documented API: variableGrads in tidy(), with the matrix product that has its bias fused in. Its kernels run one by one as
 * they are called, so nothing is compiled ahead. A global norm is added up in pairs, because `addN` gives stale data past 7 tensors on WebGPU.
 */
import type * as Core from "@tensorflow/tfjs-core";
import { classRows, transposed } from "./layout.ts";
import type { NetProblem, NormProblem, Peer, ProductProblem, Reading, Repeatable, Training } from "./peer.ts";
import { tfjsLossByHand } from "./tfjsByHand.ts";

export type Tf = typeof Core;
export type Matrix = Core.Tensor2D;
export interface Layer {
  readonly weight: Core.Variable<Core.Rank.R2>;
  readonly bias: Core.Variable<Core.Rank.R1>;
}

/** The mean loss and its gradients, weight and bias of each layer in turn. */
export type LossAndGradients = (layers: readonly Layer[], x: Matrix, y: Matrix) => readonly [Core.Tensor, readonly Core.Tensor[]];

/** Gradients by "variableGrads", or "by hand", which is faster on WASM. */
export type TfjsGradients = "variableGrads" | "by hand";

export async function openTfjs(
  backend: "webgpu" | "wasm",
  gradients: TfjsGradients,
  load: (tf: Tf) => Promise<Peer["facts"]>,
): Promise<Peer> {
  const tf = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-core/dist/register_all_gradients.js");
  const facts = await load(tf);
  const activate = async (): Promise<void> => {
    if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js: its backend ${backend} did not start`);
  };
  const activated = async <T>(make: () => T): Promise<T> => {
    await activate();
    return make();
  };
  return {
    facts,
    start: activate,
    train: (problem) => activated(() => train(tf, gradients === "by hand" ? tfjsLossByHand(tf) : lossByTape(tf), problem, activate)),
    multiply: (problem) => activated(() => multiply(tf, problem, activate)),
    normalize: (problem) => activated(() => normalize(tf, problem, activate)),
  };
}

/** Differentiated by the library. */
function lossByTape(tf: Tf): LossAndGradients {
  return (layers, x, y) => {
    const variables = layers.flatMap(({ weight, bias }): Core.Variable[] => [weight, bias]);
    const { value, grads } = tf.variableGrads(() => {
      let h = x;
      for (const [index, { weight, bias }] of layers.entries()) {
        const z = tf.fused.matMul({ a: h, b: weight as Core.Tensor as Matrix, bias });
        h = (index < layers.length - 1 ? tf.tanh(z) : z) as Matrix;
      }
      return tf.mul(tf.sum(tf.mul(tf.logSoftmax(h), y)), -1 / x.shape[0]) as Core.Scalar;
    }, variables);
    return [value, variables.map((variable) => grads[variable.name]!)];
  };
}

function train(tf: Tf, lossAndGradients: LossAndGradients, problem: NetProblem, activate: () => Promise<void>): Training {
  const { batchSize, classes, learningRate, maxNorm } = problem;
  const layers: Layer[] = problem.layers.map(({ weight, bias, inputs, outputs }) => ({
    weight: tf.variable(tf.tensor2d(transposed(weight, outputs, inputs), [inputs, outputs])),
    bias: tf.variable(tf.tensor1d(bias)),
  }));
  const batches = problem.batches.map(({ x, labels }) => ({
    x: tf.tensor2d(x, [batchSize, x.length / batchSize]),
    y: tf.tensor2d(classRows(labels, classes), [batchSize, classes]),
  }));
  const step = (x: Matrix, y: Matrix): { loss: Core.Tensor; norm: Core.Tensor } =>
    tf.tidy(() => {
      const [loss, gradients] = lossAndGradients(layers, x, y);
      const norm = tf.sqrt(
        sumInPairs(
          tf,
          gradients.map((gradient) => tf.sum(tf.square(gradient))),
        ),
      );
      const rate = tf.mul(tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1), learningRate);
      for (const [index, { weight, bias }] of layers.entries()) {
        weight.assign(tf.sub(weight, tf.mul(gradients[2 * index]!, rate)));
        bias.assign(tf.sub(bias, tf.mul(gradients[2 * index + 1]!, rate)));
      }
      return { loss, norm };
    });
  let made = 0;
  return {
    async run(steps, every) {
      await activate();
      const readings: Promise<Reading>[] = [];
      for (let count = 1; count <= steps; count++) {
        const { x, y } = batches[made++ % batches.length]!;
        const both = step(x, y);
        if (count % every === 0) {
          await readings.at(-1);
          readings.push(read(both));
        } else tf.dispose({ ...both });
      }
      return Promise.all(readings);
    },
    dispose() {
      tf.dispose(layers.flatMap(({ weight, bias }): Core.Tensor[] => [weight, bias]));
      tf.dispose(batches.flatMap(({ x, y }) => [x, y]));
    },
  };
}

async function read({ loss, norm }: { readonly loss: Core.Tensor; readonly norm: Core.Tensor }): Promise<Reading> {
  const [losses, norms] = await Promise.all([loss.data(), norm.data()]);
  loss.dispose();
  norm.dispose();
  return { loss: losses[0]!, gradientNorm: norms[0]! };
}

function sumInPairs(tf: Tf, terms: readonly Core.Tensor[]): Core.Tensor {
  let sums = terms;
  while (sums.length > 1)
    sums = Array.from({ length: Math.ceil(sums.length / 2) }, (_, index) => {
      const [first, second] = [sums[2 * index]!, sums[2 * index + 1]];
      return second ? tf.add(first, second) : first;
    });
  return sums[0]!;
}

function multiply(tf: Tf, { size, a, b }: ProductProblem, activate: () => Promise<void>): Repeatable {
  const [x, y] = [tf.tensor2d(a, [size, size]), tf.tensor2d(b, [size, size])];
  return repeatable(tf, activate, () => [tf.matMul(x, y)], [x, y]);
}

function normalize(tf: Tf, problem: NormProblem, activate: () => Promise<void>): Repeatable {
  const { rows, features, epsilon } = problem;
  const x = tf.tensor2d(problem.x, [rows, features]);
  const dy = tf.tensor2d(problem.dy, [rows, features]);
  const [scale, shift] = [tf.tensor1d(problem.scale), tf.tensor1d(problem.shift)];
  const both = tf.valueAndGrads((given: Core.Tensor, factor: Core.Tensor, offset: Core.Tensor) => {
    const { mean, variance } = tf.moments(given, 0);
    const [average, spread] = [mean as Core.Tensor1D, variance as Core.Tensor1D];
    return tf.batchNorm2d(given as Matrix, average, spread, offset as Core.Tensor1D, factor as Core.Tensor1D, epsilon);
  });
  const once = (): Core.Tensor[] => {
    const { value, grads } = both([x, scale, shift], dy);
    return [value, ...grads];
  };
  return repeatable(tf, activate, once, [x, dy, scale, shift]);
}

/** What is done each time, and read in the end by one number of it: the kernels run in their order. */
function repeatable(tf: Tf, activate: () => Promise<void>, once: () => Core.Tensor[], held: Core.Tensor[]): Repeatable {
  return {
    async run(times) {
      await activate();
      for (let time = 1; time < times; time++) tf.dispose(tf.tidy(once));
      const one = tf.tidy(() => tf.slice(tf.reshape(once()[0]!, [-1]), 0, 1));
      await one.data();
      one.dispose();
    },
    async result() {
      await activate();
      const made = tf.tidy(once);
      const values = await Promise.all(made.map(async (tensor) => Float32Array.from(await tensor.data())));
      tf.dispose(made);
      return values;
    },
    dispose: () => tf.dispose(held),
  };
}
