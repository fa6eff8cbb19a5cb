/** TensorFlow.js on WebGPU. */
import type { Peer } from "./peer.ts";
import { openTfjs } from "./tfjs.ts";

export function openTfjsWebgpu(): Promise<Peer> {
  return openTfjs("webgpu", "variableGrads", async () => {
    await import("@tensorflow/tfjs-backend-webgpu");
    return {};
  });
}
