/** The experiment's model as modules; a layer has as many inputs as reach it. */
import * as init from "../init/index.ts";
import * as nn from "../nn/index.ts";
import { placeFaults } from "./placeFaults.ts";
import type { InitSpec, LayerSpec, StochasticDepthSpec } from "./schema/index.ts";

export function buildModel(layers: readonly LayerSpec[], features: number): nn.Module {
  return nn.sequential(...build(layers, features).modules);
}

/** Round `round` of the `of` of the innermost repeat around a layer. */
interface Place {
  readonly round: number;
  readonly of: number;
}

/** Modules for a list, and how many features come out. */
function build(
  layers: readonly LayerSpec[],
  features: number,
  place: Place = { round: 0, of: 1 },
): { modules: nn.Module[]; features: number } {
  let width = features;
  const modules = layers.map((layer, index) =>
    placeFaults(layers, index, () => {
      const module = moduleOf(layer, width, place);
      // A width that is known stays known: every module says what it makes of it.
      width = module.gives(width)!;
      return module;
    }),
  );
  return { modules, features: width };
}

const PLAIN = {
  sigmoid: nn.sigmoid,
  tanh: nn.tanh,
  relu: nn.relu,
  selu: nn.selu,
  silu: nn.silu,
  softplus: nn.softplus,
  mish: nn.mish,
  hardSigmoid: nn.hardSigmoid,
  hardSwish: nn.hardSwish,
  softsign: nn.softsign,
  lecunTanh: nn.lecunTanh,
  glu: nn.glu,
  swiglu: nn.swiglu,
} as const;

function moduleOf(layer: LayerSpec, features: number, place: Place): nn.Module {
  switch (layer.type) {
    case "linear": {
      const { units, bias, init: weight, biasInit } = layer;
      return nn.linear(features, units, {
        bias,
        parametrization: layer.parametrization,
        ...(weight ? { init: initializerOf(weight, features) } : {}),
        ...(biasInit ? { biasInit: initializerOf(biasInit, features) } : {}),
      });
    }
    case "batchNorm":
      return nn.batchNorm(features, { epsilon: layer.epsilon, momentum: layer.momentum, affine: layer.affine });
    case "layerNorm":
      return nn.layerNorm(features, { epsilon: layer.epsilon, affine: layer.affine });
    case "rmsNorm":
      return nn.rmsNorm(features, { epsilon: layer.epsilon, affine: layer.affine });
    case "groupNorm":
      return nn.groupNorm(layer.groups, features, { epsilon: layer.epsilon, affine: layer.affine });
    case "leakyRelu":
      return nn.leakyRelu({ negativeSlope: layer.negativeSlope });
    case "elu":
      return nn.elu({ alpha: layer.alpha });
    case "celu":
      return nn.celu({ alpha: layer.alpha });
    case "prelu":
      return nn.prelu({ initial: layer.initial, ...(layer.perFeature ? { features } : {}) });
    case "gelu":
      return nn.gelu({ form: layer.form });
    case "dropout":
      return nn.dropout(layer.rate);
    case "repeat": {
      let width = features;
      const body = (round: number): nn.Module[] => {
        const made = build(layer.body, width, { round, of: layer.times });
        width = made.features;
        return made.modules;
      };
      return nn.repeat(layer.times, body, layer.checkpoint === undefined ? {} : { checkpoint: layer.checkpoint });
    }
    case "dense": {
      let width = features;
      return nn.dense(layer.times, () => {
        const made = build(layer.body, width, place);
        width += made.features;
        return made.modules;
      });
    }
    case "residual": {
      const { body, projection, scale, stochasticDepth } = layer;
      return nn.residual(...build(body, features, place).modules, {
        ...(projection === undefined ? {} : { projection }),
        ...(scale ? { scale } : {}),
        ...(stochasticDepth ? { stochasticDepth: depthOf(stochasticDepth, place) } : {}),
      });
    }
    case "highway":
      return nn.highway(...build(layer.body, features, place).modules, { gateBias: layer.gateBias });
    case "auxiliary":
      return nn.auxiliary({ name: layer.name, weight: layer.weight }, ...build(layer.body, features, place).modules);
    case "concat":
      return nn.concat(...layer.branches.map((branch) => nn.sequential(...build(branch, features, place).modules)));
    case "sigmoid":
    case "tanh":
    case "relu":
    case "selu":
    case "silu":
    case "softplus":
    case "mish":
    case "hardSigmoid":
    case "hardSwish":
    case "softsign":
    case "lecunTanh":
    case "glu":
    case "swiglu":
      return PLAIN[layer.type]();
  }
}

/** With linear decay round r of n has rate · (r + 1)/n. */
const depthOf = ({ rate, mode, decay }: StochasticDepthSpec, { round, of }: Place): nn.StochasticDepthOptions => ({
  rate: decay === "linear" ? (rate * (round + 1)) / of : rate,
  mode,
});

const SCALED = {
  glorotUniform: init.glorotUniform,
  glorotNormal: init.glorotNormal,
  heUniform: init.heUniform,
  heNormal: init.heNormal,
  orthogonal: init.orthogonal,
  identity: init.identity,
} as const;

function initializerOf(spec: InitSpec, fanIn: number): init.Initializer {
  switch (spec.type) {
    case "pytorchLinear":
      return init.pytorchLinear({ fanIn });
    case "zeros":
      return init.zeros();
    case "ones":
      return init.constant(1);
    case "constant":
      return init.constant(spec.value);
    case "lecunUniform":
      return init.lecunUniform();
    case "lecunNormal":
      return init.lecunNormal();
    case "uniform":
      return init.uniform({ low: spec.low, high: spec.high });
    case "normal":
      return init.normal({ mean: spec.mean, standardDeviation: spec.standardDeviation });
    default:
      return SCALED[spec.type](spec.gain === undefined ? {} : { gain: spec.gain });
  }
}
