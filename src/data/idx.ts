/** Loads image sets in IDX, the format of MNIST and its kin: plain or gzipped, from a URL, a File, memory, or a path in Node. */
import { checkInteger, checkNumber, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import { type Dataset, flattenSamples, type Split } from "./dataset.ts";
import { readSource, type Source, sourceName } from "./source.ts";

export interface IdxSources {
  readonly trainImages: Source;
  readonly trainLabels: Source;
  readonly testImages?: Source;
  readonly testLabels?: Source;
}

export interface IdxOptions {
  /** Default "idx". */
  readonly name?: string;
  /** Labels are 0 to classes − 1; default 10. */
  readonly classes?: number;
  /** What a byte is multiplied by when it is used; default 1/255. */
  readonly scale?: number;
  /** Images as vectors (default), or as [rows, columns]. */
  readonly flatten?: boolean;
  /** Refuses files that hold more than this, decompressed; default 1 GiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export async function idx(sources: IdxSources, options: IdxOptions = {}): Promise<Dataset> {
  checkOptions("data.idx", sources, ["trainImages", "trainLabels", "testImages", "testLabels"]);
  checkOptions("data.idx", options, ["name", "classes", "scale", "flatten", "maxBytes", "signal"]);
  const classes = checkInteger("data.idx", "classes", options.classes ?? 10, 1, 256);
  const scale = checkNumber("data.idx", "scale", options.scale ?? 1 / 255);
  const limits = { maxBytes: checkInteger("data.idx", "maxBytes", options.maxBytes ?? 2 ** 30, 1), signal: options.signal };
  const { trainImages, trainLabels, testImages, testLabels } = sources;
  if ((testImages === undefined) !== (testLabels === undefined))
    throw new FathomError(
      "argument",
      `data.idx: ${testImages === undefined ? "testLabels" : "testImages"} came alone; pass both test files or neither`,
    );

  const train = await readSplit("train", trainImages, trainLabels, classes, scale, limits);
  const test = testImages === undefined ? null : await readSplit("test", testImages, testLabels!, classes, scale, limits);
  if (test && test.sampleShape.join() !== train.sampleShape.join())
    throw new FathomError(
      "file-format",
      `${test.name}: images are ${test.sampleShape.join("×")}, but those of ${train.name} are ${train.sampleShape.join("×")}`,
    );
  const dataset = { name: options.name ?? "idx", sampleShape: train.sampleShape, classes, train: train.split, test: test?.split ?? null };
  return (options.flatten ?? true) ? flattenSamples(dataset) : dataset;
}

interface Limits {
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

async function readSplit(part: string, imageSource: Source, labelSource: Source, classes: number, scale: number, limits: Limits) {
  const images = await readIdx(`${part}Images`, imageSource, "images", limits);
  const labels = await readIdx(`${part}Labels`, labelSource, "labels", limits);
  const [count = 0, ...sampleShape] = images.shape;
  if (count === 0 || sizeOf(sampleShape) === 0)
    throw new FathomError("file-format", `${images.name}: holds ${images.shape.join("×")} images: none at all`);
  if (labels.shape[0] !== count)
    throw new FathomError(
      "file-format",
      `${labels.name}: holds ${labels.shape[0]} labels, but ${images.name} holds ${count} images; are they of one set?`,
    );
  const wrong = labels.data.findIndex((label) => label >= classes);
  if (wrong >= 0)
    throw new FathomError(
      "file-format",
      `${labels.name}: label ${labels.data[wrong]} at index ${wrong} is out of range: ${classes} classes are 0 to ${classes - 1}; pass the right { classes }`,
    );
  const split: Split = { count, x: images.data, xScale: scale, y: Int32Array.from(labels.data), yShape: [] };
  return { name: images.name, split, sampleShape };
}

type Kind = "images" | "labels";
const AXES = { images: ["count", "rows", "columns"], labels: ["count"] } as const satisfies Record<Kind, readonly string[]>;

/** Element types by code; all but bytes are refused by name. */
const TYPES: Readonly<Record<number, string>> = {
  8: "unsigned bytes",
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "float32",
  14: "float64",
};

interface IdxFile {
  readonly name: string;
  readonly shape: number[];
  readonly data: Uint8Array;
}

/**
 * Two zero bytes, the element type, the rank, then each dimension as a big-endian u32, then the elements. The header is judged as soon
 * as it is there and reading stops at the first byte too many, so what a small gzip file can unfold to is bounded.
 */
async function readIdx(label: string, source: Source, kind: Kind, { maxBytes, signal }: Limits): Promise<IdxFile> {
  const name = sourceName(label, source);
  const headerBytes = 4 + 4 * AXES[kind].length;
  const chunks: Uint8Array[] = [];
  let received = 0;
  let shape: number[] | null = null;
  let expected = headerBytes;
  for await (const chunk of readSource(name, source, signal)) {
    chunks.push(chunk);
    received += chunk.length;
    if (!shape && received >= 4) checkMagic(name, gather(chunks, 0, 4), kind);
    if (!shape && received >= headerBytes) {
      shape = readDimensions(gather(chunks, 0, headerBytes));
      expected = headerBytes + sizeOf(shape);
      if (expected > maxBytes)
        throw new FathomError(
          "file-format",
          `${name}: declares ${shape.join("×")} bytes, over the limit of ${maxBytes}; pass a larger { maxBytes } if that is meant`,
        );
    }
    if (shape && received > expected)
      throw new FathomError(
        "file-format",
        `${name}: goes on past the ${expected} bytes that its header (${shape.join("×")}) declares; it is damaged, or not what it says it is`,
      );
  }
  if (!shape || received < expected)
    throw new FathomError(
      "file-format",
      `${name}: is truncated: ${received} bytes, but its ${shape ? `header (${shape.join("×")}) declares` : "header alone has"} ${expected}; download it again`,
    );
  return { name, shape, data: gather(chunks, headerBytes, expected) };
}

function checkMagic(name: string, header: Uint8Array, kind: Kind): void {
  const [zero, alsoZero, type = 0, rank] = header;
  const hex = [...header].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  if (zero !== 0 || alsoZero !== 0)
    throw new FathomError(
      "file-format",
      `${name}: bad magic ${hex}; an IDX file begins with 00 00${zero === 0x3c ? " (this looks like a web page: check the address)" : ""}`,
    );
  if (type !== 8)
    throw new FathomError(
      "file-format",
      `${name}: element type 0x${type.toString(16).padStart(2, "0")} (${TYPES[type] ?? "unknown"}); ${kind} are 0x08 (unsigned bytes)`,
    );
  const axes = AXES[kind];
  if (rank !== axes.length)
    throw new FathomError(
      "file-format",
      `${name}: rank ${rank}; ${kind} have rank ${axes.length} (${axes.join(", ")})${rank === 1 || rank === 3 ? "; are images and labels swapped?" : ""}`,
    );
}

function readDimensions(header: Uint8Array): number[] {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  return Array.from({ length: header.length / 4 - 1 }, (_, axis) => view.getUint32(4 + 4 * axis));
}

/** Bytes `from` to `to` of what some chunks are together. */
function gather(chunks: readonly Uint8Array[], from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  let start = 0;
  for (const chunk of chunks) {
    if (start >= to) break;
    const part = chunk.subarray(Math.max(0, from - start), to - start);
    bytes.set(part, Math.max(0, start - from));
    start += chunk.length;
  }
  return bytes;
}
