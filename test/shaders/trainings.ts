/** Trainers that between them use every layer, loss, optimizer, clip, regularizer and policy, and the schedule that the GPU follows. */
import type { Dataset } from "../../src/data/dataset.ts";
import { nn, optim, schedule, type TrainerOptions } from "../../src/index.ts";
import { BODIES, stackedNet } from "../support/stackCases.ts";
import { OPTIMIZER_TRAININGS } from "./optimizerTrainings.ts";

function classes(bytes: boolean): Dataset {
  const count = 50;
  const x = bytes ? new Uint8Array(count * 16) : new Float32Array(count * 16);
  const split = { count, x, xScale: bytes ? 1 / 16 : 1, y: new Int32Array(count), yShape: [] };
  return { name: "sixteen numbers", sampleShape: [16], classes: 3, train: split, test: null };
}

const VALUES: Dataset = {
  name: "points",
  sampleShape: [3],
  classes: null,
  train: { count: 9, x: new Float32Array(27), xScale: 1, y: new Float32Array(18), yShape: [2] },
  test: null,
};

const rate = { learningRate: 0.1 };
const softmaxLoss = nn.softmaxCrossEntropy();

export const TRAININGS: readonly { readonly name: string; readonly options: TrainerOptions; readonly dataset: Dataset }[] = [
  {
    name: "tanh, SGD, clip",
    options: {
      model: nn.sequential(nn.linear(16, 12), nn.tanh(), nn.linear(12, 3)),
      loss: softmaxLoss,
      batchSize: 8,
      optimizer: optim.sgd(rate),
      clip: optim.clipGlobalNorm(1),
    },
    dataset: classes(true),
  },
  {
    name: "residual, batch-norm, Adam, l2",
    options: {
      model: nn.sequential(
        nn.linear(16, 12),
        nn.repeat(2, () => nn.residual(nn.linear(12, 12), nn.batchNorm(12), nn.relu())),
        nn.residual(nn.linear(12, 5)),
        nn.linear(5, 3),
      ),
      loss: softmaxLoss,
      batchSize: 7,
      optimizer: optim.adam(rate),
      regularizer: optim.l2(1e-3),
      nonFinite: "skip",
    },
    dataset: classes(false),
  },
  {
    name: "branches, dropout, momentum, l1",
    options: {
      model: nn.sequential(
        nn.concat(nn.linear(16, 3), nn.sequential(nn.linear(16, 4), nn.gelu())),
        nn.dropout(0.5),
        nn.linear(7, 3, { bias: false }),
      ),
      loss: softmaxLoss,
      batchSize: 16,
      optimizer: optim.sgd({ ...rate, momentum: 0.9, nesterov: true }),
      regularizer: optim.l1(1e-3),
      gradientNoise: optim.gradientNoise({ eta: 0.01 }),
      clip: optim.clipAdaptive(),
      nonFinite: "ignore",
      order: "sequential",
      insight: { histograms: true },
    },
    dataset: classes(true),
  },
  {
    name: "mean squared error, AdamW",
    options: {
      model: nn.sequential(nn.linear(3, 65), nn.silu(), nn.linear(65, 2)),
      loss: nn.meanSquaredError(),
      batchSize: 4,
      optimizer: optim.adamW({ ...rate, weightDecay: 0.1 }),
      insight: {},
      clip: optim.clipAdaptive(),
      constraint: optim.maxNorm(2),
      regularizer: optim.l2(1e-3),
    },
    dataset: VALUES,
  },
  {
    name: "binary cross-entropy, plateau",
    options: {
      model: nn.linear(3, 2),
      loss: nn.binaryCrossEntropyWithLogits(),
      batchSize: 9,
      optimizer: optim.sgd({ learningRate: schedule.plateau(0.1), momentum: 0.9, dampening: 0.1 }),
      clip: optim.clipValue(2),
      gradientNoise: optim.gradientNoise({ eta: 0.01 }),
    },
    dataset: VALUES,
  },
  ...[nn.meanSquaredError({ half: true }), nn.meanAbsoluteError(), nn.huber({ delta: 0.5 })].map((loss) => ({
    name: loss.name,
    options: { model: nn.linear(3, 2), loss, batchSize: 9, optimizer: optim.sgd(rate) },
    dataset: VALUES,
  })),
  ...[nn.softmaxCrossEntropy({ labelSmoothing: 0.1 }), nn.multiMargin(), nn.multiMargin({ power: 2, margin: 0.5 })].map((loss) => ({
    name: loss.name,
    options: { model: nn.linear(16, 3), loss, batchSize: 8, optimizer: optim.sgd(rate) },
    dataset: classes(false),
  })),
  ...Object.entries(BODIES).flatMap(([name, body]) =>
    (name === "together" || name === "dropout" ? [12] : [12, 5]).map((width) => ({
      name: `a stack of ${name}, ${width} wide`,
      options: { ...stackedNet(body, width, 3), batchSize: 17 },
      dataset: classes(false),
    })),
  ),
  ...OPTIMIZER_TRAININGS.map((one) => ({ ...one, dataset: VALUES })),
];
