/** What a module is: a plain description of a layer, its parameters and its children, and how it turns a tensor into the next. */
import type { Shape } from "../core/shape.ts";
import type { Initializer } from "../init/index.ts";
import type { Tensor } from "../tensor.ts";

/** What a parameter is for; said by its layer, never guessed from a name or a rank. The regulariser covers weights only. */
export type Role = "weight" | "bias" | "normScale" | "normShift" | "activation" | "residualScale";

export interface ParameterSpec {
  /** As PyTorch's module of that kind calls it. */
  readonly name: string;
  readonly role: Role;
  readonly shape: Shape;
  readonly init: Initializer;
  /** What it begins as instead, where that follows from another parameter of the module. */
  readonly derived?: DerivedInit;
}

/** First values that follow from those of another parameter, as float32 holds them. */
export interface DerivedInit {
  /** The other's name in the module; its own values are drawn. */
  readonly from: string;
  readonly make: (values: Float32Array, shape: Shape) => Float64Array;
}

/** Estimates that a batch-norm keeps while it trains, and uses afterwards. */
export interface StatisticsSpec {
  readonly features: number;
  /** Weight of the newest batch: running ← (1 − momentum)·running + momentum·batch. */
  readonly momentum: number;
}

/** A head whose loss is trained besides the model's own. */
export interface AuxiliarySpec {
  readonly name: string;
  readonly weight: number;
}

export interface Child {
  readonly name: string;
  readonly module: Module;
}

export interface Module {
  /** "linear", "tanh" … */
  readonly type: string;
  /** For messages: "linear 64 → 128". */
  readonly description: string;
  /** The module's own; those of its children are not among them. */
  readonly parameters: readonly ParameterSpec[];
  readonly statistics: StatisticsSpec | null;
  readonly auxiliary: AuxiliarySpec | null;
  readonly children: readonly Child[];
  /** Whether its outputs grow with its weight; not where that is standardised. */
  readonly growsWithWeight: boolean;
  /** Features that an input must have; null where any number will do. */
  readonly takes: number | null;
  /** Features of the output, where the input has `features`; null where that is not known. */
  gives(features: number | null): number | null;
  forward(x: Tensor, context: ForwardContext): Tensor;
}

/** What `forward` may ask for; all of it concerns the module that is being run. */
export interface ForwardContext {
  readonly training: boolean;
  parameter(name: string): Tensor;
  /** Runs a child: the only way to do so, for names and layers are counted here. */
  run(child: Child, x: Tensor): Tensor;
  /** Normalises by the batch's statistics, which are kept for the running estimates; outside training by those. */
  batchNorm(x: Tensor, scale: Tensor | null, shift: Tensor | null, epsilon: number): Tensor;
  /** Drops elements at random; each use in a model draws numbers of its own. Only asked for in training. */
  dropout(x: Tensor, rate: number): Tensor;
  /** Runs children of the module whose values training does not keep: the backward pass computes them again from `x`. Within another such part it is no part of its own. */
  recomputed(body: (x: Tensor) => Tensor, x: Tensor): Tensor;
  /** Takes the outputs of an auxiliary head. Only called in training. */
  auxiliary(output: Tensor): void;
  /** Drops whole rows at random, or everything; numbered with dropout's uses. Only asked for in training. */
  stochasticDepth(x: Tensor, rate: number, mode: "row" | "batch"): Tensor;
}

const NOTHING: readonly never[] = [];
const same = (features: number | null): number | null => features;

/** A module of a given type without parameters, children or a width of its own, but for what is said. */
export function defineModule(module: Pick<Module, "type" | "forward"> & Partial<Module>): Module {
  return Object.freeze({
    description: module.type,
    parameters: NOTHING,
    statistics: null,
    auxiliary: null,
    children: NOTHING,
    growsWithWeight: true,
    takes: null,
    gives: same,
    ...module,
  });
}

export function isModule(value: unknown): value is Module {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<Module>).forward === "function" &&
    Array.isArray((value as Partial<Module>).children)
  );
}
