/** The names in a safetensors file, without its numbers: what it is has to be known before it is read by the library. */
import { FathomError } from "../src/index.ts";

export function safetensorsHead(
  bytes: Uint8Array,
  fileName: string,
): {
  readonly names: readonly string[];
  readonly format: string | undefined;
  readonly facts: string | undefined;
  readonly shapes: Readonly<Record<string, string>>;
} {
  const refuse = (why: string): FathomError => new FathomError("file-format", `${fileName}: ${why}`);
  if (bytes.length < 8) throw refuse(`is cut short: ${bytes.length} bytes, and the length of its header alone takes 8`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (8 + length > bytes.length)
    throw refuse(
      `is cut short, or no safetensors file: it has ${bytes.length} bytes, and bytes 0 to 7 say that its header ends at ${8 + length}`,
    );
  let header: Record<string, { shape?: unknown; format?: string; facts?: string }>;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as typeof header;
  } catch (error) {
    throw refuse(`its header, bytes 8 to ${8 + length - 1}, is not JSON (${(error as Error).message}); it is no safetensors file`);
  }
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  return {
    names,
    format: header["__metadata__"]?.format,
    facts: header["__metadata__"]?.facts,
    shapes: Object.fromEntries(names.map((name) => [name, String(header[name]?.shape)])),
  };
}
