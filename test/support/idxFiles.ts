/** IDX files good and bad, built from the format's description, for tests in Node and in browsers alike. */

/** Two zero bytes, type, rank, big-endian dimensions, elements. */
export function idxBytes(
  shape: readonly number[],
  elements: ArrayLike<number>,
  magic: readonly number[] = [0, 0, 8, shape.length],
): Uint8Array<ArrayBuffer> {
  const dimensions = shape.flatMap((dimension) => [dimension >>> 24, (dimension >>> 16) & 255, (dimension >>> 8) & 255, dimension & 255]);
  const bytes = new Uint8Array(4 + dimensions.length + elements.length);
  bytes.set(magic);
  bytes.set(dimensions, 4);
  bytes.set(Array.from(elements), 4 + dimensions.length);
  return bytes;
}

export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
}

/** Three images of 2 × 2 and their labels. */
export const PIXELS = [0, 1, 2, 3, 10, 20, 30, 40, 252, 253, 254, 255];
export const images = () => idxBytes([3, 2, 2], PIXELS);
export const labels = () => idxBytes([3], [9, 0, 4]);

const changed = (bytes: Uint8Array<ArrayBuffer>, offset: number, value: number) => {
  const copy = bytes.slice();
  copy[offset < 0 ? copy.length + offset : offset] = value;
  return copy;
};
const joined = (...parts: Uint8Array<ArrayBuffer>[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

type Bytes = Uint8Array<ArrayBuffer>;
export interface Malformed {
  readonly what: string;
  readonly images?: () => Bytes | Promise<Bytes>;
  readonly labels?: () => Bytes | Promise<Bytes>;
  readonly message: string;
}

/** Each with what the error says, after the name of the file. */
export const MALFORMED: readonly Malformed[] = [
  {
    what: "bad magic",
    images: () => changed(images(), 1, 7),
    message: "trainImages: bad magic 00 07 08 03; an IDX file begins with 00 00",
  },
  { what: "half of gzip's magic", images: () => Uint8Array.of(0x1f, 0, 8, 3), message: "trainImages: bad magic 1f 00 08 03" },
  {
    what: "a web page",
    images: () => new TextEncoder().encode("<!doctype html>"),
    message: "trainImages: bad magic 3c 21 64 6f; an IDX file begins with 00 00 (this looks like a web page: check the address)",
  },
  {
    what: "float elements",
    images: () => changed(images(), 2, 13),
    message: "trainImages: element type 0x0d (float32); images are 0x08 (unsigned bytes)",
  },
  {
    what: "an unknown element type",
    labels: () => changed(labels(), 2, 0x42),
    message: "trainLabels: element type 0x42 (unknown); labels are 0x08 (unsigned bytes)",
  },
  {
    what: "swapped files",
    images: labels,
    labels: images,
    message: "trainImages: rank 1; images have rank 3 (count, rows, columns); are images and labels swapped?",
  },
  {
    what: "images of rank 4",
    images: () => idxBytes([3, 1, 2, 2], PIXELS),
    message: "trainImages: rank 4; images have rank 3 (count, rows, columns)",
  },
  { what: "labels of rank 2", labels: () => idxBytes([3, 1], [9, 0, 4]), message: "trainLabels: rank 2; labels have rank 1 (count)" },
  { what: "an empty file", images: () => new Uint8Array(0), message: "trainImages: is truncated: 0 bytes, but its header alone has 16" },
  { what: "one byte", images: () => new Uint8Array(1), message: "trainImages: is truncated: 1 bytes, but its header alone has 16" },
  {
    what: "a cut header",
    images: () => images().slice(0, 15),
    message: "trainImages: is truncated: 15 bytes, but its header alone has 16",
  },
  {
    what: "cut pixels",
    images: () => images().slice(0, -1),
    message: "trainImages: is truncated: 27 bytes, but its header (3×2×2) declares 28",
  },
  {
    what: "cut labels",
    labels: () => labels().slice(0, -1),
    message: "trainLabels: is truncated: 10 bytes, but its header (3) declares 11",
  },
  {
    what: "trailing bytes",
    images: () => joined(images(), new Uint8Array(1)),
    message: "trainImages: goes on past the 28 bytes that its header (3×2×2) declares",
  },
  {
    what: "trailing bytes, gzipped",
    images: async () => gzip(joined(images(), new Uint8Array(1))),
    message: "trainImages: goes on past the 28 bytes that its header (3×2×2) declares",
  },
  {
    what: "more labels than images",
    labels: () => idxBytes([4], [1, 2, 3, 4]),
    message: "trainLabels: holds 4 labels, but trainImages holds 3 images",
  },
  {
    what: "a label out of range",
    labels: () => idxBytes([3], [9, 10, 4]),
    message: "trainLabels: label 10 at index 1 is out of range: 10 classes are 0 to 9; pass the right { classes }",
  },
  {
    what: "no images",
    images: () => idxBytes([0, 2, 2], []),
    labels: () => idxBytes([0], []),
    message: "trainImages: holds 0×2×2 images: none at all",
  },
  { what: "images of no pixels", images: () => idxBytes([3, 0, 2], []), message: "trainImages: holds 3×0×2 images: none at all" },
  {
    what: "a header past the limit",
    images: () => idxBytes([0xffffffff, 0xffffffff, 0xffffffff], PIXELS),
    message:
      "trainImages: declares 4294967295×4294967295×4294967295 bytes, over the limit of 1073741824; pass a larger { maxBytes } if that is meant",
  },
  {
    what: "gzip cut in its data",
    images: async () => (await gzip(images())).slice(0, 20),
    message: "trainImages: its gzip data is corrupt or cut short",
  },
  {
    what: "gzip cut in its checksum",
    images: async () => (await gzip(images())).slice(0, -3),
    message: "trainImages: its gzip data is corrupt or cut short",
  },
  {
    what: "gzip with a wrong checksum",
    images: async () => {
      const file = await gzip(images());
      return changed(file, -8, file.at(-8)! ^ 1);
    },
    message: "trainImages: its gzip data is corrupt or cut short",
  },
  {
    what: "gzip with wrong data",
    labels: async () => {
      const file = await gzip(labels());
      return changed(file, 10, 0xff);
    },
    message: "trainLabels: its gzip data is corrupt or cut short",
  },
  {
    what: "gzip of nothing but its magic",
    images: () => Uint8Array.of(0x1f, 0x8b),
    message: "trainImages: its gzip data is corrupt or cut short",
  },
];
