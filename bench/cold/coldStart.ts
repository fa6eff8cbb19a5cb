/**
 * One start of a library, and how long each part of it takes: its modules, its device, its first step. Imports little itself, so that all that a
 * library loads is counted.
 */
import type { Peer, Reading } from "../peers/peer.ts";
import type { NetSize } from "../peers/problems.ts";

/** In milliseconds. */
export interface ColdStart {
  /** Until the library's modules are loaded. */
  readonly modules: number;
  /** From then until its device is at hand. */
  readonly device: number;
  /** From a device and a problem in memory until the loss of the first step is read: building the net, its weights and batches, compiling, the step. */
  readonly firstStep: number;
  /** Of that step. */
  readonly reading: Reading;
}

/** `load` imports the library. What it had compiled before, it may still have: a fresh process has nothing. */
export async function coldStart(load: () => Promise<Peer>, size: NetSize): Promise<ColdStart> {
  const begun = performance.now();
  const peer = await load();
  const loaded = performance.now();
  await peer.start();
  const started = performance.now();
  // Only now, for it loads modules that are Fathom's.
  const { digitsNet } = await import("../peers/problems.ts");
  const problem = await digitsNet(size);
  const ready = performance.now();
  const training = await peer.train(problem);
  try {
    const [reading] = await training.run(1, 1);
    const firstStep = performance.now() - ready;
    return { modules: loaded - begun, device: started - loaded, firstStep, reading: reading! };
  } finally {
    training.dispose();
  }
}
