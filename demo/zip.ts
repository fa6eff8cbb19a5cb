/** Files in one: a ZIP that is not compressed is written, and stored and deflated ones are read (PKWARE's APPNOTE 4.3). Pure, but for the browser's inflater. */
import { FathomError } from "../src/index.ts";

/** Parts are joined only by whoever keeps them. */
export interface ZipEntry {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
}

const LOCAL = { magic: 0x04034b50, size: 30 };
const CENTRAL = { magic: 0x02014b50, size: 46 };
const END = { magic: 0x06054b50, size: 22 };
const VERSION = 20;
const UTF8 = 1 << 11;
const STORED = 0;
const DEFLATED = 8;
/** 1 January 1980, the format's first day: a file's date would make each download another one. */
const DATE = (1 << 5) | 1;
const MOST_COMMENT = 0xffff;
const MOST_ENTRIES = 100;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});

function crcOf(parts: readonly Uint8Array[]): number {
  let remainder = 0xffffffff;
  for (const part of parts) for (const byte of part) remainder = TABLE[(remainder ^ byte) & 0xff]! ^ (remainder >>> 8);
  return (remainder ^ 0xffffffff) >>> 0;
}

/** Little-endian numbers of two bytes or four, one after another. */
function record(fields: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

export function zipOf(entries: readonly ZipEntry[]): Uint8Array[] {
  const written: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  const write = (...parts: readonly Uint8Array[]): void => {
    written.push(...parts);
    for (const { length } of parts) at += length;
  };
  for (const { name, parts } of entries) {
    const bytes = new TextEncoder().encode(name);
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    // What both headers have.
    const common = [
      [2, VERSION],
      [2, UTF8],
      [2, STORED],
      [2, 0],
      [2, DATE],
      [4, crcOf(parts)],
      [4, size],
      [4, size],
      [2, bytes.length],
      [2, 0],
    ] as const;
    central.push(record([[4, CENTRAL.magic], [2, VERSION], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]), bytes);
    write(record([[4, LOCAL.magic], ...common]), bytes, ...parts);
  }
  const begin = at;
  write(...central);
  const count = entries.length;
  write(
    record([
      [4, END.magic],
      [2, 0],
      [2, 0],
      [2, count],
      [2, count],
      [4, at - begin],
      [4, begin],
      [2, 0],
    ]),
  );
  return written;
}

/** Files in folders are called by their last name. Throws a FathomError (file-format) that names the byte. */
export async function unzip(bytes: Uint8Array, fileName: string, mostBytes: number): Promise<File[]> {
  const refuse = (why: string): FathomError => new FathomError("file-format", `${fileName}: ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isAt = (offset: number, { magic, size }: typeof LOCAL): boolean =>
    offset >= 0 && offset + size <= bytes.length && view.getUint32(offset, true) === magic;
  let end = bytes.length - END.size;
  while (end >= Math.max(0, bytes.length - END.size - MOST_COMMENT) && !isAt(end, END)) end--;
  if (!isAt(end, END)) throw refuse(`is no ZIP file, or is cut short: its ${bytes.length} bytes do not end with a directory`);
  const count = view.getUint16(end + 10, true);
  if (count > MOST_ENTRIES) throw refuse(`holds ${count} files; the lab takes at most ${MOST_ENTRIES}`);
  const files: File[] = [];
  let total = 0;
  let at = view.getUint32(end + 16, true);
  for (let entry = 0; entry < count; entry++) {
    if (!isAt(at, CENTRAL)) throw refuse(`byte ${at}: an entry of the directory should begin here`);
    const method = view.getUint16(at + 10, true);
    const crc = view.getUint32(at + 16, true);
    const [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const [nameLength, extra, comment] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)];
    const local = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(at + CENTRAL.size, at + CENTRAL.size + nameLength));
    at += CENTRAL.size + nameLength + extra + comment;
    if (name.endsWith("/") || name.startsWith("__MACOSX/")) continue;
    total += size;
    if (total > mostBytes) throw refuse(`unpacks to more than ${mostBytes} bytes, which is more than the lab takes`);
    if (!isAt(local, LOCAL)) throw refuse(`byte ${local}: the file ${name} should begin here`);
    const begin = local + LOCAL.size + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (begin + packed > bytes.length) throw refuse(`the file ${name} ends at byte ${begin + packed}, and there are ${bytes.length}`);
    const content = bytes.subarray(begin, begin + packed);
    if (method !== STORED && method !== DEFLATED)
      throw refuse(`${name} is compressed by method ${method}; the lab reads 0 and 8 (deflate)`);
    const whole = method === STORED ? content : await inflate(content).catch(() => new Uint8Array(0));
    if (whole.length !== size || crcOf([whole]) !== crc)
      throw refuse(`${name}, from byte ${begin}, is damaged: its check sum or its length is another`);
    files.push(new File([whole as Uint8Array<ArrayBuffer>], name.split("/").at(-1)!));
  }
  return files;
}

const inflate = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(
    await new Response(
      new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate-raw")),
    ).arrayBuffer(),
  );
