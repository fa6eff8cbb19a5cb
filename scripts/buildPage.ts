/** Builds a page of this repository into memory, so that a command can serve it from a fresh clone. */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { PageFiles } from "../src/cli/serve.ts";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/** `folder` holds an index.html; the map has its built files by path. */
export async function buildPage(folder: string): Promise<PageFiles> {
  const root = resolve(repository, folder);
  const result = await build({
    root,
    configFile: false,
    base: "./",
    logLevel: "error",
    build: { write: false, target: "es2022", minify: false, modulePreload: { polyfill: false } },
  });
  if (!Array.isArray(result) && !("output" in result)) throw new Error(`${join(folder, "index.html")}: the build went on watching`);
  const outputs = Array.isArray(result) ? result : [result];
  return new Map(
    outputs.flatMap(({ output }) => output).map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source] as const),
  );
}
