/** What a trainer is made of. */
import { checkChoice, checkFlag, checkInteger, checkOptions, show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import type { Initialization } from "../init/initialization.ts";
import type { Loss } from "../nn/losses.ts";
import { isModule, type Module } from "../nn/module.ts";
import { type Clip, isClip } from "../optim/clip.ts";
import type { Constraint } from "../optim/constraint.ts";
import { checkGroups, type ParameterGroup } from "../optim/groups.ts";
import type { GradientNoise } from "../optim/noise.ts";
import type { Optimizer } from "../optim/optimizers.ts";
import type { Regularizer } from "../optim/regularizers.ts";
import { type InsightOptions, type ResolvedInsight, resolveInsight } from "./insight.ts";
import type { Order } from "./order.ts";

/** What to do when an activation, the loss or a gradient is not finite. */
export type NonFinitePolicy = "stop" | "skip" | "ignore";

/** "auto": where the measured table says that it wins. */
export type DepthFusion = "auto" | "always" | "never";

export interface TrainerOptions {
  readonly model: Module;
  readonly loss: Loss;
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  /** Of initial weights, data order and dropout; default 0. */
  readonly seed?: number;
  /** What is done to the weights of the whole model once they are drawn. */
  readonly initialization?: Initialization;
  readonly clip?: Clip;
  readonly regularizer?: Regularizer;
  /** On every gradient, the penalty's included; before norms and clip. */
  readonly gradientNoise?: GradientNoise;
  /** Factors of some parameters; the first group that a parameter is in counts. `trainer.setGroups` gives others. */
  readonly groups?: readonly ParameterGroup[];
  /** On the weights, after each update. */
  readonly constraint?: Constraint;
  /** Default "stop": the run throws a FathomError that names the step and the layer. */
  readonly nonFinite?: NonFinitePolicy;
  /**
   * Default true. False: the bare step, against which overheads are measured, without gradient norms, the penalty's value and the search for
   * numbers that are not finite. It wants nonFinite "ignore", and neither clip nor insight; reports have no layers then, and NaN for the rest.
   */
  readonly statistics?: boolean;
  /** More numbers of parameters and activations in the reports; steps whose reports have none do not pay for it. */
  readonly insight?: InsightOptions;
  /** "shuffled" (default): every epoch in an order of its own. "sequential": in the order of the data set. */
  readonly order?: Order;
  /**
   * Whether a `repeat` of equal row-wise rounds, up to 128 wide, runs as a stack: all its layers in one dispatch forward and two backward.
   * "auto" (default) where measurements say that it wins; "always" wherever it can; "never". `trainer.plan` says what became of each.
   */
  readonly depthFusion?: DepthFusion;
}

/** All of them, checked. `trainer.adjust` gives another learning rate, clip and regularizer. */
export interface ResolvedOptions {
  readonly model: Module;
  readonly loss: Loss;
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  readonly seed: number;
  readonly initialization: Initialization | null;
  readonly clip: Clip | null;
  readonly regularizer: Regularizer | null;
  readonly gradientNoise: GradientNoise | null;
  readonly groups: readonly ParameterGroup[];
  readonly constraint: Constraint | null;
  readonly nonFinite: NonFinitePolicy;
  readonly statistics: boolean;
  readonly insight: ResolvedInsight | null;
  readonly order: Order;
  readonly depthFusion: DepthFusion;
}

const KEYS = [
  "model",
  "loss",
  "batchSize",
  "optimizer",
  "seed",
  "initialization",
  "clip",
  "regularizer",
  "gradientNoise",
  "groups",
  "constraint",
  "nonFinite",
  "statistics",
  "insight",
  "order",
  "depthFusion",
];

export function resolveOptions(options: TrainerOptions): ResolvedOptions {
  checkOptions("train", options, KEYS);
  const { model, loss, optimizer, initialization, clip, regularizer, gradientNoise, constraint } = options;
  const demand = (holds: boolean, name: string, value: unknown, example: string): void => {
    if (!holds) throw new FathomError("argument", `train: ${name} is ${show(value)}; pass ${example}`);
  };
  demand(isModule(model), "model", model, "a module such as nn.sequential(nn.linear(64, 10))");
  demand(typeof loss?.mean === "function", "loss", loss, "a loss such as nn.softmaxCrossEntropy()");
  demand(typeof optimizer?.learningRate === "function", "optimizer", optimizer, "an optimizer such as optim.sgd({ learningRate: 0.1 })");
  demand(
    initialization === undefined || ["zeroLast", "fixup", "lsuv"].includes(initialization?.type),
    "initialization",
    initialization,
    "init.lsuv(), init.fixup() or init.zeroLast(), or leave it out",
  );
  demand(clip === undefined || isClip(clip), "clip", clip, "optim.clipGlobalNorm(1), or leave it out");
  demand(
    regularizer === undefined || (typeof regularizer?.l1 === "number" && typeof regularizer.l2 === "number"),
    "regularizer",
    regularizer,
    "optim.l2(1e-4), or leave it out",
  );
  demand(
    gradientNoise === undefined || (typeof gradientNoise?.eta === "number" && typeof gradientNoise.gamma === "number"),
    "gradientNoise",
    gradientNoise,
    "optim.gradientNoise({ eta: 0.01 }), or leave it out",
  );
  demand(constraint === undefined || constraint?.type === "maxNorm", "constraint", constraint, "optim.maxNorm(3), or leave it out");
  const resolved: ResolvedOptions = {
    model,
    loss,
    optimizer,
    initialization: initialization ?? null,
    clip: clip ?? null,
    regularizer: regularizer ?? null,
    gradientNoise: gradientNoise ?? null,
    groups: checkGroups("train", options.groups ?? []),
    constraint: constraint ?? null,
    batchSize: checkInteger("train", "batchSize", options.batchSize, 1),
    seed: checkInteger("train", "seed", options.seed ?? 0, 0, 2 ** 32 - 1),
    nonFinite: checkChoice("train", "nonFinite", options.nonFinite ?? "stop", ["stop", "skip", "ignore"]),
    statistics: checkFlag("train", "statistics", options.statistics ?? true),
    insight: resolveInsight(options.insight),
    order: checkChoice("train", "order", options.order ?? "shuffled", ["shuffled", "sequential"]),
    depthFusion: checkChoice("train", "depthFusion", options.depthFusion ?? "auto", ["auto", "always", "never"]),
  };
  checkStatistics("train", resolved);
  return resolved;
}

/** What is made of the statistics cannot be had without them. Throws a FathomError (argument) that says what asks for them. */
export function checkStatistics(
  what: string,
  { statistics, nonFinite, clip, insight }: Pick<ResolvedOptions, "statistics" | "nonFinite" | "clip" | "insight">,
): void {
  if (statistics) return;
  const asking = nonFinite === "ignore" ? (clip ? `clip "${clip.type}"` : insight ? "insight" : null) : `nonFinite "${nonFinite}"`;
  if (asking !== null)
    throw new FathomError(
      "argument",
      `${what}: statistics is false, and ${asking} needs them; pass statistics: true, or nonFinite: "ignore" without clip and insight`,
    );
}
