/** What the form can set: each control with its range, its standard and one line of explanation. Pure. */

export interface ChoiceControl<V extends string = string> {
  readonly kind: "choice";
  readonly group: Group;
  readonly label: string;
  /** Value and what is shown for it. */
  readonly options: Readonly<Record<V, string>>;
  readonly standard: V;
  readonly help: string;
}

export interface NumberControl {
  readonly kind: "number";
  readonly group: Group;
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
  readonly standard: number;
  readonly help: string;
}

export type Control = ChoiceControl | NumberControl;
export type Group = "Net" | "Data" | "Training" | "Remedies";

const choice = <const V extends string>(
  group: Group,
  label: string,
  options: Record<V, string>,
  standard: NoInfer<V>,
  help: string,
): ChoiceControl<V> => ({ kind: "choice", group, label, options, standard, help });

const whole = (group: Group, label: string, [least, most]: readonly [number, number], standard: number, help: string): NumberControl => ({
  kind: "number",
  group,
  label,
  least,
  most,
  whole: true,
  standard,
  help,
});

const real = (...given: Parameters<typeof whole>): NumberControl => ({ ...whole(...given), whole: false });

export const CONTROLS = {
  depth: whole(
    "Net",
    "Hidden layers",
    [1, 200],
    30,
    "Each is a matrix, W·x + b, and an activation; a gradient passes through all of them.",
  ),
  width: whole("Net", "Width", [2, 256], 64, "Units in each hidden layer."),
  activation: choice(
    "Net",
    "Activation",
    {
      sigmoid: "sigmoid",
      tanh: "tanh",
      relu: "ReLU",
      leakyRelu: "leaky ReLU",
      elu: "ELU",
      selu: "SELU",
      gelu: "GELU",
      silu: "SiLU",
    },
    "sigmoid",
    "Its slope multiplies the gradient at each layer: at most ¼ for sigmoid, 1 for tanh, 0 or 1 for ReLU.",
  ),
  init: choice(
    "Net",
    "Initial weights",
    {
      small: "normal, σ = 0.1",
      large: "normal, σ = 0.5",
      glorotUniform: "Glorot: σ² = 2/(in + out)",
      heNormal: "He: σ² = 2/in",
      lecunNormal: "LeCun: σ² = 1/in",
      orthogonal: "orthogonal",
    },
    "small",
    "How long weights are at the start decides whether signals shrink or grow on their way.",
  ),
  normalisation: choice(
    "Net",
    "Normalisation",
    { none: "none", batchNorm: "batch-norm", layerNorm: "layer-norm", rmsNorm: "RMS-norm" },
    "none",
    "(x − mean)/√(variance + ε) before each activation, over the batch or over the layer's units.",
  ),
  skips: choice(
    "Net",
    "Skip connections",
    { none: "none", residual: "residual: x + f(x)", rezero: "ReZero: x + α·f(x)", highway: "highway: t·f(x) + (1 − t)·x" },
    "none",
    "A way around each layer, on which the gradient passes as it is.",
  ),
  dropout: real("Net", "Dropout", [0, 0.9], 0, "The share of units that is left out at random in each step, against over-fitting."),
  data: choice(
    "Data",
    "Data",
    {
      digits: "handwritten digits",
      spirals: "two spirals",
      circles: "two circles",
      xor: "xor",
      parity: "parity of 4 bits",
      own: "your own file",
    },
    "digits",
    "The digits have 64 pixels and 10 classes; the others are points of two classes, or what you open under Your files.",
  ),
  samples: whole(
    "Data",
    "Points",
    [20, 5000],
    1000,
    "Of generated data, a fifth of them for testing. Few points are soon learnt by heart.",
  ),
  noise: real("Data", "Noise", [0, 1], 0.05, "Standard deviation of what is added to each coordinate of generated data."),
  optimizer: choice(
    "Training",
    "Optimizer",
    { sgd: "SGD", momentum: "SGD, momentum 0.9", rmsprop: "RMSprop", adam: "Adam", adamW: "AdamW", lion: "Lion" },
    "adam",
    "SGD steps along the gradient; Adam divides each element by its own recent size.",
  ),
  rate: real("Training", "Learning rate", [0, 10], 0.0015, "How far a step goes. It may be changed while the net trains."),
  schedule: choice(
    "Training",
    "Schedule",
    {
      constant: "constant",
      linear: "linear to 0",
      cosine: "cosine to 0",
      step: "a tenth at each third",
      warmUp: "warm-up, then cosine",
      oneCycle: "one cycle",
    },
    "linear",
    "How the learning rate goes over the run: large to get somewhere, small to settle.",
  ),
  batchSize: whole("Training", "Batch size", [2, 512], 64, "Samples per step: few make the gradient noisy."),
  steps: whole("Training", "Steps", [1, 100_000], 500, "Updates in the whole run."),
  seed: whole("Training", "Seed", [0, 4_294_967_295], 7, "Of initial weights, order of the data and dropout: one seed, one run."),
  clip: choice(
    "Remedies",
    "Clip",
    { none: "none", globalNorm: "global norm", parameterNorm: "norm of each tensor", value: "each element" },
    "none",
    "Shortens a gradient that is too long: g · min(1, max/‖g‖). It may be changed while the net trains.",
  ),
  clipMax: real("Remedies", "Clip at", [1e-6, 1e6], 1, "The largest norm, or the largest element, that is let through."),
  regularizer: choice(
    "Remedies",
    "Regulariser",
    { none: "none", l2: "l2: λ/2·Σw²", l1: "l1: λ·Σ|w|" },
    "none",
    "A penalty on long weights, added to the loss, against over-fitting.",
  ),
  lambda: real("Remedies", "λ", [0, 10], 0.0001, "The penalty's weight."),
} as const satisfies Record<string, Control>;

