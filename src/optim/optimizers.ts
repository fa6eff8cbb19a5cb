/** Optimizers as plain descriptions; the update itself is one kernel over the arena (ops/arena). Formulas in docs/experiment.md. */
import { checkNumber, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { asSchedule, type DescribedSchedule, type Schedule } from "./schedule.ts";

interface CommonOptions {
  /** A number, or a function of the step. */
  readonly learningRate: number | Schedule;
  readonly weightDecay?: number;
}

export interface SgdOptions extends CommonOptions {
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
}

export interface AdamOptions extends CommonOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

export interface Sgd {
  readonly type: "sgd";
  readonly learningRate: DescribedSchedule;
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  /** Coupled: λ·w joins the gradient. */
  readonly weightDecay: number;
}

export interface Adam {
  readonly type: "adam" | "adamW";
  readonly learningRate: DescribedSchedule;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Coupled for adam, decoupled for adamW. */
  readonly weightDecay: number;
}

export type Optimizer = Sgd | Adam;

/** Stochastic gradient descent with momentum, as torch.optim.SGD. */
export function sgd(options: SgdOptions): Sgd {
  const what = "optim.sgd";
  checkOptions(what, options, ["learningRate", "momentum", "dampening", "nesterov", "weightDecay"]);
  const momentum = checkNumber(what, "momentum", options.momentum ?? 0, { least: 0, below: 1 });
  const dampening = checkNumber(what, "dampening", options.dampening ?? 0, { least: 0, most: 1 });
  const nesterov = options.nesterov ?? false;
  if (nesterov && (momentum === 0 || dampening !== 0))
    throw new FathomError(
      "argument",
      `${what}: nesterov needs a momentum above 0 and no dampening; momentum is ${momentum}, dampening ${dampening}`,
    );
  return {
    type: "sgd",
    learningRate: asSchedule(what, options.learningRate),
    momentum,
    dampening,
    nesterov,
    weightDecay: decay(what, options, 0),
  };
}

function adamLike(type: "adam" | "adamW", options: AdamOptions, standardDecay: number): Adam {
  const what = `optim.${type}`;
  checkOptions(what, options, ["learningRate", "beta1", "beta2", "epsilon", "weightDecay"]);
  const beta1 = checkBeta(what, "beta1", options.beta1 ?? 0.9);
  const beta2 = checkBeta(what, "beta2", options.beta2 ?? 0.999);
  const epsilon = checkNumber(what, "epsilon", options.epsilon ?? 1e-8, { least: 0 });
  return {
    type,
    learningRate: asSchedule(what, options.learningRate),
    beta1,
    beta2,
    epsilon,
    weightDecay: decay(what, options, standardDecay),
  };
}

const decay = (what: string, { weightDecay }: CommonOptions, standard: number): number =>
  checkNumber(what, "weightDecay", weightDecay ?? standard, { least: 0 });

/** Above this the table of bias corrections would be longer than 2²¹ steps. */
const MOST_BETA = 0.99999;

function checkBeta(what: string, name: string, value: number): number {
  return checkNumber(what, name, value, { least: 0, most: MOST_BETA });
}

/** Kingma and Ba, ICLR 2015, as torch.optim.Adam: weight decay joins the gradient. */
export function adam(options: AdamOptions): Adam {
  return adamLike("adam", options, 0);
}

/** Loshchilov and Hutter, ICLR 2019, as torch.optim.AdamW: weight decay 0.01 beside the gradient. */
export function adamW(options: AdamOptions): Adam {
  return adamLike("adamW", options, 0.01);
}

/** How many moments the optimizer keeps for each parameter. */
export function momentCount(optimizer: Optimizer): 0 | 1 | 2 {
  if (optimizer.type !== "sgd") return 2;
  return optimizer.momentum > 0 ? 1 : 0;
}
