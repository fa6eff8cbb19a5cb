/** Loads what a visitor may want later, once there is nothing else to do: the page goes on without a network. */

/** Of quiet after the page is ready, in milliseconds. */
const WAIT = 3000;

const PIECES: readonly (() => Promise<unknown>)[] = [
  () => import("./plots.ts"),
  () => import("./remedies.ts"),
  () => import("./differences.ts"),
  () => import("./loadedText.ts"),
  () => import("./plane.ts"),
  () => import("./histogram.ts"),
  () => import("./readingPanel.ts"),
  () => import("./pinned.ts"),
  () => import("./exports.ts"),
  () => import("./reportFile.ts"),
  () => import("./runFile.ts"),
  () => import("./offer.ts"),
  () => import("./dropped.ts"),
  () => import("./placeInJson.ts"),
];

/** `worker` asks the worker for the same. */
export function fetchAhead(worker: () => void): void {
  setTimeout(async () => {
    worker();
    // What cannot be had now is asked for again when it is wanted.
    for (const load of PIECES) await load().catch(() => {});
  }, WAIT);
}
