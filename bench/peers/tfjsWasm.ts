/**
 * TensorFlow.js on WebAssembly, which is what a user without a GPU would pick; with threads where the page is isolated and there are cores enough.
 * Not on the demo's built page: its workers run the text of a function, whose names from outside are others once a page is minified.
 */

import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threadedSimd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import type { Peer } from "./peer.ts";
import { openTfjs, type Tf, type TfjsGradients } from "./tfjs.ts";

export function openTfjsWasm(gradients: TfjsGradients): Promise<Peer> {
  return openTfjs("wasm", gradients, (tf) => (started ??= start(tf)));
}

/** Once for the page: a second call could not set the paths any more. */
let started: Promise<Peer["facts"]> | null = null;

async function start(tf: Tf): Promise<Peer["facts"]> {
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths({
    "tfjs-backend-wasm.wasm": plain,
    "tfjs-backend-wasm-simd.wasm": simd,
    "tfjs-backend-wasm-threaded-simd.wasm": threadedSimd,
  });
  if (import.meta.env.MODE === "demo") tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  // It takes no more than half of them.
  wasm.setThreadsCount(navigator.hardwareConcurrency);
  if (!(await tf.setBackend("wasm"))) throw new Error("TensorFlow.js: its backend wasm did not start");
  const hasThreads = await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT");
  const hasSimd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return { build: hasSimd ? (hasThreads ? "threads and SIMD" : "SIMD") : "plain", threads: wasm.getThreadsCount() };
}
