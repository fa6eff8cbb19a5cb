/** Presets that show a failure and its cure, stage by stage. Pure. */
import { type Choices, STANDARD } from "./choices.ts";

export interface Stage {
  readonly label: string;
  readonly text: string;
  /** What to look at while it trains. */
  readonly look: string;
  readonly choices: Choices;
}

export interface Story {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly stages: readonly Stage[];
}

const stage = (label: string, text: string, look: string, changes: Partial<Choices>): Stage => ({
  label,
  text,
  look,
  choices: { ...STANDARD, ...changes },
});

const RELU = { activation: "relu", init: "heNormal" } as const;
const BATCH_NORM = { ...RELU, normalisation: "batchNorm" } as const;
/** Steps of plain descent, each as long as its gradient: what explodes shows. */
const DESCENT = { optimizer: "momentum", schedule: "linear" } as const;
const FIFTY = { ...BATCH_NORM, ...DESCENT, depth: 50, width: 32, rate: 0.1, steps: 300 } as const;
const CLIPPED = { clip: "globalNorm", clipMax: 1 } as const;
const DEAD = { ...RELU, depth: 2, rate: 0.7, steps: 250 } as const;
const FEW = {
  data: "spirals",
  samples: 120,
  noise: 0.1,
  depth: 4,
  width: 64,
  rate: 0.005,
  schedule: "constant",
  steps: 250,
  ...RELU,
} as const;
const NOISE = { ...BATCH_NORM, ...DESCENT, depth: 3, rate: 0.05, steps: 150 } as const;
const SETTLE = { ...RELU, optimizer: "momentum", schedule: "constant", depth: 6, batchSize: 16, rate: 0.05, steps: 200 } as const;
const TWO_HUNDRED = { optimizer: "momentum", depth: 200, width: 32 } as const;

