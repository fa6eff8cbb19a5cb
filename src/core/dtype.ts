/** Element types: what they are called, and the typed array that holds them. All take four bytes. */

export type DType = "f32" | "i32" | "u32";
export type TypedArray = Float32Array | Int32Array | Uint32Array;

const ARRAYS = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const satisfies Record<DType, unknown>;

/** The typed array of a dtype: from a length, from values, or as a view of a buffer. */
export function typedArray(dtype: DType, source: number | ArrayLike<number>): TypedArray {
  return typeof source === "number" ? new ARRAYS[dtype](source) : new ARRAYS[dtype](source);
}

export function typedArrayView(dtype: DType, buffer: ArrayBuffer, byteOffset = 0, length?: number): TypedArray {
  return new ARRAYS[dtype](buffer, byteOffset, length);
}
