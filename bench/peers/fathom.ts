/** Fathom as one of those that are measured. */
import { type Engine, nn, optim, type Tensor, valueAndGrad } from "../../src/index.ts";
import { encodeSafetensors, type TensorToStore } from "../../src/io/index.ts";
import { batchNormTrain } from "../../src/ops/batchNorm.ts";
import type { NetProblem, NormProblem, Peer, ProductProblem, Repeatable, Training } from "./peer.ts";

/** Each piece of work on an engine of its own, so that nothing is compiled already. */
export async function openFathom(open: () => Promise<Engine>): Promise<Peer> {
  // The engine would fetch them as it trains.
  await Promise.all([
    import("../../src/train/trainer.ts"),
    import("../../src/train/depthFusion.ts"),
    import("../../src/train/persistence.ts"),
  ]);
  let started: Engine | null = null;
  const onEngine = async <T>(make: (gpu: Engine) => Promise<T>): Promise<T> => {
    const gpu = started ?? (await open());
    started = null;
    try {
      return await make(gpu);
    } catch (error) {
      gpu.dispose();
      throw error;
    }
  };
  return {
    facts: {},
    async start() {
      started ??= await open();
    },
    train: (problem) => onEngine((gpu) => train(gpu, problem)),
    multiply: (problem) => onEngine((gpu) => multiply(gpu, problem)),
    normalize: (problem) => onEngine((gpu) => normalize(gpu, problem)),
  };
}

async function train(gpu: Engine, { layers, batchSize, dataset, learningRate, maxNorm }: NetProblem): Promise<Training> {
  // As a user would write a deep net: the equal layers as a repeat, so that they may be fused.
  const [first, last] = [layers[0]!, layers.at(-1)!];
  const equal = layers.slice(1, -1);
  const trainer = await gpu.train({
    model: nn.sequential(
      nn.linear(first.inputs, first.outputs),
      nn.tanh(),
      nn.repeat(equal.length, (index) => [nn.linear(equal[index]!.inputs, equal[index]!.outputs), nn.tanh()]),
      nn.linear(last.inputs, last.outputs),
    ),
    loss: nn.softmaxCrossEntropy(),
    batchSize,
    optimizer: optim.sgd({ learningRate }),
    clip: optim.clipGlobalNorm(maxNorm),
    order: "sequential",
  });
  const names = trainer.parameters.map(({ name }) => name);
  const tensors = layers.flatMap(({ weight, bias, inputs, outputs }, index): [string, TensorToStore][] => [
    [names[2 * index]!, { dtype: "F32", shape: [outputs, inputs], data: weight }],
    [names[2 * index + 1]!, { dtype: "F32", shape: [outputs], data: bias }],
  ]);
  await trainer.load(encodeSafetensors(new Map(tensors)));
  return {
    facts: () => {
      const { dispatches, pipelines, bytes } = trainer.counters;
      return { dispatches, pipelines, bytes };
    },
    async run(steps, every) {
      const readings = [];
      for await (const { step, loss, gradientNorm } of trainer.run(dataset, { steps, every }))
        if ((step + 1) % every === 0) readings.push({ loss, gradientNorm });
      return readings;
    },
    dispose() {
      trainer.dispose();
      gpu.dispose();
    },
  };
}

async function multiply(gpu: Engine, { size, a, b }: ProductProblem): Promise<Repeatable> {
  const shape = [size, size];
  return repeatable(gpu, ([x, y]) => [x!.matmul(y!)], [gpu.tensor(a, shape), gpu.tensor(b, shape)]);
}

async function normalize(gpu: Engine, { rows, features, epsilon, ...values }: NormProblem): Promise<Repeatable> {
  const body = ([x, scale, shift, dy]: readonly Tensor[]): Tensor[] => {
    const outputs: Tensor[] = [];
    const { gradients } = valueAndGrad((given, factor, offset) => {
      const y = gpu.wrap(batchNormTrain(given!.node, factor!.node, offset!.node, epsilon).y);
      outputs.push(y);
      return y.mul(dy!).sum();
    })(x!, scale!, shift!);
    return [...outputs, ...gradients];
  };
  const shape = [rows, features];
  return repeatable(gpu, body, [
    gpu.tensor(values.x, shape),
    gpu.tensor(values.scale),
    gpu.tensor(values.shift),
    gpu.tensor(values.dy, shape),
  ]);
}

async function repeatable(gpu: Engine, body: (inputs: readonly Tensor[]) => Tensor[], inputs: readonly Tensor[]): Promise<Repeatable> {
  const compiled = await gpu.compile(
    (...given) => body(given),
    inputs.map(({ shape }) => ({ shape })),
  );
  return {
    async run(times) {
      for (let time = 0; time < times; time++) for (const result of compiled.run(...inputs)) result.dispose();
      await gpu.settled();
    },
    async result() {
      const made = compiled.run(...inputs);
      const values = await Promise.all(made.map(async (tensor) => Float32Array.from(await tensor.data())));
      for (const tensor of made) tensor.dispose();
      return values;
    },
    dispose: () => gpu.dispose(),
  };
}
