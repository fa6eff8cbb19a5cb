/**
 * jax-js: the whole step in one jit. Its arrays are owned: passing one to a function gives it away, and `.ref` keeps it. Work is dispatched only
 * when something is waited for or read, and what is pending is counted in every array of a step; so each step is waited for, as its documentation
 * of blockUntilReady() advises for loops, which is faster than a read every few steps alone.
 */
import type { numpy } from "@jax-js/jax";
import { classRows, transposed } from "./layout.ts";
import type { NetProblem, NormProblem, Peer, ProductProblem, Reading, Repeatable, Training } from "./peer.ts";

type Jax = typeof import("@jax-js/jax");
type JaxArray = numpy.Array;
/** Not an interface: jax-js takes apart only type aliases. */
type Layer = { weight: JaxArray; bias: JaxArray };

/** "webgpu" is what its README advises, "wasm" its default. */
export async function openJax(device: "webgpu" | "wasm"): Promise<Peer> {
  const jax = await import("@jax-js/jax");
  let starting: Promise<void> | null = null;
  const start = (): Promise<void> =>
    (starting ??= jax.init(device).then((devices) => {
      if (!devices.includes(device)) throw new Error(`jax-js: its device ${device} did not start`);
    }));
  // Where arrays lie: it is asked when they are made.
  const onDevice = async <T>(make: () => Promise<T>): Promise<T> => {
    await start();
    jax.defaultDevice(device);
    return make();
  };
  return {
    facts: {},
    start,
    train: (problem) => onDevice(() => train(jax, problem)),
    multiply: (problem) => onDevice(() => multiply(jax, problem)),
    normalize: (problem) => onDevice(() => normalize(jax, problem)),
  };
}

async function train(jax: Jax, problem: NetProblem): Promise<Training> {
  const { numpy: np, nn, jit, valueAndGrad, tree } = jax;
  const { batchSize, classes, learningRate, maxNorm } = problem;
  const lossOf = (layers: Layer[], x: JaxArray, y: JaxArray): JaxArray => {
    let h = x;
    for (const [index, { weight, bias }] of layers.entries()) {
      const z = np.dot(h, weight).add(bias);
      h = index < layers.length - 1 ? np.tanh(z) : z;
    }
    return nn
      .logSoftmax(h)
      .mul(y)
      .sum()
      .mul(-1 / batchSize);
  };
  const step = jit((layers: Layer[], x: JaxArray, y: JaxArray): [Layer[], JaxArray, JaxArray] => {
    const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(layers), x, y) as unknown as [JaxArray, Layer[]];
    const squares = tree.leaves(tree.ref(gradients)).map((gradient) => np.square(gradient).sum());
    const norm = np.sqrt(squares.reduce((sum, square) => sum.add(square)));
    const rate = np.minimum(np.trueDivide(maxNorm, norm.ref.add(1e-6)), 1).mul(learningRate);
    const next = layers.map(({ weight, bias }, index) => ({
      weight: weight.sub(gradients[index]!.weight.mul(rate.ref)),
      bias: bias.sub(gradients[index]!.bias.mul(rate.ref)),
    }));
    rate.dispose();
    return [next, loss, norm];
  });
  let layers: Layer[] = problem.layers.map(({ weight, bias, inputs, outputs }) => ({
    weight: np.array(transposed(weight, outputs, inputs), { shape: [inputs, outputs] }),
    bias: np.array(bias, { shape: [outputs] }),
  }));
  const batches = problem.batches.map(({ x, labels }) => ({
    x: np.array(x, { shape: [batchSize, x.length / batchSize] }),
    y: np.array(classRows(labels, classes), { shape: [batchSize, classes] }),
  }));
  await jax.blockUntilReady([layers, batches]);
  let made = 0;
  return {
    async run(steps, every) {
      const readings: Promise<Reading>[] = [];
      for (let count = 1; count <= steps; count++) {
        const { x, y } = batches[made++ % batches.length]!;
        const [next, loss, norm] = step(layers, x.ref, y.ref) as [Layer[], JaxArray, JaxArray];
        layers = next;
        if (count % every === 0) {
          await readings.at(-1);
          readings.push(read(loss, norm));
        } else {
          await loss.blockUntilReady();
          loss.dispose();
          norm.dispose();
        }
      }
      return Promise.all(readings);
    },
    dispose() {
      tree.dispose(layers);
      tree.dispose(batches);
      step.dispose();
    },
  };
}

async function read(loss: JaxArray, norm: JaxArray): Promise<Reading> {
  const [losses, norms] = await Promise.all([loss.data(), norm.data()]);
  return { loss: losses[0]!, gradientNorm: norms[0]! };
}

async function multiply(jax: Jax, { size, a, b }: ProductProblem): Promise<Repeatable> {
  const { numpy: np, jit } = jax;
  const shape = [size, size];
  const product = jit((x: JaxArray, y: JaxArray) => [np.matmul(x, y)]);
  return repeatable(jax, product, [np.array(a, { shape }), np.array(b, { shape })]);
}

async function normalize(jax: Jax, problem: NormProblem): Promise<Repeatable> {
  const { numpy: np, jit, vjp } = jax;
  const { rows, features, epsilon } = problem;
  const batchNorm = (x: JaxArray, scale: JaxArray, shift: JaxArray): JaxArray => {
    const centred = x.ref.sub(x.mean(0));
    const variance = np.square(centred.ref).mean(0);
    return centred
      .div(np.sqrt(variance.add(epsilon)))
      .mul(scale)
      .add(shift);
  };
  const both = jit((x: JaxArray, scale: JaxArray, shift: JaxArray, dy: JaxArray): JaxArray[] => {
    const [y, back] = vjp(batchNorm, [x, scale, shift]);
    const gradients = back(dy) as JaxArray[];
    back.dispose();
    return [y, ...gradients];
  });
  return repeatable(jax, both as (...inputs: JaxArray[]) => JaxArray[], [
    np.array(problem.x, { shape: [rows, features] }),
    np.array(problem.scale),
    np.array(problem.shift),
    np.array(problem.dy, { shape: [rows, features] }),
  ]);
}

/** All are kept until they are done: what is disposed of while it is pending is never computed. */
async function repeatable(jax: Jax, once: (...inputs: JaxArray[]) => JaxArray[], inputs: readonly JaxArray[]): Promise<Repeatable> {
  const call = (): JaxArray[] => once(...inputs.map((input) => input.ref));
  await jax.blockUntilReady([...inputs]);
  return {
    async run(times) {
      const made = Array.from({ length: times }, call);
      await jax.blockUntilReady(made);
      jax.tree.dispose(made);
    },
    result: async () =>
      (await Promise.all(call().map((array) => array.data()))).map((values: ArrayLike<number>) => Float32Array.from(values)),
    dispose: () => jax.tree.dispose([...inputs]),
  };
}
