/**
 * Reads and writes safetensors, the file of named tensors that PyTorch's world exchanges: 8 bytes little-endian header length, a JSON
 * header { name: { dtype, shape, data_offsets: [begin, end] } }, then the tensors' bytes, without holes.
 */
import { show } from "../core/check.ts";
import { FathomError, type FathomErrorCode } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import { isStoredType, STORED_ARRAYS, type StoredArray, type StoredTensor, type StoredType } from "./storedTypes.ts";

const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
/** The reference implementation's limit. */
const LARGEST_HEADER = 100_000_000;

export interface TensorToStore {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  /** Row-major, in the typed array of the dtype. */
  readonly data: StoredArray;
}

export interface SafetensorsFile {
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of a file. Wide types come first in it, so that every tensor begins at a multiple of its element size. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorToStore> | Readonly<Record<string, TensorToStore>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const named: [string, TensorToStore][] = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  for (const [name, tensor] of named) checkTensor(name, tensor);
  named.sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);

  // Written by hand, entry by entry: a tensor may be called "__proto__".
  const entries =
    Object.keys(metadata).length > 0
      ? [`${JSON.stringify(METADATA)}:${JSON.stringify(checkMetadata("safetensors", metadata, "argument"))}`]
      : [];
  let dataBytes = 0;
  for (const [name, { dtype, shape, data }] of named) {
    const begin = dataBytes;
    dataBytes += data.byteLength;
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, dataBytes] })}`);
  }
  const header = new TextEncoder().encode(`{${entries.join(",")}}`);
  const start = LENGTH_BYTES + Math.ceil(header.length / ALIGNMENT) * ALIGNMENT;

  const bytes = new Uint8Array(start + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - LENGTH_BYTES), true);
  bytes.fill(0x20, LENGTH_BYTES, start);
  bytes.set(header, LENGTH_BYTES);
  let offset = start;
  for (const [, { data }] of named) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

function checkTensor(name: string, { dtype, shape, data }: TensorToStore): void {
  const what = `safetensors: tensor ${JSON.stringify(name)}`;
  if (name === METADATA) throw new FathomError("argument", `${what}: this name is kept for metadata; call the tensor something else`);
  if (!isStoredType(dtype))
    throw new FathomError("argument", `${what}: dtype is ${show(dtype)}; use one of ${Object.keys(STORED_ARRAYS).join(", ")}`);
  if (!(data instanceof STORED_ARRAYS[dtype]))
    throw new FathomError("argument", `${what}: data is ${show(data)}; ${dtype} is stored from a ${STORED_ARRAYS[dtype].name}`);
  if (!isShape(shape)) throw new FathomError("shape", `${what}: shape is [${String(shape)}]; dimensions are whole numbers from 0`);
  if (sizeOf(shape) !== data.length)
    throw new FathomError("shape", `${what}: shape [${shape.join(",")}] has ${sizeOf(shape)} elements, but data has ${data.length}`);
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0);
}

/** The tensors of a file, as parts of `bytes`, not copied. `fileName` is what errors call it. */
export function decodeSafetensors(bytes: Uint8Array, fileName: string): SafetensorsFile {
  const refuse = (why: string, cause?: unknown) => new FathomError("file-format", `${fileName}: ${why}`, { cause });
  const { text, dataStart } = readHeader(bytes, refuse);
  const header = parseHeader(text, refuse);
  const data = bytes.subarray(dataStart);
  let metadata: Record<string, string> = {};
  const tensors = new Map<string, StoredTensor>();
  const ranges: Range[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) {
      metadata = checkMetadata(fileName, entry, "file-format");
      continue;
    }
    const { dtype, shape, begin, end } = readEntry(name, entry, data.length, refuse);
    ranges.push({ name, begin, end });
    tensors.set(name, { name, fileName, dtype, shape, bytes: data.subarray(begin, end) });
  }
  checkCover(ranges, data.length, refuse);
  return { tensors, metadata };
}

type Refuse = (why: string, cause?: unknown) => FathomError;

function readHeader(bytes: Uint8Array, refuse: Refuse): { text: string; dataStart: number } {
  if (bytes.length < LENGTH_BYTES)
    throw refuse(`is truncated: ${bytes.length} bytes, but a safetensors file begins with 8 bytes of header length`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > LARGEST_HEADER)
    throw refuse(`declares a header of ${length} bytes, over the limit of ${LARGEST_HEADER}; it is probably not a safetensors file`);
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > bytes.length) throw refuse(`is truncated: ${bytes.length} bytes, but its header alone ends at ${dataStart}`);
  if (bytes[LENGTH_BYTES] !== 0x7b || length === 0n)
    throw refuse(`has a header that does not begin with {; it is probably not a safetensors file`);
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart)), dataStart };
  } catch (cause) {
    throw refuse("has a header that is not UTF-8", cause);
  }
}

function parseHeader(text: string, refuse: Refuse): object {
  let header: object;
  try {
    header = JSON.parse(text) as object;
  } catch (cause) {
    throw refuse(`has a header that is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  }
  const twice = duplicateKey(text);
  if (twice !== null) throw refuse(`has ${twice} twice in its header`);
  return header;
}

