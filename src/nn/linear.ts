/** The fully connected layer: y = x·Wᵀ + b, W [out, in]. */
import { checkInteger, checkOptions } from "../core/check.ts";
import { type Initializer, pytorchLinear } from "../init/index.ts";
import { defineModule, type Module, type ParameterSpec } from "./module.ts";

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Default: PyTorch's, uniform in ±1/√in. */
  readonly init?: Initializer;
  /** Default: PyTorch's, uniform in ±1/√in. */
  readonly biasInit?: Initializer;
}

export function linear(inFeatures: number, outFeatures: number, options: LinearOptions = {}): Module {
  checkInteger("nn.linear", "inFeatures", inFeatures, 1);
  checkInteger("nn.linear", "outFeatures", outFeatures, 1);
  checkOptions("nn.linear", options, ["bias", "init", "biasInit"]);
  const standard = pytorchLinear({ fanIn: inFeatures });
  const weight: ParameterSpec = { name: "weight", role: "weight", shape: [outFeatures, inFeatures], init: options.init ?? standard };
  const bias: ParameterSpec = { name: "bias", role: "bias", shape: [outFeatures], init: options.biasInit ?? standard };
  const biased = options.bias ?? true;
  return defineModule({
    type: "linear",
    description: `linear ${inFeatures} → ${outFeatures}`,
    parameters: biased ? [weight, bias] : [weight],
    takes: inFeatures,
    gives: () => outFeatures,
    forward: (x, context) =>
      biased ? x.linear(context.parameter("weight"), context.parameter("bias")) : x.linear(context.parameter("weight")),
  });
}
