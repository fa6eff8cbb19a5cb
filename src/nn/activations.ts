/** Activations as modules: each applies the tensor method of its name. */
import { checkChoice, checkNumber, checkOptions } from "../core/check.ts";
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
