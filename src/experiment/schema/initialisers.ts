/** Initial weights, and what is done to all of a model's. */
import * as v from "valibot";
import { choice, integer, named, number } from "./checks.ts";
import { kind, namesOf, none } from "./kinds.ts";

/** Activations whose gain is known: PyTorch's where it has one (torch.nn.init.calculate_gain), else 1/√E[f(z)²] for a normal z. */
export const GAINS = [
  "linear",
  "sigmoid",
  "tanh",
  "relu",
  "leakyRelu",
  "selu",
  "elu",
  "celu",
  "gelu",
  "silu",
  "softplus",
  "mish",
  "hardSigmoid",
  "hardSwish",
  "softsign",
  "lecunTanh",
  "prelu",
  "glu",
  "swiglu",
] as const;
export type GainName = (typeof GAINS)[number];

const gain = v.optional(
  v.union(
    [number({ least: 0 }), choice(GAINS)],
    ({ input }) => `is ${JSON.stringify(input)}; use a number from 0, or one of ${GAINS.map((name) => `"${name}"`).join(", ")}`,
  ),
);

const initialisers = [
  kind("pytorchLinear", none),
  kind("zeros", none),
  kind("ones", none),
  kind("constant", { value: number() }),
  kind("uniform", { low: v.optional(number(), 0), high: v.optional(number(), 1) }),
  kind("normal", { mean: v.optional(number(), 0), standardDeviation: v.optional(number({ least: 0 }), 1) }),
  kind("glorotUniform", { gain }),
  kind("glorotNormal", { gain }),
  kind("heUniform", { gain }),
  kind("heNormal", { gain }),
  kind("lecunUniform", none),
  kind("lecunNormal", none),
  kind("orthogonal", { gain }),
  kind("identity", { gain }),
] as const;
export type InitSpec = v.InferOutput<(typeof initialisers)[number]>;
export const initialiser = named(namesOf(initialisers), initialisers);

const initializations = [
  kind("lsuv", { tolerance: v.optional(number({ above: 0, below: 1 }), 0.1), iterations: v.optional(integer(1, 1000), 10) }),
  kind("zeroLast", none),
  kind("fixup", none),
] as const;
export type InitializationSpec = v.InferOutput<(typeof initializations)[number]>;
/** What is done to the weights of a whole model once they are drawn. */
export const initialization = named(namesOf(initializations), initializations);
