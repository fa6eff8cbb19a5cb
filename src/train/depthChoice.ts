/** When depth fusion wins, by measurement, and how many layers may be walked before a watchdog would take a dispatch for hung. */
import type { Runtime } from "./runtime.ts";

export interface StackSize {
  readonly adapterClass: Runtime["adapter"]["class"];
  readonly width: number;
  readonly rows: number;
  /** Linear layers in all. */
  readonly layers: number;
}

/** Where fused steps were measured to be faster than steps layer by layer. */
export function wins({ adapterClass, width, rows, layers }: StackSize): boolean {
  return adapterClass === "software" && width <= 32 && rows <= 32 && layers >= 50;
}

/** Milliseconds that a dispatch may take. */
const MOST_MILLISECONDS = 100;

export function layersPerDispatch({ adapterClass, width, rows }: StackSize): number {
  const operations = 2 * rows * width * width;
  const milliseconds = adapterClass === "software" ? 0.02 + operations / 1e6 : 0.02 + operations / 5e7;
  return Math.max(1, Math.floor(MOST_MILLISECONDS / milliseconds));
}
