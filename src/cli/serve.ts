/** A small server on this machine alone: the page's files, what the page asks for, and what it hands back. */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FathomError } from "../core/errors.ts";

/** A built page: content by path, such as `index.html` or `assets/main.js`. */
export type PageFiles = ReadonlyMap<string, string | Uint8Array>;

export interface ServeOptions {
  readonly page: PageFiles;
  /** Answers `GET data/NAME`; undefined is a 404. */
  readonly read: (name: string) => Promise<string | Uint8Array | undefined>;
  /** Takes the body of `POST data/NAME`; what it throws becomes a 500. */
  readonly write: (name: string, body: Buffer) => Promise<void>;
}

export interface PageServer {
  /** Of the page; ends in a slash. `data/` lies below it. */
  readonly url: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  wasm: "application/wasm",
  svg: "image/svg+xml",
};
/** A checkpoint of a very large net is still below this. */
const MOST_BODY_BYTES = 2 ** 30;

/** The address has a random part, so that no other page of this machine's browsers can reach it. */
export async function servePage(options: ServeOptions): Promise<PageServer> {
  const root = `/${randomBytes(16).toString("hex")}/`;
  const server = createServer((request, response) => {
    answer(request, response, root, options).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain; charset=utf-8" });
      response.end(error instanceof Error ? error.message : String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new FathomError("io", `no port could be opened on 127.0.0.1: ${cause.message}`, { cause })));
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}${root}`, close };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  root: string,
  { page, read, write }: ServeOptions,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
  const path = pathname.startsWith(root) ? decodeURIComponent(pathname.slice(root.length)) || "index.html" : undefined;
  const name = path?.startsWith("data/") ? path.slice("data/".length) : undefined;
  if (name !== undefined && request.method === "POST") {
    await write(name, await bodyOf(request));
    response.writeHead(204).end();
    return;
  }
  const content = path === undefined ? undefined : name !== undefined ? await read(name) : page.get(path);
  if (content === undefined || request.method !== "GET") {
    response.writeHead(404, { "content-type": "text/plain" }).end("not found");
    return;
  }
  response.writeHead(200, {
    "content-type": TYPES[path!.split(".").at(-1)!] ?? "application/octet-stream",
    "cache-control": "no-store",
    // An isolated page has a clock of microseconds.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  });
  response.end(content);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) throw new FathomError("io", `the page sent more than ${MOST_BODY_BYTES} bytes at once`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
