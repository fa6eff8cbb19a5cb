/**
 * Initialisers that scale by the fans of the weight, so that a signal keeps its variance through a layer.
 *
 * With σ the standard deviation of a weight and g the gain:
 *   Glorot   σ = g·√(2 / (fanIn + fanOut))   Glorot and Bengio, AISTATS 2010
 *   He       σ = g / √fan, g = √2 for relu   He, Zhang, Ren, Sun, ICCV 2015
 *   LeCun    σ = 1 / √fanIn                  LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998
 * The uniform forms draw from ±√3·σ, which has the same variance; the normal forms are not truncated, as in PyTorch.
 */
import { checkChoice, checkInteger, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { type Fans, fans, type Gain, gain, gainOf, NONLINEARITIES, type Nonlinearity } from "./fans.ts";
import { elementwise, type Initializer } from "./initializer.ts";

type Distribution = "uniform" | "normal";

function scaled(name: string, distribution: Distribution, deviation: (fans: Fans) => number): Initializer {
  return elementwise(name, (shape) => {
    const sigma = deviation(fans(`init.${name}`, shape));
    if (distribution === "normal") return (random) => random.normal(0, sigma);
    const bound = Math.sqrt(3) * sigma;
    return (random) => random.uniform(-bound, bound);
  });
}

export interface GlorotOptions {
  /** A number, or the name of the activation that follows; default 1. */
  readonly gain?: Gain;
  /** Takes the gain of a nonlinearity instead of a number. */
  readonly nonlinearity?: Nonlinearity;
}

export interface HeOptions {
  /** Which fan to keep the variance for: of the forward signal ("fanIn", default) or of the gradient ("fanOut"). */
  readonly mode?: "fanIn" | "fanOut";
  /** Default "relu". */
  readonly nonlinearity?: Nonlinearity;
  /** Of leakyRelu; default 0.01. */
  readonly negativeSlope?: number;
  /** A number, or the name of the activation that follows, instead of a nonlinearity. */
  readonly gain?: Gain;
}

function resolveGain(what: string, options: HeOptions, standard: Nonlinearity): number {
  if (options.gain !== undefined && options.nonlinearity !== undefined)
    throw new FathomError(
      "argument",
      `${what}: gain ${options.gain} and nonlinearity "${options.nonlinearity}" are both given; leave one out`,
    );
  if (options.gain !== undefined) return gainOf(what, options.gain);
  const nonlinearity = checkChoice(what, "nonlinearity", options.nonlinearity ?? standard, NONLINEARITIES);
  return gain(nonlinearity, options.negativeSlope);
}

function glorot(name: string, distribution: Distribution, options: GlorotOptions): Initializer {
  checkOptions(`init.${name}`, options, ["gain", "nonlinearity"]);
  const scale = resolveGain(`init.${name}`, options, "linear");
  return scaled(name, distribution, ({ fanIn, fanOut }) => scale * Math.sqrt(2 / (fanIn + fanOut)));
}

export function glorotUniform(options: GlorotOptions = {}): Initializer {
  return glorot("glorotUniform", "uniform", options);
}

export function glorotNormal(options: GlorotOptions = {}): Initializer {
  return glorot("glorotNormal", "normal", options);
}

function he(name: string, distribution: Distribution, options: HeOptions): Initializer {
  checkOptions(`init.${name}`, options, ["mode", "nonlinearity", "negativeSlope", "gain"]);
  const mode = checkChoice(`init.${name}`, "mode", options.mode ?? "fanIn", ["fanIn", "fanOut"]);
  const scale = resolveGain(`init.${name}`, options, "relu");
  return scaled(name, distribution, (fan) => scale / Math.sqrt(fan[mode]));
}

export function heUniform(options: HeOptions = {}): Initializer {
  return he("heUniform", "uniform", options);
}

export function heNormal(options: HeOptions = {}): Initializer {
  return he("heNormal", "normal", options);
}

export function lecunUniform(): Initializer {
  return scaled("lecunUniform", "uniform", ({ fanIn }) => 1 / Math.sqrt(fanIn));
}

export function lecunNormal(): Initializer {
  return scaled("lecunNormal", "normal", ({ fanIn }) => 1 / Math.sqrt(fanIn));
}

export interface PytorchLinearOptions {
  /** Fan-in of the layer, for its bias; by default that of the weight's own shape. */
  readonly fanIn?: number;
}

/** What torch.nn.Linear begins with, weight and bias alike: uniform in ±1/√fanIn. */
export function pytorchLinear(options: PytorchLinearOptions = {}): Initializer {
  checkOptions("init.pytorchLinear", options, ["fanIn"]);
  if (options.fanIn !== undefined) checkInteger("init.pytorchLinear", "fanIn", options.fanIn);
  return elementwise("pytorchLinear", (shape) => {
    const fanIn = options.fanIn ?? fans("init.pytorchLinear", shape).fanIn;
    const bound = fanIn === 0 ? 0 : 1 / Math.sqrt(fanIn);
    return (random) => random.uniform(-bound, bound);
  });
}
