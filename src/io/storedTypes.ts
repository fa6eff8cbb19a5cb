/** Element types of safetensors files: their sizes and typed arrays, and reading them as the numbers that Fathom computes with. */
import { FathomError } from "../core/errors.ts";

export type StoredArray =
  | Float64Array
  | Float32Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint8Array;

/** Types that can be written and read. F16 and BF16 are held as their bits, BOOL as bytes 0 and 1. */
export type StoredType = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U64" | "U32" | "U16" | "U8" | "BOOL";

interface ArrayClass {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (buffer: ArrayBuffer): StoredArray;
}

export const STORED_ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const satisfies Record<StoredType, ArrayClass>;

export function isStoredType(dtype: string): dtype is StoredType {
  return Object.hasOwn(STORED_ARRAYS, dtype);
}

/** A tensor as it lies in a file. `dtype` may be one that Fathom cannot read: it is refused when it is used. */
export interface StoredTensor {
  readonly name: string;
  readonly fileName: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** A part of the file's bytes, not a copy. */
  readonly bytes: Uint8Array;
}

function refuse(tensor: StoredTensor, why: string): FathomError {
  return new FathomError("file-format", `${tensor.fileName}: tensor ${JSON.stringify(tensor.name)} ${why}`);
}

/** A copy in the typed array of the tensor's own type. Safetensors are little-endian, as every machine with WebGPU is. */
export function storedArray(tensor: StoredTensor): StoredArray {
  const { dtype, bytes } = tensor;
  if (!isStoredType(dtype))
    throw refuse(tensor, `has dtype ${JSON.stringify(dtype)}; Fathom reads ${Object.keys(STORED_ARRAYS).join(", ")}: convert it`);
  const array: ArrayClass = STORED_ARRAYS[dtype];
  // Not bytes.slice(): that of a Node Buffer copies nothing.
  return new array(new Uint8Array(bytes).buffer);
}

/** Real numbers as float32: F32 as they are, F16 and BF16 exactly, F64 rounded. Whole numbers are refused, and F64 too large to round. */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const array = storedArray(tensor);
  if (array instanceof Float32Array) return array;
  if (array instanceof Float64Array) {
    const rounded = Float32Array.from(array);
    const lost = rounded.findIndex((value, index) => !Number.isFinite(value) && Number.isFinite(array[index]!));
    if (lost >= 0) throw refuse(tensor, `holds ${array[lost]} at index ${lost}, too large for float32; scale it down before saving`);
    return rounded;
  }
  if (tensor.dtype === "BF16") return new Float32Array(Uint32Array.from(array as Uint16Array, (bits) => bits << 16).buffer);
  if (tensor.dtype === "F16") return Float32Array.from(array as Uint16Array, halfToNumber);
  throw refuse(tensor, `has dtype ${tensor.dtype}, whole numbers; real numbers are wanted here (F32, F64, F16 or BF16)`);
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** Whole numbers as int32; refused where one does not fit, and for real numbers. */
export function toInt32(tensor: StoredTensor): Int32Array {
  const array = storedArray(tensor);
  if (array instanceof Int32Array) return array;
  if (array instanceof Float32Array || array instanceof Float64Array || tensor.dtype === "F16" || tensor.dtype === "BF16")
    throw refuse(tensor, `has dtype ${tensor.dtype}, real numbers; whole numbers are wanted here (I64, I32 or smaller)`);
  const numbers = Array.from(array as ArrayLike<number | bigint>, Number);
  const wrong = numbers.findIndex((value) => value !== (value | 0));
  if (wrong >= 0) throw refuse(tensor, `holds ${array[wrong]} at index ${wrong}, outside int32; use -2147483648 to 2147483647`);
  return Int32Array.from(numbers);
}
