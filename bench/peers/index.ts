/** Who is measured, in this order: the slowest come last, so that they get what time is left. Each is loaded when it is first asked for. */
import type { Engine } from "../../src/index.ts";
import type { OpenPeer, Peer } from "./peer.ts";

export const PEER_NAMES = ["fathom", "tfjs-wasm-by-hand", "tfjs-wasm", "jax-wasm", "jax", "tfjs-webgpu"] as const;

export type PeerName = (typeof PEER_NAMES)[number];

export const PEER_TITLES = {
  fathom: "Fathom",
  "tfjs-wasm-by-hand": "tfjs WASM, gradients by hand",
  "tfjs-wasm": "tfjs WASM",
  "jax-wasm": "jax-js WASM",
  jax: "jax-js",
  "tfjs-webgpu": "tfjs WebGPU",
} satisfies Record<PeerName, string>;

/** Opens each peer once, however often it is asked for. */
export function peersOf(open: () => Promise<Engine>): (name: PeerName) => Promise<Peer> {
  const openers = {
    fathom: async () => (await import("./fathom.ts")).openFathom(open),
    "tfjs-wasm-by-hand": async () => (await import("./tfjsWasm.ts")).openTfjsWasm("by hand"),
    "tfjs-wasm": async () => (await import("./tfjsWasm.ts")).openTfjsWasm("variableGrads"),
    "jax-wasm": async () => (await import("./jax.ts")).openJax("wasm"),
    jax: async () => (await import("./jax.ts")).openJax("webgpu"),
    "tfjs-webgpu": async () => (await import("./tfjsWebgpu.ts")).openTfjsWebgpu(),
  } satisfies Record<PeerName, OpenPeer>;
  const opened = new Map<PeerName, Promise<Peer>>();
  return (name) => {
    const peer = opened.get(name) ?? openers[name]();
    opened.set(name, peer);
    return peer;
  };
}
