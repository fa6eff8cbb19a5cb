/** What to change in the form against each kind of trouble that the library's verdict names. Pure. */
import type { DiagnosisKind } from "../src/index.ts";
import type { Choices } from "./choices.ts";

export interface Remedy {
  readonly text: string;
  readonly changes: Partial<Choices>;
}

/** The first that is not in force yet. */
type Candidates = (choices: Choices) => readonly (Remedy | null)[];

const when = (holds: boolean, text: string, changes: Partial<Choices>): Remedy | null => (holds ? { text, changes } : null);

const fitting = ({ activation }: Choices): Choices["init"] =>
  activation === "sigmoid" || activation === "tanh" ? "glorotUniform" : activation === "selu" ? "lecunNormal" : "heNormal";
const INIT_NAMES: Partial<Record<Choices["init"], string>> = { glorotUniform: "Glorot", heNormal: "He", lecunNormal: "LeCun" };

const initialise = (choices: Choices): Remedy | null => {
  const init = fitting(choices);
  const drawn = choices.init === "small" || choices.init === "large";
  return when(drawn, `initial weights that fit the activation (${INIT_NAMES[init]})`, { init });
};
const lowerRate = ({ rate }: Choices): Remedy | null => when(rate > 1e-5, "a learning rate ten times smaller", { rate: rate / 10 });
const clip = (choices: Choices): Remedy | null =>
  when(choices.clip === "none", "a clip of the global norm at 1", { clip: "globalNorm", clipMax: 1 });
const skip = ({ skips }: Choices): Remedy | null => when(skips === "none", "residual connections", { skips: "residual" });
const normalise = ({ normalisation }: Choices): Remedy | null =>
  when(normalisation === "none", "batch-norm", { normalisation: "batchNorm" });

const vanishing: Candidates = (choices) => [
  when(choices.activation === "sigmoid", "tanh with Glorot's initial weights", { activation: "tanh", init: "glorotUniform" }),
  initialise(choices),
  skip(choices),
  normalise(choices),
];
const exploding: Candidates = (choices) => [initialise(choices), skip(choices), clip(choices), lowerRate(choices)];
const dead: Candidates = (choices) => [
  when(choices.activation === "relu", "leaky ReLU, which is nowhere flat", { activation: "leakyRelu" }),
  initialise(choices),
  lowerRate(choices),
];

const BY_KIND = {
  vanishing,
  exploding,
  saturated: (choices) => [initialise(choices), normalise(choices), ...vanishing(choices)],
  dead,
  // Weights that are too long are so from the first step on, and no clip is fast enough.
  nonFinite: (choices) => [
    ...(choices.init === "large" ? [initialise(choices)] : []),
    clip(choices),
    initialise(choices),
    lowerRate(choices),
  ],
  stalled: (choices) => [
    when(choices.optimizer === "sgd" || choices.optimizer === "momentum", "Adam at a rate of 0.003", { optimizer: "adam", rate: 0.003 }),
    normalise(choices),
    skip(choices),
  ],
  healthy: () => [],
} satisfies Record<DiagnosisKind, Candidates>;

export function remedyFor(kind: DiagnosisKind, choices: Choices): Remedy | null {
  return BY_KIND[kind](choices).find((remedy) => remedy !== null) ?? null;
}
