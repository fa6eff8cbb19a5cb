/** How large what a page loads of Fathom is: bundled by Vite as an app would, minified, each file gzipped by itself. */
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "vite";
import { buildPlugins } from "./plugins.ts";

const root = resolve(import.meta.dirname, "../..");
const ENTRY = "\0measured";

/** One file of a bundle. */
export interface BundledFile {
  readonly name: string;
  /** Paths of its modules, from the repository's root. */
  readonly modules: readonly string[];
  readonly bytes: number;
  readonly gzipped: number;
}

export interface Bundle {
  /** What the entry loads by itself. */
  readonly first: readonly BundledFile[];
  /** What is fetched when it is asked for. */
  readonly later: readonly BundledFile[];
  /** What fetching one of the modules of `later` brings, without what is there already. */
  fetchedWith(module: string): readonly BundledFile[];
}

interface Chunk {
  readonly type: string;
  readonly fileName: string;
  readonly code: string;
  readonly isEntry: boolean;
  readonly imports: readonly string[];
  readonly modules: Readonly<Record<string, unknown>>;
}

/** The text of an entry, as a module; Vite's own helper that preloads chunks is no part of Fathom. */
const entry = (text: string): Plugin => ({
  name: "measured-entry",
  enforce: "pre",
  resolveId: (id) => (id === ENTRY ? ENTRY : null),
  load(id) {
    if (id === ENTRY) return text;
    return id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : null;
  },
});

const pathOf = (id: string): string =>
  id
    .replaceAll("\\", "/")
    .replace(`${root}/`, "")
    .replace(/\?raw$/, "");

/** Bundles `text`, the source of an app's module, which imports from "/src/index.ts". */
export async function bundle(text: string): Promise<Bundle> {
  const result = await build({
    configFile: false,
    root,
    logLevel: "error",
    plugins: [entry(text), ...buildPlugins()],
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: { input: ENTRY, preserveEntrySignatures: "exports-only", output: { format: "es" } },
    },
  });
  const { output } = (Array.isArray(result) ? result[0] : result) as unknown as { output: readonly Chunk[] };
  const chunks = new Map(output.filter(({ type }) => type === "chunk").map((chunk) => [chunk.fileName, chunk]));
  const files = new Map(
    [...chunks.values()].map(({ fileName, code, modules }): [string, BundledFile] => [
      fileName,
      {
        name: fileName,
        modules: Object.keys(modules).map(pathOf),
        bytes: Buffer.byteLength(code),
        gzipped: gzipSync(code, { level: 9 }).length,
      },
    ]),
  );
  const closure = (start: string): Set<string> => {
    const seen = new Set([start]);
    for (const name of seen) for (const imported of chunks.get(name)!.imports) seen.add(imported);
    return seen;
  };
  const first = closure([...chunks.values()].find(({ isEntry }) => isEntry)!.fileName);
  const listed = (names: Iterable<string>): BundledFile[] => [...names].map((name) => files.get(name)!);
  return {
    first: listed(first),
    later: listed([...files.keys()].filter((name) => !first.has(name))),
    fetchedWith(module) {
      const found = [...files.values()].find(({ modules }) => modules.includes(module));
      if (!found) throw new Error(`the bundle does not contain ${module}`);
      return listed([...closure(found.name)].filter((name) => !first.has(name)));
    },
  };
}

export const gzippedSize = (files: readonly BundledFile[]): number => files.reduce((sum, { gzipped }) => sum + gzipped, 0);

/** The digits are a demonstration's data. */
export const isDigits = ({ modules }: BundledFile): boolean => modules.includes("src/data/digits.embedded.ts");
