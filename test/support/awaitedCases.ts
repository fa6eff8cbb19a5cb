/** While the remedies are being built: what is not on the way yet, told by the experiment's text. A row goes when its feature comes. */
import { oracleCases, oracleExperimentText } from "./oracleFixture.ts";

const AWAITED = {} satisfies Record<string, RegExp>;

export const isAwaited = (experimentText: string): boolean => Object.values(AWAITED).some((pattern) => pattern.test(experimentText));

/** The cases of whose features none is awaited. */
export async function readyCases(): Promise<string[]> {
  const texts = await Promise.all(oracleCases.map(oracleExperimentText));
  return oracleCases.filter((_, index) => !isAwaited(texts[index]!));
}
