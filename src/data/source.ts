/** Bytes from wherever the user has them (URL, File, memory, a path in Node), unzipped if gzipped, in chunks that can be stopped early. */
import { show } from "../core/check.ts";
import { FathomError, throwIfAborted } from "../core/errors.ts";

/** A URL (in Node also a path), a File or Blob, or the bytes themselves. */
export type Source = string | URL | Blob | ArrayBuffer | Uint8Array;

type Bytes = Uint8Array<ArrayBuffer>;

/** How errors call a source: `trainImages "train-images.gz"`. */
export function sourceName(label: string, source: Source): string {
  if (typeof source === "string" || source instanceof URL) return `${label} ${JSON.stringify(String(source))}`;
  if (typeof File !== "undefined" && source instanceof File) return `${label} ${JSON.stringify(source.name)}`;
  return label;
}

/** The decompressed content, chunk by chunk. Leaving the loop early stops the download. */
export async function* readSource(name: string, source: Source, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  throwIfAborted(signal, name);
  const raw = (await openStream(name, source, signal)).getReader();
  const stream = new ReadableStream<Bytes>({
    async pull(controller) {
      try {
        const { done, value } = await raw.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (cause) {
        // Passes through the decompression, and is what the reader at its end meets.
        controller.error(cause instanceof FathomError ? cause : asIoError(name, cause, "try again", signal));
      }
    },
    cancel: (reason) => raw.cancel(reason),
  });
  const { zipped, replayed } = await sniffGzip(stream);
  const reader = (zipped ? replayed.pipeThrough(new DecompressionStream("gzip")) : replayed).getReader();
  try {
    for (;;) {
      throwIfAborted(signal, name);
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    if (cause instanceof FathomError) throw cause;
    throw new FathomError("file-format", `${name}: its gzip data is corrupt or cut short; download or compress the file again`, { cause });
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Looks at the first two bytes, and hands on a stream that still has them. */
async function sniffGzip(stream: ReadableStream<Bytes>): Promise<{ zipped: boolean; replayed: ReadableStream<Bytes> }> {
  const reader = stream.getReader();
  const held: Bytes[] = [];
  let first: number[] = [];
  while (first.length < 2) {
    const { done, value } = await reader.read();
    if (done) break;
    held.push(value);
    first = [...first, ...value.subarray(0, 2)];
  }
  const replayed = new ReadableStream<Bytes>({
    async pull(controller) {
      const chunk = held.shift() ?? (await reader.read()).value;
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { zipped: first[0] === 0x1f && first[1] === 0x8b, replayed };
}

async function openStream(name: string, source: Source, signal?: AbortSignal): Promise<ReadableStream<Bytes>> {
  if (source instanceof Blob) return source.stream() as ReadableStream<Bytes>;
  if (source instanceof ArrayBuffer) return new Blob([source]).stream() as ReadableStream<Bytes>;
  if (source instanceof Uint8Array) return new Blob([source as Bytes]).stream() as ReadableStream<Bytes>;
  if (typeof source !== "string" && !(source instanceof URL))
    throw new FathomError(
      "argument",
      `${name}: the source is ${show(source)}; pass a URL, a File or Blob, an ArrayBuffer or Uint8Array, or in Node a path`,
    );
  const address = String(source);
  if (runsInNode() && (address.startsWith("file:") || !/^[a-z][a-z0-9+.-]+:/i.test(address))) return openFile(name, source);
  const response = await fetch(address, signal ? { signal } : {}).catch((cause: unknown) => {
    throw asIoError(name, cause, "check the address, and that its site allows CORS", signal);
  });
  if (!response.ok || !response.body) {
    const status = `${response.status} ${response.statusText}`.trimEnd();
    throw new FathomError("io", `${name}: the server answered ${status}; check the address`);
  }
  return response.body as ReadableStream<Bytes>;
}

function runsInNode(): boolean {
  return typeof document === "undefined" && typeof process === "object" && typeof process.versions?.node === "string";
}

const FILE_CHUNK = 1 << 16;

async function openFile(name: string, path: string | URL): Promise<ReadableStream<Bytes>> {
  // Named by a variable, so that a bundler for browsers leaves the import alone.
  const moduleName = "node:fs/promises";
  const unreadable = (cause: unknown) => asIoError(name, cause, "check that the file exists and may be read");
  const { open } = (await import(/* @vite-ignore */ moduleName)) as typeof import("node:fs/promises");
  const file = await open(typeof path === "string" && path.startsWith("file:") ? new URL(path) : path).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  return new ReadableStream<Bytes>({
    async pull(controller) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(FILE_CHUNK), 0, FILE_CHUNK).catch(async (cause: unknown) => {
        await file.close();
        throw unreadable(cause);
      });
      if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead));
      else {
        await file.close();
        controller.close();
      }
    },
    cancel: () => file.close(),
  });
}

function asIoError(name: string, cause: unknown, remedy: string, signal?: AbortSignal): FathomError {
  if (signal?.aborted) return new FathomError("aborted", `${name}: stopped, because its signal was aborted`, { cause });
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FathomError("io", `${name}: could not be read (${reason}); ${remedy}`, { cause });
}
