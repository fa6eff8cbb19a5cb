/** Activations as modules: each applies the tensor method of its name. */
import { checkChoice, checkInteger, checkNumber, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { constant } from "../init/index.ts";
import type { Tensor } from "../tensor.ts";
import { defineModule, type Module } from "./module.ts";

function activation(type: string, apply: (x: Tensor) => Tensor): Module {
  return defineModule({ type, forward: apply });
}

/** 1 / (1 + e⁻ˣ) */
export const sigmoid = (): Module => activation("sigmoid", (x) => x.sigmoid());
export const tanh = (): Module => activation("tanh", (x) => x.tanh());
/** max(x, 0) */
export const relu = (): Module => activation("relu", (x) => x.relu());
/** Klambauer et al., 2017. */
export const selu = (): Module => activation("selu", (x) => x.selu());
/** x·sigmoid(x) */
export const silu = (): Module => activation("silu", (x) => x.silu());
/** ln(1 + eˣ) */
export const softplus = (): Module => activation("softplus", (x) => x.softplus());

/** x where it is positive, and `negativeSlope`·x (0.01) elsewhere. */
export function leakyRelu(options: { readonly negativeSlope?: number } = {}): Module {
  checkOptions("nn.leakyRelu", options, ["negativeSlope"]);
  const slope = checkNumber("nn.leakyRelu", "negativeSlope", options.negativeSlope ?? 0.01);
  return activation("leakyRelu", (x) => x.leakyRelu(slope));
}

/** x where it is positive, and `alpha`·(eˣ − 1) (1) elsewhere. */
export function elu(options: { readonly alpha?: number } = {}): Module {
  checkOptions("nn.elu", options, ["alpha"]);
  const alpha = checkNumber("nn.elu", "alpha", options.alpha ?? 1);
  return activation("elu", (x) => x.elu(alpha));
}

/** x·Φ(x), Φ the normal distribution's: by erf, or its approximation by tanh. */
export function gelu(options: { readonly form?: "erf" | "tanh" } = {}): Module {
  checkOptions("nn.gelu", options, ["form"]);
  const form = checkChoice("nn.gelu", "form", options.form ?? "erf", ["erf", "tanh"]);
  return activation("gelu", (x) => (form === "erf" ? x.gelu() : x.geluTanh()));
}

/** x·tanh(softplus(x)) (Misra, 2019). */
export const mish = (): Module => activation("mish", (x) => x.mish());
/** x/6 + ½, between 0 and 1. */
export const hardSigmoid = (): Module => activation("hardSigmoid", (x) => x.hardSigmoid());
/** x·hardSigmoid(x) */
export const hardSwish = (): Module => activation("hardSwish", (x) => x.hardSwish());
/** x / (1 + |x|) */
export const softsign = (): Module => activation("softsign", (x) => x.softsign());
/** 1.7159·tanh(2x/3) (LeCun et al., 1998). */
export const lecunTanh = (): Module => activation("lecunTanh", (x) => x.lecunTanh());

/** x where it is positive, and `alpha`·(e^(x/alpha) − 1) elsewhere; `alpha` (1) is above 0. */
export function celu(options: { readonly alpha?: number } = {}): Module {
  checkOptions("nn.celu", options, ["alpha"]);
  const alpha = checkNumber("nn.celu", "alpha", options.alpha ?? 1, { above: 0 });
  return activation("celu", (x) => x.celu(alpha));
}

export interface PreluOptions {
  /** For a slope of each feature; one slope for all if left out. */
  readonly features?: number;
  /** What slopes begin as; default 0.25. */
  readonly initial?: number;
}

/** x where it is positive, and weight·x elsewhere, the weight learned (He et al., 2015). */
export function prelu(options: PreluOptions = {}): Module {
  checkOptions("nn.prelu", options, ["features", "initial"]);
  const { features } = options;
  if (features !== undefined) checkInteger("nn.prelu", "features", features, 1);
  const initial = checkNumber("nn.prelu", "initial", options.initial ?? 0.25);
  return defineModule({
    type: "prelu",
    description: features === undefined ? "prelu" : `prelu ${features}`,
    parameters: [{ name: "weight", role: "activation", shape: [features ?? 1], init: constant(initial) }],
    takes: features ?? null,
    forward: (x, context) => x.prelu(context.parameter("weight")),
  });
}

function halving(type: string, apply: (x: Tensor) => Tensor): Module {
  return defineModule({
    type,
    forward: apply,
    gives: (features) => {
      if (features === null) return null;
      if (features % 2 !== 0)
        throw new FathomError(
          "shape",
          `nn.${type}: halves its features, and ${features} is an odd number of them; give the layer before it an even one`,
        );
      return features / 2;
    },
  });
}

/** a·sigmoid(b), a and b the halves of the features (Dauphin et al., 2017). */
export const glu = (): Module => halving("glu", (x) => x.glu());
/** a·silu(b), a and b the halves of the features (Shazeer, 2020). */
export const swiglu = (): Module => halving("swiglu", (x) => x.swiglu());
