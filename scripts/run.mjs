/**
 * Runs a TypeScript module of this repository in Node, without a build: `node scripts/run.mjs scripts/browsers.ts ARGS`.
 * Node 20 cannot read TypeScript by itself; Vite, which is here anyway, can. The module exports `main`.
 */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

/** @typedef {{ main: (args: string[]) => number | void | Promise<number | void> }} Program `main` returns the exit code, 0 if nothing. */

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [file, ...args] = process.argv.slice(2);
if (!file) {
  console.error("usage: node scripts/run.mjs MODULE.ts [ARGUMENTS]");
  process.exit(2);
}

// Open until the end, because a module may import another one later. It listens on no port and watches no file.
const vite = await createServer({
  root,
  configFile: false,
  appType: "custom",
  logLevel: "error",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
try {
  const program = /** @type {Program} */ (await vite.ssrLoadModule(resolve(root, file)));
  const code = await program.main(args);
  // Left-over handles, such as a download that was given up, must not keep a finished command alive.
  process.exit(code ?? 0);
} catch (error) {
  // A FathomError is written for its reader; any other is a fault of ours, and its stack helps.
  const isOurs = error instanceof Error && error.name === "FathomError";
  console.error(isOurs ? `fathom: ${error.message}` : error);
  process.exit(1);
}
