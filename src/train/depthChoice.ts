/** When depth fusion wins, by measurement, and how many layers may be walked before a watchdog would take a dispatch for hung. */
import type { Runtime } from "./runtime.ts";

export interface StackSize {
  readonly adapterClass: Runtime["adapter"]["class"];
  readonly width: number;
  readonly rows: number;
  /** Linear layers in all. */
  readonly layers: number;
}

/** Where fused steps were measured to be enough faster than steps layer by layer to make up for a second more of compiling: docs/decisions.md. */
export function wins({ adapterClass, width, rows, layers }: StackSize): boolean {
  return adapterClass === "software" && width <= 32 && rows <= 32 && layers >= 49;
}

/** Milliseconds that a dispatch may take: watchdogs take longer ones for hung. */
const MOST_MILLISECONDS = 100;

/** Only by time, see ops/stack/limits.ts for what else bounds a dispatch; by an estimate of 1 GFLOP/s for software, which was measured to reach 1.2 to 5, and of 50 for hardware, which was not measured. */
export function layersPerDispatch({ adapterClass, width, rows }: StackSize): number {
  const operations = 2 * rows * width * width;
  const milliseconds = 0.02 + operations / (adapterClass === "software" ? 1e6 : 5e7);
  return Math.max(1, Math.floor(MOST_MILLISECONDS / milliseconds));
}
