/** The fully connected layer: y = x·Wᵀ + b, W [out, in] as it is, or made of what is learned. */
import { checkChoice, checkFlag, checkInteger, checkOptions } from "../core/check.ts";
import { constant, type Initializer, pytorchLinear } from "../init/index.ts";
import type { Tensor } from "../tensor.ts";
import { type DerivedInit, defineModule, type ForwardContext, type Module, type ParameterSpec } from "./module.ts";

const PARAMETRIZATIONS = ["none", "weightNorm", "weightStandardization"] as const;

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Of the weight, or of v where that is normalised. Default: PyTorch's, uniform in ±1/√in. */
  readonly init?: Initializer;
  /** Default: PyTorch's, uniform in ±1/√in. */
  readonly biasInit?: Initializer;
  /**
   * How W is made: "weightNorm" is g · v/‖v‖ row by row, with `weight_g` [out, 1], which begins as the norms, and `weight_v` (Salimans and
   * Kingma, 2016); "weightStandardization" is (V − mean)/√(variance + 1e-5) row by row, with V called `weight` (Qiao et al., 2019).
   */
  readonly parametrization?: (typeof PARAMETRIZATIONS)[number];
}

/** ‖v‖ of each row of [out, in]; g begins so, which leaves W what was drawn. */
const rowNorms: DerivedInit = {
  from: "weight_v",
  make: (values, [rows, columns]) =>
    Float64Array.from({ length: rows! }, (_, row) =>
      Math.sqrt(values.subarray(row * columns!, (row + 1) * columns!).reduce((sum, value) => sum + value * value, 0)),
    ),
};

interface Weights {
  /** In PyTorch's order, around the bias. */
  readonly parameters: (weight: Omit<ParameterSpec, "name" | "role">, bias: readonly ParameterSpec[]) => readonly ParameterSpec[];
  readonly weight: (context: ForwardContext) => Tensor;
}

const WEIGHTS: Record<(typeof PARAMETRIZATIONS)[number], Weights> = {
  none: {
    parameters: (weight, bias) => [{ ...weight, name: "weight", role: "weight" }, ...bias],
    weight: (context) => context.parameter("weight"),
  },
  weightNorm: {
    parameters: (weight, bias) => [
      ...bias,
      { name: "weight_g", role: "normScale", shape: [weight.shape[0]!, 1], init: constant(1), derived: rowNorms },
      { ...weight, name: "weight_v", role: "weight" },
    ],
    weight: (context) => context.parameter("weight_v").weightNorm(context.parameter("weight_g")),
  },
  weightStandardization: {
    parameters: (weight, bias) => [{ ...weight, name: "weight", role: "weight" }, ...bias],
    weight: (context) => context.parameter("weight").weightStandardization(),
  },
};

export function linear(inFeatures: number, outFeatures: number, options: LinearOptions = {}): Module {
  const what = "nn.linear";
  checkInteger(what, "inFeatures", inFeatures, 1);
  checkInteger(what, "outFeatures", outFeatures, 1);
  checkOptions(what, options, ["bias", "init", "biasInit", "parametrization"]);
  const parametrization = checkChoice(what, "parametrization", options.parametrization ?? "none", PARAMETRIZATIONS);
  const biased = checkFlag(what, "bias", options.bias ?? true);
  const standard = pytorchLinear({ fanIn: inFeatures });
  const bias: ParameterSpec = { name: "bias", role: "bias", shape: [outFeatures], init: options.biasInit ?? standard };
  const { parameters, weight } = WEIGHTS[parametrization];
  return defineModule({
    type: "linear",
    description: `linear ${inFeatures} → ${outFeatures}${parametrization === "none" ? "" : ` (${parametrization})`}`,
    parameters: parameters({ shape: [outFeatures, inFeatures], init: options.init ?? standard }, biased ? [bias] : []),
    growsWithWeight: parametrization !== "weightStandardization",
    takes: inFeatures,
    gives: () => outFeatures,
    forward: (x, context) => (biased ? x.linear(weight(context), context.parameter("bias")) : x.linear(weight(context))),
  });
}
