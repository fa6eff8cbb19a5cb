/** Trainers that between them use every optimizer, each in the forms that pick different shaders. */
import { nn, optim, type TrainerOptions } from "../../src/index.ts";

const rate = { learningRate: 0.1 };

const OPTIMIZERS = [
  optim.sgd({ ...rate, momentum: 0.9, decoupledWeightDecay: true }),
  optim.rmsprop(rate),
  optim.rmsprop({ ...rate, centered: true }),
  optim.rmsprop({ ...rate, momentum: 0.9 }),
  optim.rmsprop({ ...rate, momentum: 0.9, centered: true, decoupledWeightDecay: true }),
  optim.adagrad({ ...rate, initialAccumulator: 0.1 }),
  optim.nadam(rate),
  optim.radam(rate),
  optim.lion(rate),
  optim.lamb(rate),
  optim.muon(rate),
];

/** On the data set of three features and two targets. */
export const OPTIMIZER_TRAININGS: readonly { readonly name: string; readonly options: TrainerOptions }[] = OPTIMIZERS.flatMap((optimizer) =>
  [false, true].map((regularized) => ({
    name: `${JSON.stringify(optimizer)}${regularized ? ", l2" : ""}`,
    options: {
      model: nn.sequential(nn.linear(3, 5), nn.tanh(), nn.linear(5, 2)),
      loss: nn.meanSquaredError(),
      batchSize: 4,
      optimizer,
      ...(regularized ? { regularizer: optim.l2(1e-3) } : {}),
    },
  })),
);
