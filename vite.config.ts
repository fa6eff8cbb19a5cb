/** What Vite serves and builds: the library, the command line with its page, and the demo. `vite` alone serves the demo. */
import { resolve } from "node:path";
import { defineConfig, type UserConfig } from "vite";
import { commitOf } from "./bench/machine.ts";
import packageJson from "./package.json" with { type: "json" };
import { buildPlugins } from "./scripts/build/plugins.ts";
import { workerPieces } from "./scripts/build/workerPieces.ts";
import { demoPages, demoSite } from "./scripts/demoSite.ts";

const root = import.meta.dirname;
const at = (path: string): string => resolve(root, path);
const dependencies = Object.keys(packageJson.dependencies);
/** The package's dependencies, and what lies within them. */
const isDependency = (id: string): boolean => dependencies.some((name) => id === name || id.startsWith(`${name}/`));

/** Sources that every run of the lab needs, with all that they import: in many small files they are larger together. */
const AT_ONCE =
  /demo.(training|keeper)\.ts|src.(core|ops.lanes|train.(trainer|depthChoice)\.ts|.*(activationLayers|elementUpdate|updateAdam)\.ts)/;

type Target = "library" | "cli" | "page" | "demo" | "bench";

const TARGETS = {
  // Shaders inlined. Dependencies stay imports: a bundler finds them, and their licences stay with them.
  library: {
    plugins: buildPlugins(),
    build: {
      outDir: at("dist"),
      // The other targets live in the same folder.
      emptyOutDir: false,
      target: "es2022",
      // Readable, for stack traces; whoever bundles it makes it small.
      minify: false,
      sourcemap: true,
      lib: { entry: at("src/index.ts"), formats: ["es"] },
      // A file for each module: whoever bundles it can then leave out what an app does not use.
      rolldownOptions: {
        external: isDependency,
        output: { preserveModules: true, preserveModulesRoot: root, entryFileNames: "[name].js" },
      },
    },
  },
  // For Node, so that the command starts without Vite.
  cli: {
    build: {
      ssr: at("src/cli/fathom.ts"),
      outDir: at("dist/cli"),
      emptyOutDir: true,
      target: "node20",
      sourcemap: true,
      rolldownOptions: { external: isDependency, output: { entryFileNames: "fathom.js", banner: "#!/usr/bin/env node" } },
    },
  },
  // What the command line's browser opens; it lies beside the command, so it is built after it.
  page: {
    root: at("src/cli/page"),
    base: "./",
    plugins: buildPlugins(),
    build: { outDir: at("dist/cli/page"), emptyOutDir: true, target: "es2022" },
  },
  // Relative, so that it works from any folder of any server.
  demo: {
    root: at("demo"),
    base: "./",
    plugins: [demoSite(), ...buildPlugins()],
    // Browsers that have WebGPU preload modules of themselves, and the lab loads its pieces ahead.
    build: { outDir: at("dist/demo"), emptyOutDir: true, target: "es2022", modulePreload: false, rolldownOptions: { input: demoPages() } },
    // In pieces, so that the digits come only where they are wanted.
    worker: {
      format: "es",
      plugins: () => [...buildPlugins(), workerPieces()],
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: "core", test: AT_ONCE }] } } },
    },
    // The demo imports ../src, which is outside its root.
    server: { fs: { allow: [root] } },
  },
  // The benchmark for a server: this bundle, Node and a dawn.node are all that it takes.
  bench: {
    build: {
      ssr: at("bench/server.ts"),
      outDir: at("dist/bench"),
      emptyOutDir: true,
      target: "node20",
      rolldownOptions: {
        // Suites that want a browser do not run there.
        external: (id) => /^(?:@tensorflow|@jax-js)\//.test(id),
        output: { entryFileNames: "fathom-bench.mjs", chunkFileNames: "[name].mjs" },
      },
    },
    ssr: { noExternal: true },
  },
} satisfies Record<Target, UserConfig>;

export default defineConfig(({ command, mode }): UserConfig => {
  const define = { FATHOM_COMMIT: JSON.stringify(commitOf(root)), FATHOM_VERSION: JSON.stringify(packageJson.version) };
  if (command === "serve") return { ...TARGETS.demo, define };
  const target = mode === "production" ? "library" : mode;
  if (!Object.hasOwn(TARGETS, target)) throw new Error(`vite build --mode ${mode}: the modes are ${Object.keys(TARGETS).join(", ")}`);
  // Vite takes any mode but its own for development.
  return { ...TARGETS[target as Target], define: { ...define, "process.env.NODE_ENV": '"production"' } };
});