/**
 * The first key that an object of valid JSON has twice, as it is written, or null: JSON.parse would keep the last in silence. In valid JSON a
 * string before a colon is a key of the innermost open object.
 */
function duplicateKey(json: string): string | null {
  const open: Set<string>[] = [];
  for (const [token, text, colon] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (text !== undefined && colon !== undefined) {
      const keys = open.at(-1)!;
      const key = JSON.parse(text) as string;
      if (keys.has(key)) return text;
      keys.add(key);
    }
  }
  return null;
}

function checkMetadata(what: string, metadata: unknown, code: FathomErrorCode): Record<string, string> {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
    throw new FathomError(code, `${what}: metadata is ${show(metadata)}; it is an object of strings`);
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== "string")
      throw new FathomError(code, `${what}: metadata ${JSON.stringify(key)} is ${show(value)}; it has to be a string`);
  return metadata as Record<string, string>;
}

function readEntry(name: string, entry: unknown, dataBytes: number, refuse: Refuse) {
  const what = `tensor ${JSON.stringify(name)}`;
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    throw refuse(`${what} is ${show(entry)} in the header; it is { dtype, shape, data_offsets }`);
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  if (typeof dtype !== "string") throw refuse(`${what} has dtype ${show(dtype)}; it is a string such as "F32"`);
  if (!isShape(shape)) throw refuse(`${what} has shape ${JSON.stringify(shape)}; it is an array of whole numbers from 0`);
  if (!isShape(offsets) || offsets.length !== 2) throw refuse(`${what} has data_offsets ${JSON.stringify(offsets)}; they are [begin, end]`);
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataBytes)
    throw refuse(`${what} has data_offsets [${begin}, ${end}], outside the ${dataBytes} bytes of data; the file is damaged or truncated`);
  if (isStoredType(dtype)) {
    const size = sizeOf(shape) * STORED_ARRAYS[dtype].BYTES_PER_ELEMENT;
    if (size !== end - begin)
      throw refuse(`${what} is ${dtype}[${shape.join(",")}], ${size} bytes, but has data_offsets [${begin}, ${end}], ${end - begin} bytes`);
  }
  return { dtype, shape, begin, end };
}

interface Range {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/** Every byte of the data belongs to exactly one tensor. */
function checkCover(ranges: Range[], dataBytes: number, refuse: Refuse): void {
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of ranges) {
    const what = `tensor ${JSON.stringify(name)} begins at byte ${begin} of the data`;
    if (begin < covered) throw refuse(`${what}, inside the one before it, which ends at ${covered}: tensors overlap`);
    if (begin > covered) throw refuse(`${what}, but the one before it ends at ${covered}: there is a gap`);
    covered = end;
  }
  if (covered < dataBytes) throw refuse(`has ${dataBytes - covered} trailing bytes after its last tensor`);
}
