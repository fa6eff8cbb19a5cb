/** How much a page loads of each library for the same little program, which is the peer's file of this folder: minified and gzipped. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { type BundledFile, bundle, gzippedSize } from "../../scripts/build/measure.ts";

interface Program {
  readonly text: string;
  /** Modules that it fetches as it starts, by a part of their path. */
  readonly fetches: readonly string[];
  /** What it fetches that is no script. */
  readonly wasm?: string;
}

const TFJS_CORE = ["@tensorflow/tfjs-core/dist/index.js", "@tensorflow/tfjs-core/dist/register_all_gradients.js"];

const PROGRAMS = {
  "fathom-engine": { text: 'export { open, Tensor, grad, valueAndGrad, FathomError } from "/src/index.ts";', fetches: [] },
  fathom: {
    text: 'import { open } from "/src/index.ts"; import { openFathom } from "/bench/peers/fathom.ts"; globalThis.peer = openFathom(open);',
    fetches: ["src/train/trainer.ts"],
  },
  jax: {
    text: 'import { openJax } from "/bench/peers/jax.ts"; globalThis.peer = openJax("webgpu");',
    fetches: ["@jax-js/jax/dist/index.js", "@jax-js/jax/dist/webgpu-"],
  },
  "tfjs-webgpu": {
    text: 'import { openTfjsWebgpu } from "/bench/peers/tfjsWebgpu.ts"; globalThis.peer = openTfjsWebgpu();',
    fetches: [...TFJS_CORE, "@tensorflow/tfjs-backend-webgpu/dist/index.js"],
  },
  "tfjs-wasm": {
    text: 'import { openTfjsWasm } from "/bench/peers/tfjsWasm.ts"; globalThis.peer = openTfjsWasm("variableGrads");',
    fetches: [...TFJS_CORE, "@tensorflow/tfjs-backend-wasm/dist/index.js"],
    wasm: "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
  },
} satisfies Record<string, Program>;

export type BundleName = keyof typeof PROGRAMS;

/** Bytes, gzipped. */
export interface BundleSize {
  readonly script: number;
  readonly wasm: number;
}

export async function bundleSize(name: BundleName): Promise<BundleSize> {
  const { text, fetches, wasm }: Program = PROGRAMS[name];
  const { first, later, fetchedWith } = await bundle(text);
  const modules = [...first, ...later].flatMap((file) => file.modules);
  const files = new Set<BundledFile>(first);
  for (const part of fetches) {
    const module = modules.find((path) => path.includes(part));
    if (module === undefined) throw new Error(`${name}: its bundle has no module ${part}`);
    for (const file of fetchedWith(module)) files.add(file);
  }
  const binary = wasm === undefined ? null : readFileSync(createRequire(import.meta.url).resolve(wasm));
  return { script: gzippedSize([...files]), wasm: binary ? gzipSync(binary, { level: 9 }).length : 0 };
}

export async function bundleSizes(): Promise<Readonly<Record<BundleName, BundleSize>>> {
  const sizes: Partial<Record<BundleName, BundleSize>> = {};
  for (const name of Object.keys(PROGRAMS) as BundleName[]) sizes[name] = await bundleSize(name);
  return sizes as Record<BundleName, BundleSize>;
}