export const STORIES: readonly Story[] = [
  {
    id: "vanishing",
    title: "The gradient that never arrives",
    text: "Thirty sigmoid layers with small weights learn nothing: each layer passes on about a fifth of the gradient that it gets, and thirty fifths in a row are 10⁻²¹.",
    stages: [
      stage(
        "Sigmoid",
        "Nothing reaches the first layer, and the loss stays at that of guessing, 2.3.",
        "The bars: their scale is one of powers of ten. In the heat map the first layers are dark from the first step to the last.",
        {},
      ),
      stage(
        "Glorot and tanh",
        "Weights as long as they should be, and an activation whose slope is 1 at 0: all bars are alike, and the net learns.",
        "The bars: first and last differ by little, on a scale of powers of ten. The heat map has no dark layers, and the loss falls.",
        {
          activation: "tanh",
          init: "glorotUniform",
        },
      ),
      stage(
        "He and ReLU",
        "Half of the units are 0, so weights must be longer by √2. The bars are alike again.",
        "The bars, which do not fade towards the first layer, and the loss, which falls within this run as it did not with sigmoid.",
        RELU,
      ),
      stage(
        "Residual, batch-norm",
        "A way around each layer, and every layer's inputs at mean 0 and variance 1: it learns from the first steps on.",
        "The loss falls from the first steps on; at the end the test loss lies well above that of training.",
        {
          ...BATCH_NORM,
          skips: "residual",
        },
      ),
    ],
  },
  {
    id: "exploding",
    title: "Batch-norm alone explodes",
    text: "Batch-norm keeps signals in bounds on their way up. On the way down, in fifty ReLU layers, it multiplies the gradient by about 1.2 at each.",
    stages: [
      stage(
        "Batch-norm alone",
        "The first layer's gradient is thousands of times the last's. The first steps throw its weights about, and little is learnt.",
        "The first bars tower over the last ones, by 10³ to 10⁵ at the first step. Then look at the accuracy at the end.",
        FIFTY,
      ),
      stage(
        "With a clip",
        "No step is longer than the clip lets it be. But a clip makes all layers' steps shorter alike: the first bars still tower, and nothing is learnt.",
        "How much of the gradient the clip leaves, in the line of numbers; the bars keep their slope from the first layer to the last.",
        { ...FIFTY, ...CLIPPED },
      ),
      stage(
        "With skips",
        "A way around each layer takes the factor away. It learns at a fifth of the rate; at the whole rate its first steps still leap.",
        "Bars of about one length at the first step, and the accuracy at the end.",
        {
          ...FIFTY,
          skips: "residual",
          rate: 0.02,
        },
      ),
      stage(
        "Skips and a clip",
        "The whole rate again: now the clip bounds the first steps, and the net learns best.",
        "The line of numbers says how much of the gradient the clip leaves. Pin the run before, and compare the ends.",
        {
          ...FIFTY,
          ...CLIPPED,
          skips: "residual",
        },
      ),
    ],
  },
  {
    id: "dead",
    title: "Dead units",
    text: "Steps that are too long push a ReLU's inputs below 0 for every sample. Its slope is 0 there, so it never comes back.",
    stages: [
      stage(
        "Rate too large",
        "At this rate whole layers are dead after a few steps. The rate falls to 0 over the run, but nothing revives them.",
        "Bars that fall to an open stub: a gradient of exactly 0. The loss then stands at 2.3, that of guessing.",
        DEAD,
      ),
      stage(
        "Leaky ReLU",
        "A small slope below 0 lets the gradient through: the net leaps as far, lives, and learns once the rate has fallen.",
        "No bar is an open stub. The loss leaps at first and falls towards the end.",
        {
          ...DEAD,
          activation: "leakyRelu",
        },
      ),
      stage(
        "Lower rate",
        "The first net again, with steps that it can bear.",
        "No bar is an open stub, and the loss falls from the first steps on.",
        { ...DEAD, rate: 0.003 },
      ),
    ],
  },
  {
    id: "over-fitting",
    title: "Learnt by heart",
    text: "A hundred noisy points and thousands of weights: the net soon knows each point, and nothing more.",
    stages: [
      stage(
        "Unbound",
        "The training loss goes to 0, and the test loss rises.",
        "Train and test loss: where they part, the net learns by heart. The plane shows islands around single points.",
        FEW,
      ),
      stage(
        "Dropout",
        "A third of the units is left out at random: no unit can rely on another.",
        "Train and test loss part later and less; the loss of each batch is rougher, for each leaves out other units.",
        { ...FEW, dropout: 0.3 },
      ),
      stage(
        "l2",
        "Long weights cost: the boundary becomes smooth.",
        "Train and test loss stay closer together, and the plane has fewer islands.",
        { ...FEW, regularizer: "l2", lambda: 0.01 },
      ),
    ],
  },
  {
    id: "noise",
    title: "Batch-norm's noise",
    text: "Batch-norm takes mean and variance from the batch, so that a sample's output depends on its neighbours. Small batches make much noise, which also regularises.",
    stages: [
      stage(
        "Batches of 4",
        "Rough: every batch has a mean of its own.",
        "How rough the loss of each batch is, and the accuracies at the end.",
        { ...NOISE, batchSize: 4 },
      ),
      stage("Batches of 32", "Smoother.", "The loss is less rough than in batches of 4. Pin that run to see both.", {
        ...NOISE,
        batchSize: 32,
      }),
      stage("Batches of 256", "Hardly any noise.", "The loss is all but a smooth curve; training and test accuracy at the end.", {
        ...NOISE,
        batchSize: 256,
      }),
    ],
  },
  {
    id: "schedule",
    title: "Let it settle",
    text: "A large rate gets somewhere fast and then jumps about the goal. A small one settles and takes for ever. A schedule does one after the other.",
    stages: [
      stage(
        "Constant",
        "It never comes to rest.",
        "The loss goes on leaping to the last step. Pin this run, and train the next stage beside it.",
        SETTLE,
      ),
      stage("Cosine to 0", "Begins alike, and settles.", "The end of the curves beside the pinned run's: here the leaps die down.", {
        ...SETTLE,
        schedule: "cosine",
      }),
    ],
  },
  {
    id: "two-hundred",
    title: "Two hundred layers",
    text: "All remedies together: He, batch-norm, residual blocks, a clip and a warm-up.",
    stages: [
      stage("Without", "The same depth, ReLU and He alone.", "The loss and the accuracy: neither gets anywhere.", {
        ...RELU,
        ...TWO_HUNDRED,
        schedule: "constant",
        rate: 0.02,
      }),
      stage(
        "With",
        "It trains, though its first losses are huge: the clip shortens every step, and the loss comes down all the same.",
        "The loss of each batch: it begins ten times above that of guessing, 2.3, and comes down to it before anything is learnt. The bars are of about one length.",
        {
          ...BATCH_NORM,
          ...TWO_HUNDRED,
          ...CLIPPED,
          skips: "residual",
          schedule: "warmUp",
          rate: 0.05,
        },
      ),
    ],
  },
];
