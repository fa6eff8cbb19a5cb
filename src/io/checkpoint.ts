/** A trainer's state as safetensors: weights by PyTorch's names, and a checkpoint that holds what resuming needs besides. */
import { show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { type Shape, sameShape } from "../core/shape.ts";
import { COUNTERS as COUNTER_LAYOUT } from "../ops/arena/layout.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type TensorToStore } from "./safetensors.ts";
import { type StoredTensor, storedArray, toFloat32, toInt32 } from "./storedTypes.ts";

/** A tensor that a model has: f32, or a count (PyTorch's num_batches_tracked, an I64 scalar). */
export interface ModelTensor {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly shape: Shape;
  readonly kind: "f32" | "count";
}

export type ModelValues = ReadonlyMap<string, Float32Array | number>;

/** What a trainer wrote of itself, beside its numbers. */
export type CheckpointFacts = Readonly<Record<string, unknown>> & { readonly attemptedStep: number };

const CHECKPOINT_FORMAT = "fathom-checkpoint/2";
const COUNTERS = "trainer.counters";

function storable(tensors: readonly ModelTensor[], values: ModelValues): Map<string, TensorToStore> {
  const stored = new Map<string, TensorToStore>();
  for (const { name, aliases, shape, kind } of tensors) {
    const value = values.get(name)!;
    const tensor: TensorToStore =
      kind === "count"
        ? { dtype: "I64", shape: [], data: BigInt64Array.of(BigInt(value as number)) }
        : { dtype: "F32", shape, data: value as Float32Array };
    for (const one of [name, ...aliases]) stored.set(one, tensor);
  }
  return stored;
}

/** Loads in PyTorch with `load_state_dict(strict=True)`. */
export function encodeWeights(tensors: readonly ModelTensor[], values: ModelValues): Uint8Array<ArrayBuffer> {
  return encodeSafetensors(storable(tensors, values), { format: "pt", producer: "fathom" });
}

export interface LoadResult {
  /** Names that were found and taken. */
  readonly loaded: readonly string[];
  /** Names of the model that the file does not have, and of the file that the model does not. */
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/** What a tensor of a file is called in the model; null leaves it out. */
export type Rename = (name: string) => string | null;

/**
 * The file's values for a model's tensors, under the names that `rename` gives them. A name that is missing or unexpected is refused unless
 * `partial`; a wrong shape always.
 */
export function decodeWeights(
  bytes: Uint8Array,
  fileName: string,
  tensors: readonly ModelTensor[],
  partial: boolean,
  rename: Rename = (name) => name,
): { values: ModelValues; result: LoadResult } {
  return match(renamed(decodeSafetensors(bytes, fileName).tensors, fileName, rename), fileName, tensors, partial);
}

function renamed(stored: SafetensorsFile["tensors"], fileName: string, rename: Rename): SafetensorsFile["tensors"] {
  const found = new Map<string, StoredTensor>();
  for (const [name, tensor] of stored) {
    const wanted = rename(name);
    if (wanted === null) continue;
    if (typeof wanted !== "string")
      throw new FathomError(
        "argument",
        `trainer.load: rename gives ${show(wanted)} for ${name}; it gives a name, or null to leave a tensor out`,
      );
    const other = found.get(wanted);
    if (other)
      throw new FathomError(
        "argument",
        `trainer.load: rename gives ${other.name} and ${name} of ${fileName} the one name ${wanted}; leave one out by null`,
      );
    found.set(wanted, tensor);
  }
  return found;
}

function match(
  stored: SafetensorsFile["tensors"],
  fileName: string,
  tensors: readonly ModelTensor[],
  partial: boolean,
): { values: ModelValues; result: LoadResult } {
  const values = new Map<string, Float32Array | number>();
  const known = new Set<string>();
  const missing: string[] = [];
  for (const { name, aliases, shape, kind } of tensors) {
    const names = [name, ...aliases];
    for (const one of names) known.add(one);
    const found = names.find((one) => stored.has(one));
    if (found === undefined) {
      missing.push(name);
      continue;
    }
    values.set(name, readTensor(stored.get(found)!, fileName, shape, kind));
  }
  const unexpected = [...stored.keys()].filter((name) => !known.has(name));
  if (!partial && missing.length + unexpected.length > 0) {
    const parts = [
      missing.length > 0 ? `lacks ${few(missing)}` : "",
      unexpected.length > 0 ? `has ${few(unexpected)}, which the model does not` : "",
    ];
    throw new FathomError(
      "file-format",
      `${fileName}: does not fit this model: it ${parts.filter((part) => part !== "").join(", and ")}. Load what fits with { partial: true }`,
      { details: { missing, unexpected } },
    );
  }
  return { values, result: { loaded: [...values.keys()], missing, unexpected } };
}

function readTensor(tensor: StoredTensor, fileName: string, shape: Shape, kind: ModelTensor["kind"]): Float32Array | number {
  if (!sameShape(tensor.shape, shape))
    throw new FathomError(
      "file-format",
      `${fileName}: ${tensor.name} is [${tensor.shape.join(",")}] in the file and [${shape.join(",")}] in the model`,
    );
  return kind === "count" ? toInt32(tensor)[0]! : toFloat32(tensor);
}

const few = (names: readonly string[]): string => names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");

/** A tensor that the optimizer keeps beside a parameter: `exp_avg` of `0.weight`. */
export interface KeptTensor {
  /** PyTorch's name of it, where it has one. */
  readonly name: string;
  readonly parameter: string;
}

/** Its name in a checkpoint. */
export const keptName = ({ name, parameter }: KeptTensor): string => `optimizer.${name}.${parameter}`;

/** What resuming needs besides the weights. */
export interface CheckpointState {
  /** By `keptName`: what the optimizer keeps. */
  readonly kept: ReadonlyMap<string, Float32Array>;
  readonly counters: Uint32Array;
  /** Facts of the run: those that must be equal in the trainer that goes on, and those that are only told. */
  readonly facts: CheckpointFacts;
}

export function encodeCheckpoint(
  tensors: readonly ModelTensor[],
  values: ModelValues,
  layout: readonly KeptTensor[],
  { kept, counters, facts }: CheckpointState,
): Uint8Array<ArrayBuffer> {
  const stored = storable(tensors, values);
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  for (const own of layout) {
    const name = keptName(own);
    stored.set(name, { dtype: "F32", shape: shapes.get(own.parameter)!, data: kept.get(name)! });
  }
  stored.set(COUNTERS, { dtype: "U32", shape: [counters.length], data: counters });
  return encodeSafetensors(stored, { format: CHECKPOINT_FORMAT, facts: JSON.stringify(facts) });
}

/** `layout` is what the trainer's optimizer keeps; `checkFacts` may refuse the file by what it tells of its run, before the tensors are looked at. */
export function decodeCheckpoint(
  bytes: Uint8Array,
  fileName: string,
  tensors: readonly ModelTensor[],
  layout: readonly KeptTensor[],
  checkFacts: (facts: CheckpointFacts) => void,
): { values: ModelValues; state: CheckpointState } {
  const { tensors: stored, metadata } = decodeSafetensors(bytes, fileName);
  const format = metadata["format"];
  if (format !== CHECKPOINT_FORMAT)
    throw new FathomError(
      "file-format",
      format?.startsWith("fathom-checkpoint/")
        ? `${fileName}: is a checkpoint of another version of Fathom, ${show(format)}, and this one reads "${CHECKPOINT_FORMAT}". Take its weights with trainer.load(bytes, { partial: true })`
        : `${fileName}: its format is ${show(format)}, and a checkpoint's is "${CHECKPOINT_FORMAT}". Weights alone are read by trainer.load()`,
    );
  const facts = factsOf(metadata["facts"], fileName);
  checkFacts(facts);
  const rest = new Map(stored);
  const take = (name: string): StoredTensor => {
    const tensor = rest.get(name);
    if (!tensor) throw new FathomError("file-format", `${fileName}: lacks ${name}; was it made with another optimizer?`);
    rest.delete(name);
    return tensor;
  };
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const kept = new Map(
    layout.map((own) => {
      const name = keptName(own);
      return [name, readTensor(take(name), fileName, shapes.get(own.parameter)!, "f32") as Float32Array];
    }),
  );
  const counters = countersOf(take(COUNTERS), fileName);
  const { values } = match(rest, fileName, tensors, false);
  return { values, state: { kept, counters, facts } };
}

/** What a trainer wrote of itself; `attemptedStep` is a whole number from 0. */
function factsOf(text: string | undefined, fileName: string): CheckpointFacts {
  let facts: unknown;
  try {
    facts = JSON.parse(text ?? "null");
  } catch (cause) {
    throw new FathomError("file-format", `${fileName}: its facts are not JSON`, { cause });
  }
  if (typeof facts !== "object" || facts === null || Array.isArray(facts))
    throw new FathomError(
      "file-format",
      `${fileName}: has no facts (seed, step …) in its metadata; was it written by trainer.checkpoint()?`,
    );
  const { attemptedStep } = facts as Record<string, unknown>;
  if (!Number.isSafeInteger(attemptedStep) || (attemptedStep as number) < 0)
    throw new FathomError(
      "file-format",
      `${fileName}: its facts give attemptedStep as ${show(attemptedStep)}; it must be a whole number from 0`,
    );
  return facts as CheckpointFacts;
}

function countersOf(tensor: StoredTensor, fileName: string): Uint32Array {
  const words = storedArray(tensor);
  if (!(words instanceof Uint32Array) || words.length !== COUNTER_LAYOUT.words)
    throw new FathomError(
      "file-format",
      `${fileName}: ${COUNTERS} is ${tensor.dtype}[${tensor.shape.join(",")}]; it must be U32[${COUNTER_LAYOUT.words}]`,
    );
  return words;
}
