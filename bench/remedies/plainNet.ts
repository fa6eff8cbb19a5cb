/** The plain net that remedies are measured against: equal hidden layers, nothing switched on, nothing checked, nothing read. */

/** JSON in the format of docs/experiment.md; the schema checks it where a trainer is made. */
export type ExperimentJson = Readonly<Record<string, unknown>>;
export type Layer = string | { readonly type: string; readonly [key: string]: unknown };

export interface NetSize {
  readonly depth: number;
  readonly width: number;
  readonly batchSize: number;
}

/** What schedules with an end are told, and where a run for its benefit gives up. */
export const MOST_STEPS = 600;
export const RATE = 0.05;

export const linear = (units: number, init: unknown = "glorotUniform"): Layer => ({ type: "linear", units, init, biasInit: "zeros" });
export const repeat = (times: number, body: readonly Layer[]): Layer => ({ type: "repeat", times, body });

export const CLASSES = linear(10);

/** `hidden`: the layers of one round. The digits have 64 features: at 64 wide all rounds are alike. */
export function deep(
  { depth, width }: NetSize,
  hidden: (width: number) => readonly Layer[],
  repeated = (times: number): Layer => repeat(times, hidden(width)),
): Layer[] {
  return width === 64 ? [repeated(depth), CLASSES] : [linear(width), "tanh", repeated(depth - 1), CLASSES];
}

export const plainHidden = (width: number): readonly Layer[] => [linear(width), "tanh"];

/** `repeated` may say more of the repeat of its hidden layers. */
export function plainNet(size: NetSize, seed: number, repeated?: (times: number) => Layer): ExperimentJson {
  return {
    format: "fathom-experiment/1",
    seed,
    dataset: "digits",
    batchSize: size.batchSize,
    steps: MOST_STEPS,
    model: deep(size, plainHidden, repeated),
    loss: "softmaxCrossEntropy",
    optimizer: "sgd",
    schedule: { type: "constant", initial: RATE },
    nonFinite: "ignore",
  };
}