export type ChoiceName = keyof typeof CONTROLS;
export type Choices = { readonly [K in ChoiceName]: (typeof CONTROLS)[K] extends ChoiceControl<infer V> ? V : number };

export const CHOICE_NAMES = Object.keys(CONTROLS) as readonly ChoiceName[];

export const STANDARD = Object.fromEntries(CHOICE_NAMES.map((name) => [name, CONTROLS[name].standard])) as unknown as Choices;

/** These may change while a run goes on, which then goes on with the weights and moments that it has. */
export const LIVE: ReadonlySet<ChoiceName> = new Set(["rate", "schedule", "clip", "clipMax", "regularizer", "lambda"]);

/** The value that a text stands for, or what is wrong with it. */
export function readChoice(name: ChoiceName, text: string): { readonly value: string | number } | { readonly fault: string } {
  const control: Control = CONTROLS[name];
  const is = `${control.label} is ${text.trim() === "" ? "empty" : `"${text}"`}`;
  if (control.kind === "choice")
    return Object.hasOwn(control.options, text)
      ? { value: text }
      : { fault: `${is}; use one of ${Object.keys(control.options).join(", ")}` };
  const { least, most } = control;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits = value >= least && value <= most && (!control.whole || Number.isInteger(value));
  return fits ? { value } : { fault: `${is}; use a ${control.whole ? "whole " : ""}number from ${least} to ${most}` };
}

/** Controls that say nothing under some choices. */
const SHOWN: Partial<Record<ChoiceName, (choices: Choices) => boolean>> = {
  samples: ({ data }) => data !== "digits" && data !== "own",
  noise: ({ data }) => data !== "digits" && data !== "own",
  clipMax: ({ clip }) => clip !== "none",
  lambda: ({ regularizer }) => regularizer !== "none",
};

export const counts = (name: ChoiceName, choices: Choices): boolean => SHOWN[name]?.(choices) ?? true;

export const differing = (a: Choices, b: Choices): ChoiceName[] => CHOICE_NAMES.filter((name) => a[name] !== b[name]);

/** What the form shows for it. */
export function valueText(name: ChoiceName, choices: Choices): string {
  const control: Control = CONTROLS[name];
  const value = String(choices[name]);
  return control.kind === "choice" ? control.options[value]!.replace(/:.*/, "") : value;
}

/** What a run is called: its net, and what else is not the standard. */
export function nameOf(choices: Choices): string {
  const shown = (name: ChoiceName): string => {
    const { kind, label }: Control = CONTROLS[name];
    const value = valueText(name, choices);
    return kind === "choice" ? value : `${label.toLowerCase()} ${value}`;
  };
  const always = new Set<ChoiceName>(["depth", "activation", "init"]);
  const silent = new Set<ChoiceName>(["steps", "data", "samples", "noise", "clipMax", "lambda"]);
  const rest = differing(choices, STANDARD).filter((name) => !always.has(name) && !silent.has(name));
  return [`${choices.depth} ${shown("activation")}`, shown("init"), ...rest.map(shown)].join(", ");
}
