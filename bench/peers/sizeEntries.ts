/** The sizes of bundles as entries; it is the command that bundles, and a page without it has none. */
import { entryOf } from "../measure.ts";
import type { Entry, Target } from "../schema.ts";
import type { SuiteContext } from "../suite.ts";
import type { BundleName, BundleSize } from "./bundleSizes.ts";
import { fromCommand } from "./fromCommand.ts";

/** Where the command's server has them, from the page. */
export const SIZES_FILE = "bundleSizes.json";

export type BundleSizes = Readonly<Record<BundleName, BundleSize>>;

export const SIZES_GROUP = "what a page loads, gzipped";

const TITLES = {
  "fathom-engine": "Fathom, its engine alone",
  fathom: "Fathom, the program of this suite",
  jax: "jax-js, the same",
  "tfjs-webgpu": "tfjs WebGPU, the same",
  "tfjs-wasm": "tfjs WASM, the same, with its WebAssembly",
} satisfies Record<BundleName, string>;

const TARGETS: Partial<Record<BundleName, Target>> = { "fathom-engine": { relation: "at most", value: 60, adapterClass: "any" } };

/** Asks the command. */
export async function sizeEntries(context: SuiteContext): Promise<Entry[]> {
  const sizes = await fromCommand<BundleSizes>(SIZES_FILE);
  if (sizes) return entriesOf(sizes, context);
  context.leave("sizes of bundles: only npm run bench measures them");
  return [];
}

export function entriesOf(sizes: BundleSizes, context: Pick<SuiteContext, "adapterClass" | "quantum">): Entry[] {
  return (Object.keys(TITLES) as BundleName[]).map((name) => {
    const { script, wasm } = sizes[name];
    const target = TARGETS[name] ?? null;
    const kilobytes = (script + wasm) / 1000;
    const entry = entryOf({ id: `size-${name}`, title: TITLES[name], target }, SIZES_GROUP, [kilobytes], context);
    return { ...entry, unit: "KB", facts: wasm > 0 ? { script: script / 1000, webAssembly: wasm / 1000 } : {} };
  });
}
