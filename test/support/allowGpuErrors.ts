/** For a gpu test that provokes an error on purpose: what gpuGuard.ts shall let pass. */

declare global {
  /** Setup files and tests get copies of a module, so what they share lies here. */
  var allowedGpuErrors: RegExp | undefined;
}

/** Until the end of this test, GPU errors whose text matches are expected. */
export function allowGpuErrors(pattern: RegExp): void {
  globalThis.allowedGpuErrors = pattern;
}
