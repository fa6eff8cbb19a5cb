/** The oracle's fixtures, in Node and in the browser: experiments, the numbers they start from, and the trace PyTorch expects. */
import { type Experiment, parseExperiment } from "../../src/experiment/index.ts";
import { type FixtureTensor, readSafetensors } from "./safetensorsReader.ts";

/** One step of trace.json; `layers` holds a gradient norm for each of the trace's `parameters`, `auxiliary` a loss for each head, in their order. */
export interface OracleStep {
  readonly step: number;
  readonly loss: number;
  readonly regularization: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly clipScale: number;
  readonly layers: readonly number[];
  readonly auxiliary?: readonly number[];
}

export type ScalarQuantity = Exclude<keyof OracleStep, "step" | "layers" | "auxiliary">;

/** trace.json: float64 numbers, and for each quantity how far PyTorch's own float32 strays from them, relative to its scale. */
export interface OracleTrace {
  readonly format: "fathom-trace/1";
  readonly strays: Readonly<Record<ScalarQuantity, number>>;
  /** `scaleBy`: whose norm is the scale, where the true gradient is zero (a bias that feeds a batch-norm). */
  readonly parameters: readonly { readonly name: string; readonly stray: number; readonly scaleBy?: string }[];
  /** The auxiliary heads, in forward order; only where there are any. */
  readonly auxiliary?: readonly { readonly name: string; readonly stray: number }[];
  /** Every tensor of the state after the last step, buffers included. */
  readonly final: readonly { readonly name: string; readonly stray: number }[];
  /** Over the whole data set, in evaluation mode, after the last step; outputs of the first three rows. Accuracy is null where there are no classes. */
  readonly evaluation: {
    readonly loss: number;
    readonly accuracy: number | null;
    readonly outputs: readonly (readonly number[])[];
    readonly stray: number;
  };
  readonly steps: readonly OracleStep[];
}

export interface OracleCase {
  readonly name: string;
  /** Checked, defaults filled in. */
  readonly experiment: Experiment;
  /** The file, as it was written. */
  readonly experimentText: string;
  readonly data: { readonly x: FixtureTensor; readonly y: FixtureTensor };
  readonly weights: ReadonlyMap<string, FixtureTensor>;
  readonly trace: OracleTrace;
  readonly final: ReadonlyMap<string, FixtureTensor>;
  /** The files as they are, for what reads safetensors itself. */
  readonly bytes: { readonly data: Uint8Array; readonly weights: Uint8Array; readonly final: Uint8Array };
}

const TEXTS = import.meta.glob<string>("../oracle/cases/*/*.json", { query: "?raw", import: "default" });
// Inlined as data URLs: the one form that Vite serves to the browser and to Node alike.
const BINARIES = import.meta.glob<string>("../oracle/cases/*/*.safetensors", { query: "?url&inline", import: "default" });

/** The names of all committed cases. */
export const oracleCases: readonly string[] = Object.keys(TEXTS)
  .filter((path) => path.endsWith("/trace.json"))
  .map((path) => path.split("/").at(-2)!)
  .sort();

/** Of these the dispatches are counted, and there they are compared too. */
export const countedCases: readonly string[] = oracleCases.filter((name) => name.startsWith("count-"));

/** The experiment file of a case alone, as it was written. */
export const oracleExperimentText = (name: string): Promise<string> => text(name, "experiment");

export async function loadOracleCase(name: string): Promise<OracleCase> {
  const [experiment, trace] = await Promise.all([text(name, "experiment"), text(name, "trace")]);
  const [data, weights, final] = await Promise.all([binary(name, "data"), binary(name, "weights"), binary(name, "final")]);
  const { x, y } = Object.fromEntries(readSafetensors(data));
  if (!x || !y) throw new Error(`oracle case ${name}: data.safetensors needs x and y`);
  return {
    name,
    experiment: parseExperiment(experiment),
    experimentText: experiment,
    data: { x, y },
    weights: readSafetensors(weights),
    trace: JSON.parse(trace) as OracleTrace,
    final: readSafetensors(final),
    bytes: { data, weights, final },
  };
}

function text(name: string, file: string): Promise<string> {
  return pick(TEXTS, name, `${file}.json`)();
}

async function binary(name: string, file: string): Promise<Uint8Array> {
  const url = await pick(BINARIES, name, `${file}.safetensors`)();
  const marker = ";base64,";
  const at = url.indexOf(marker);
  if (at < 0) throw new Error(`oracle case ${name}: ${file}.safetensors came as ${url.slice(0, 80)}, not as a base64 data URL`);
  return Uint8Array.from(atob(url.slice(at + marker.length)), (character) => character.charCodeAt(0));
}

function pick<T>(files: Record<string, T>, name: string, file: string): T {
  const found = files[`../oracle/cases/${name}/${file}`];
  if (!found)
    throw new Error(`there is no oracle case ${name} with ${file}; there are ${oracleCases.join(", ")}. Regenerate with: npm run oracle`);
  return found;
}
