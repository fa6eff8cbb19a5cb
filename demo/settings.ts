/** The form's settings, and the trainer that they describe. */
import { init, nn, optim, schedule, type TrainerOptions } from "../src/index.ts";

export interface Settings {
  readonly depth: number;
  readonly activation: keyof typeof ACTIVATIONS;
  readonly init: keyof typeof INITS;
  readonly rate: number;
  readonly batchNorm: boolean;
  readonly residual: boolean;
  /** Null: no clip. */
  readonly clipMax: number | null;
}

const ACTIVATIONS = {
  sigmoid: () => nn.sigmoid(),
  tanh: () => nn.tanh(),
  relu: () => nn.relu(),
  gelu: () => nn.gelu(),
  selu: () => nn.selu(),
};

const INITS = {
  normal: () => init.normal({ mean: 0, standardDeviation: 0.1 }),
  glorotUniform: () => init.glorotUniform(),
  heNormal: () => init.heNormal(),
  orthogonal: () => init.orthogonal(),
};

/** The digits have 64 pixels and 10 classes; hidden layers are as wide as a picture. */
const WIDTH = 64;
const CLASSES = 10;
const SEED = 7;

export function readSettings(form: HTMLFormElement): Settings {
  const fields = new FormData(form);
  const text = (name: string): string => String(fields.get(name));
  return {
    depth: Number(text("depth")),
    activation: text("activation") as Settings["activation"],
    init: text("init") as Settings["init"],
    rate: Number(text("rate")),
    batchNorm: fields.has("batchNorm"),
    residual: fields.has("residual"),
    clipMax: fields.has("clip") ? Number(text("clipMax")) : null,
  };
}

export function trainerOptions(settings: Settings): TrainerOptions {
  const { depth, rate, clipMax } = settings;
  return {
    model: nn.sequential(
      nn.repeat(depth, () => hiddenLayer(settings)),
      linear(settings, CLASSES),
    ),
    loss: nn.softmaxCrossEntropy(),
    batchSize: 64,
    seed: SEED,
    optimizer: optim.sgd({ learningRate: schedule.constant(rate), momentum: 0.9 }),
    ...(clipMax === null ? {} : { clip: optim.clipGlobalNorm(clipMax) }),
  };
}

const linear = ({ init: name }: Settings, units: number): nn.Module =>
  nn.linear(WIDTH, units, { init: INITS[name](), biasInit: init.zeros() });

function hiddenLayer(settings: Settings): nn.Module[] {
  const { activation, batchNorm, residual } = settings;
  const body = [linear(settings, WIDTH), ...(batchNorm ? [nn.batchNorm(WIDTH)] : [])];
  return [...(residual ? [nn.residual(...body)] : body), ACTIVATIONS[activation]()];
}
