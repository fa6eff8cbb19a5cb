/** A second, small safetensors reader for tests: it shares nothing with the one that is tested. */

export interface FixtureTensor {
  readonly dtype: "F32" | "F64" | "I32" | "I64" | "U8";
  readonly shape: readonly number[];
  /** Row-major. I64 comes as numbers, exact up to 2⁵³. */
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

interface Entry {
  readonly dtype: FixtureTensor["dtype"];
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export function readSafetensors(bytes: Uint8Array): Map<string, FixtureTensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Record<string, Entry>;
  const tensors = new Map<string, FixtureTensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    // A copy, because the typed arrays want their own alignment.
    const block = bytes.slice(start + data_offsets[0], start + data_offsets[1]);
    tensors.set(name, { dtype, shape, data: ARRAYS[dtype](block.buffer) });
  }
  return tensors;
}

const ARRAYS = {
  F32: (buffer) => new Float32Array(buffer),
  F64: (buffer) => new Float64Array(buffer),
  I32: (buffer) => new Int32Array(buffer),
  I64: (buffer) => Float64Array.from(new BigInt64Array(buffer), Number),
  U8: (buffer) => new Uint8Array(buffer),
} satisfies Record<FixtureTensor["dtype"], (buffer: ArrayBuffer) => FixtureTensor["data"]>;
