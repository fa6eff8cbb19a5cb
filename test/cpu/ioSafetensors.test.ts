import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type StoredType,
  storedArray,
  type TensorToStore,
  toFloat32,
  toInt32,
} from "../../src/io/index.ts";
import { STORED_ARRAYS } from "../../src/io/storedTypes.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";

/** A file from a header as text and bytes of data, by the format's description. */
function fileOf(header: string | Uint8Array, data: ArrayLike<number> = [], length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(Array.from(data), 8 + text.length);
  return bytes;
}

const GOOD = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}';
const DATA = [0, 0, 128, 63, 0, 0, 0, 192, 7];
const entry = (name: string, dtype: string, shape: string, offsets: string) =>
  `"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

describe("decodeSafetensors", () => {
  it("reads a file that was written by hand", () => {
    const { tensors, metadata } = decodeSafetensors(fileOf(GOOD, DATA), "good");
    expect([...tensors.keys()]).toEqual(["a", "b"]);
    expect(metadata).toEqual({});
    expect(tensors.get("a")).toMatchObject({ name: "a", dtype: "F32", shape: [2] });
    expect(toFloat32(tensors.get("a")!)).toEqual(Float32Array.of(1, -2));
    expect(storedArray(tensors.get("b")!)).toEqual(Uint8Array.of(7));
  });

  it("reads bytes that begin anywhere in a buffer, a padded header, tensors in any order, empty ones, and none at all", () => {
    const shifted = new Uint8Array([1, 2, 3, ...fileOf(`${GOOD}   `, DATA)]).subarray(3);
    expect(toFloat32(decodeSafetensors(shifted, "shifted").tensors.get("a")!)).toEqual(Float32Array.of(1, -2));
    const header = `{${entry("late", "U8", "[1]", "[1,2]")},${entry("empty", "F32", "[0,3]", "[1,1]")},${entry("early", "U8", "[1]", "[0,1]")}}`;
    const { tensors } = decodeSafetensors(fileOf(header, [5, 6]), "orders");
    expect([...tensors].map(([name, tensor]) => [name, [...(storedArray(tensor) as Uint8Array)]])).toEqual([
      ["late", [6]],
      ["empty", []],
      ["early", [5]],
    ]);
    expect(decodeSafetensors(fileOf("{}"), "none").tensors.size).toBe(0);
  });

  const MALFORMED: readonly [string, Uint8Array, string][] = [
    ["no bytes", new Uint8Array(0), "is truncated: 0 bytes, but a safetensors file begins with 8 bytes of header length"],
    ["a cut length", new Uint8Array(7), "is truncated: 7 bytes"],
    ["a huge header length", fileOf(GOOD, DATA, 2n ** 63n), "declares a header of 9223372036854775808 bytes, over the limit of 100000000"],
    [
      "a header length past the end",
      fileOf(GOOD, DATA, BigInt(GOOD.length + 10)),
      `is truncated: ${GOOD.length + 17} bytes, but its header alone ends at ${GOOD.length + 18}`,
    ],
    ["a header length of 0", fileOf(GOOD, DATA, 0n), "has a header that does not begin with {"],
    ["a header that is an array", fileOf("[]"), "has a header that does not begin with {"],
    ["a header that is not UTF-8", fileOf(Uint8Array.of(0x7b, 0xff, 0x7d)), "has a header that is not UTF-8"],
    ["a header that is not JSON", fileOf('{"a":}'), "has a header that is not JSON ("],
    ["a cut header", fileOf(GOOD, DATA, BigInt(GOOD.length - 1)), "has a header that is not JSON ("],
    ["a NaN in a shape", fileOf(`{${entry("a", "U8", "[NaN]", "[0,1]")}}`, [1]), "has a header that is not JSON ("],
    [
      "a name twice",
      fileOf(`{${entry("a", "U8", "[1]", "[0,1]")},${entry("\\u0061", "U8", "[1]", "[0,1]")}}`, [1]),
      'has "\\u0061" twice in its header',
    ],
    ["a key twice", fileOf('{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', [1]), 'has "dtype" twice in its header'],
    ["metadata that is no object", fileOf('{"__metadata__":3}'), "metadata is 3; it is an object of strings"],
    ["metadata that is no string", fileOf('{"__metadata__":{"format":1}}'), 'metadata "format" is 1; it has to be a string'],
    ["an entry that is no object", fileOf('{"a":null}'), 'tensor "a" is null in the header; it is { dtype, shape, data_offsets }'],
    ["no dtype", fileOf('{"a":{"shape":[],"data_offsets":[0,0]}}'), 'tensor "a" has dtype undefined; it is a string such as "F32"'],
    ["no shape", fileOf('{"a":{"dtype":"U8","data_offsets":[0,1]}}', [1]), 'tensor "a" has shape undefined'],
    [
      "a negative dimension",
      fileOf(`{${entry("a", "U8", "[-1]", "[0,1]")}}`, [1]),
      'tensor "a" has shape [-1]; it is an array of whole numbers from 0',
    ],
    ["a fractional dimension", fileOf(`{${entry("a", "U8", "[0.5,2]", "[0,1]")}}`, [1]), 'tensor "a" has shape [0.5,2]'],
    ["an infinite dimension", fileOf(`{${entry("a", "U8", "[1e999]", "[0,1]")}}`, [1]), 'tensor "a" has shape [null]'],
    ["a shape that is no array", fileOf(`{${entry("a", "U8", "1", "[0,1]")}}`, [1]), 'tensor "a" has shape 1'],
    ["one offset", fileOf(`{${entry("a", "U8", "[1]", "[1]")}}`, [1]), 'tensor "a" has data_offsets [1]; they are [begin, end]'],
    [
      "a negative offset",
      fileOf(`{${entry("a", "U8", "[1]", "[-1,0]")}}`, [1]),
      'tensor "a" has data_offsets [-1,0]; they are [begin, end]',
    ],
    [
      "offsets in reverse",
      fileOf(`{${entry("a", "U8", "[1]", "[1,0]")}}`, [1]),
      'tensor "a" has data_offsets [1, 0], outside the 1 bytes of data',
    ],
    [
      "offsets past the end",
      fileOf(GOOD, DATA.slice(1)),
      'tensor "b" has data_offsets [8, 9], outside the 8 bytes of data; the file is damaged or truncated',
    ],
    [
      "a size that does not fit the type",
      fileOf(`{${entry("a", "F32", "[1]", "[0,3]")}}`, [1, 2, 3]),
      'tensor "a" is F32[1], 4 bytes, but has data_offsets [0, 3], 3 bytes',
    ],
    [
      "a size past all numbers",
      fileOf(`{${entry("a", "U8", "[9007199254740991,9007199254740991]", "[0,1]")}}`, [1]),
      'tensor "a" is U8[9007199254740991,9007199254740991]',
    ],
    [
      "an overlap",
      fileOf(`{${entry("a", "U8", "[2]", "[0,2]")},${entry("b", "U8", "[2]", "[1,3]")}}`, [1, 2, 3]),
      'tensor "b" begins at byte 1 of the data, inside the one before it, which ends at 2: tensors overlap',
    ],
    [
      "two tensors in one place",
      fileOf(`{${entry("a", "U8", "[1]", "[0,1]")},${entry("b", "U8", "[1]", "[0,1]")}}`, [1]),
      'tensor "b" begins at byte 0 of the data, inside the one before it',
    ],
    [
      "a gap",
      fileOf(`{${entry("a", "U8", "[1]", "[0,1]")},${entry("b", "U8", "[1]", "[2,3]")}}`, [1, 2, 3]),
      'tensor "b" begins at byte 2 of the data, but the one before it ends at 1: there is a gap',
    ],
    [
      "a gap at the start",
      fileOf(`{${entry("a", "U8", "[1]", "[1,2]")}}`, [1, 2]),
      'tensor "a" begins at byte 1 of the data, but the one before it ends at 0',
    ],
    ["trailing bytes", fileOf(GOOD, [...DATA, 0]), "has 1 trailing bytes after its last tensor"],
  ];
  it.each(MALFORMED)("refuses %s", (_, bytes, message) => {
    let error: unknown;
    try {
      decodeSafetensors(bytes, "weights.safetensors");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FathomError);
    expect((error as FathomError).code).toBe("file-format");
    expect((error as FathomError).message.slice(0, 21 + message.length)).toBe(`weights.safetensors: ${message}`);
  });

  it("answers any damage with a FathomError or a file, never with another error", () => {
    const good = encodeSafetensors(
      {
        weight: { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
        steps: { dtype: "I64", shape: [], data: BigInt64Array.of(7n) },
      },
      { format: "pt" },
    );
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(good.length), (changes, cut) => {
        const bytes = good.slice(0, changes.length % 2 ? undefined : cut);
        for (const [offset, value] of changes) if (offset < bytes.length) bytes[offset] = value;
        try {
          decodeSafetensors(bytes, "damaged");
        } catch (error) {
          expect(error).toBeInstanceOf(FathomError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const TYPES = Object.keys(STORED_ARRAYS) as StoredType[];

/** A tensor of any type and shape, its bytes anything. */
const tensor: fc.Arbitrary<TensorToStore> = fc
  .tuple(fc.constantFrom(...TYPES), fc.array(fc.nat(4), { maxLength: 4 }), fc.nat(255))
  .map(([dtype, shape, salt]) => {
    const make = STORED_ARRAYS[dtype];
    const bytes = Uint8Array.from(
      { length: shape.reduce((size, dimension) => size * dimension, make.BYTES_PER_ELEMENT) },
      (_, index) => (index * 31 + salt) % 256,
    );
    return { dtype, shape, data: new make(bytes.buffer) };
  });
const tensors = fc.uniqueArray(
  fc.tuple(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "__proto__", "a.0.weight", "toString")), tensor),
  { selector: ([name]) => name, maxLength: 6 },
);
const bytesOf = ({ data }: TensorToStore) => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];

describe("files that Python wrote", () => {
  const cases = new URL("../oracle/cases/", import.meta.url);
  const paths = readdirSync(cases).flatMap((name) => ["data", "weights", "final"].map((file) => `${name}/${file}.safetensors`));
  it.each(paths)("%s is read as another reader reads it", (path) => {
    const bytes = readFileSync(new URL(path, cases));
    const { tensors: ours } = decodeSafetensors(bytes, path);
    const theirs = readSafetensors(new Uint8Array(bytes));
    expect([...ours.keys()]).toEqual([...theirs.keys()]);
    expect(theirs.size).toBeGreaterThan(0);
    for (const [name, { dtype, shape, data }] of theirs) {
      const read = ours.get(name)!;
      expect([read.dtype, read.shape]).toEqual([dtype, shape]);
      const numbers = Array.from(storedArray(read) as ArrayLike<number | bigint>, Number);
      expect(numbers.length).toBe(data.length);
      expect(numbers.findIndex((value, index) => !Object.is(value, data[index]))).toBe(-1);
    }
  });
});

describe("encodeSafetensors", () => {
  it("writes what it is given, for our reader to read back bit for bit", () => {
    const metadata = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(tensors, metadata, (named, notes) => {
        const bytes = encodeSafetensors(new Map(named), notes);
        const file = decodeSafetensors(bytes, "round trip");
        expect(Object.entries(file.metadata)).toEqual(Object.entries(notes));
        expect(file.tensors.size).toBe(named.length);
        for (const [name, stored] of named) {
          const read = file.tensors.get(name)!;
          expect([read.dtype, read.shape, [...read.bytes]]).toEqual([stored.dtype, stored.shape, bytesOf(stored)]);
          expect(bytesOf({ ...stored, data: storedArray(read) })).toEqual(bytesOf(stored));
          // Aligned to its elements, so that others may map the file.
          expect(read.bytes.byteOffset % stored.data.BYTES_PER_ELEMENT).toBe(0);
        }
      }),
    );
  });

  it("is read alike by another reader", () => {
    const weight = Float32Array.of(1.5, -2, 3, NaN, Infinity, 1e-45);
    const bytes = encodeSafetensors(
      {
        "0.num_batches_tracked": { dtype: "I64", shape: [], data: BigInt64Array.of(-5n) },
        mask: { dtype: "U8", shape: [3], data: Uint8Array.of(1, 0, 255) },
        "0.weight": { dtype: "F32", shape: [2, 3], data: weight },
        labels: { dtype: "I32", shape: [2], data: Int32Array.of(-1, 7) },
      },
      { format: "pt" },
    );
    const read = readSafetensors(bytes);
    expect([...read.keys()]).toEqual(["0.num_batches_tracked", "0.weight", "labels", "mask"]);
    expect(read.get("0.weight")).toEqual({ dtype: "F32", shape: [2, 3], data: weight });
    expect(read.get("0.num_batches_tracked")).toEqual({ dtype: "I64", shape: [], data: Float64Array.of(-5) });
    expect(read.get("mask")!.data).toEqual(Uint8Array.of(1, 0, 255));
    expect(read.get("labels")!.data).toEqual(Int32Array.of(-1, 7));
  });

  it("writes a part of a larger array as that part only", () => {
    const part = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    const { tensors: read } = decodeSafetensors(encodeSafetensors({ part: { dtype: "F32", shape: [2], data: part } }), "part");
    expect(toFloat32(read.get("part")!)).toEqual(Float32Array.of(1, 2));
  });

  it.each<[Record<string, TensorToStore>, Record<string, string>, string]>([
    [
      { a: { dtype: "F32", shape: [3], data: new Float32Array(2) } },
      {},
      'safetensors: tensor "a": shape [3] has 3 elements, but data has 2',
    ],
    [
      { a: { dtype: "F32", shape: [1.5], data: new Float32Array(2) } },
      {},
      'safetensors: tensor "a": shape is [1.5]; dimensions are whole numbers from 0',
    ],
    [
      { a: { dtype: "F32", shape: [2], data: new Float64Array(2) } },
      {},
      'safetensors: tensor "a": data is an object (Float64Array); F32 is stored from a Float32Array',
    ],
    [
      { a: { dtype: "f32" as never, shape: [2], data: new Float32Array(2) } },
      {},
      'safetensors: tensor "a": dtype is "f32"; use one of F64, F32',
    ],
    [
      { __metadata__: { dtype: "U8", shape: [], data: new Uint8Array(1) } },
      {},
      'safetensors: tensor "__metadata__": this name is kept for metadata',
    ],
    [{}, { step: 3 as never }, 'safetensors: metadata "step" is 3; it has to be a string'],
  ])("refuses what does not fit together (%#)", (named, metadata, message) => {
    expect(() => encodeSafetensors(named, metadata)).toThrow(message);
    expect(() => encodeSafetensors(named, metadata)).toThrow(FathomError);
  });
});

describe("reading as numbers", () => {
  const stored = (dtype: StoredType, data: TensorToStore["data"]) =>
    decodeSafetensors(encodeSafetensors({ t: { dtype, shape: [data.length], data } }), "numbers").tensors.get("t")!;

  it("rounds F64, and takes F16 and BF16 exactly", () => {
    expect(toFloat32(stored("F64", Float64Array.of(0.1, -Infinity, NaN)))).toEqual(Float32Array.of(0.1, -Infinity, NaN));
    // Binary16 by its table: 1, −2, largest, smallest normal, smallest subnormal, −0, ∞, a third.
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00, 0x3555, 0xfc01);
    expect(toFloat32(stored("F16", halves))).toEqual(Float32Array.of(1, -2, 65504, 2 ** -14, 2 ** -24, -0, Infinity, 0.333251953125, NaN));
    // bfloat16 is the upper half of a float32.
    const brains = Uint16Array.of(0x3f80, 0xc000, 0x7f7f, 0x0001, 0x8000, 0xff80, 0x7fc0);
    expect(toFloat32(stored("BF16", brains))).toEqual(Float32Array.of(1, -2, 3.3895313892515355e38, 2 ** -133, -0, -Infinity, NaN));
  });

  it("takes whole numbers of any type that fit int32", () => {
    expect(toInt32(stored("I64", BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n)))).toEqual(Int32Array.of(-(2 ** 31), 2 ** 31 - 1));
    expect(toInt32(stored("I32", Int32Array.of(-7)))).toEqual(Int32Array.of(-7));
    expect(toInt32(stored("U64", BigUint64Array.of(3n)))).toEqual(Int32Array.of(3));
    expect(toInt32(stored("I8", Int8Array.of(-3)))).toEqual(Int32Array.of(-3));
    expect(toInt32(stored("BOOL", Uint8Array.of(1, 0)))).toEqual(Int32Array.of(1, 0));
  });

  it.each<[() => unknown, string]>([
    [() => toFloat32(stored("F64", Float64Array.of(1, 1e39))), 'numbers: tensor "t" holds 1e+39 at index 1, too large for float32'],
    [
      () => toFloat32(stored("I64", BigInt64Array.of(1n))),
      'numbers: tensor "t" has dtype I64, whole numbers; real numbers are wanted here',
    ],
    [() => toInt32(stored("F32", Float32Array.of(1))), 'numbers: tensor "t" has dtype F32, real numbers; whole numbers are wanted here'],
    [() => toInt32(stored("F16", Uint16Array.of(1))), 'numbers: tensor "t" has dtype F16, real numbers'],
    [() => toInt32(stored("I64", BigInt64Array.of(0n, 2n ** 31n))), 'numbers: tensor "t" holds 2147483648 at index 1, outside int32'],
    [() => toInt32(stored("U32", Uint32Array.of(2 ** 31))), 'numbers: tensor "t" holds 2147483648 at index 0, outside int32'],
  ])("refuses what would lose its value (%#)", (read, message) => {
    expect(read).toThrow(message);
    expect(read).toThrow(FathomError);
  });

  it("refuses a type it does not know, but only when that tensor is read", () => {
    const header = `{${entry("new", "F8_E4M3", "[2]", "[0,2]")},${entry("old", "U8", "[1]", "[2,3]")}}`;
    const { tensors: read } = decodeSafetensors(fileOf(header, [1, 2, 3]), "future");
    expect(storedArray(read.get("old")!)).toEqual(Uint8Array.of(3));
    expect(() => storedArray(read.get("new")!)).toThrow('future: tensor "new" has dtype "F8_E4M3"; Fathom reads F64, F32, F16');
  });
});
