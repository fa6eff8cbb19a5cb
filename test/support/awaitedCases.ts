/** While the remedies are being built: what is not on the way yet, told by the experiment's text. A row goes when its feature comes. */
import { oracleCases, oracleExperimentText } from "./oracleFixture.ts";

const AWAITED = {
  norms: /layerNorm|rmsNorm|groupNorm|"affine"|"parametrization"/,
  activations: /mish|hardSigmoid|hardSwish|softsign|lecunTanh|celu|prelu|"glu"|swiglu/,
  initialisers: /"identity"|"gain": "/,
  skips: /highway|"dense"|auxiliary|"scale"|stochasticDepth/,
  optimizers: /rmsprop|adagrad|nadam|radam|lion|lamb|muon|decoupledWeightDecay/,
  groups: /"groups": \[/,
  clips: /parameterNorm|"type": "value"|rescale|normalize|adaptive/,
  remedies: /gradientNoise|maxNorm|elasticNet|ridge|lasso/,
} satisfies Record<string, RegExp>;

export const isAwaited = (experimentText: string): boolean => Object.values(AWAITED).some((pattern) => pattern.test(experimentText));

/** The cases of whose features none is awaited. */
export async function readyCases(): Promise<string[]> {
  const texts = await Promise.all(oracleCases.map(oracleExperimentText));
  return oracleCases.filter((_, index) => !isAwaited(texts[index]!));
}
